// Which pipe has which routing id: the addressing of ROUTER, REP and STREAM.
//
// Holds one Peer per pipe (Pipe::pattern_data points to it) and finds peers by id. Automatic ids are 5 bytes: 00 and a big-endian counter
// that starts at random. Whether a duplicate is refused or takes the id over is for the pattern to decide.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "message/msg.hpp"
#include "pattern/pipe.hpp"

namespace engine {

struct Peer
{
    explicit Peer (Pipe &peer_pipe) noexcept : pipe (peer_pipe) {}

    std::string_view id () const noexcept { return id_frame.view (); }

    Pipe &pipe;
    Msg id_frame;            // as the application shall receive it, MORE set; empty until the id is known
    bool named = false;      // in the table
    bool automatic = false;  // with an id that we made up
    bool assigned = false;   // with an id that the application chose (CONNECT_ROUTING_ID)
    bool ignored = false;    // its id was taken
    bool heard = false;      // something of it was received: the id is known to the application

  private:
    friend class RoutingTable;
    Peer *previous_ = nullptr;
    Peer *next_ = nullptr;
};

class RoutingTable
{
  public:
    explicit RoutingTable (std::uint32_t first_automatic_id) noexcept : next_id_ (first_automatic_id) {}

    RoutingTable (const RoutingTable &) = delete;
    RoutingTable &operator= (const RoutingTable &) = delete;
    ~RoutingTable ();

    static Peer *peer_of (const Pipe &pipe) noexcept { return static_cast<Peer *> (pipe.pattern_data); }

    // Makes the nameless peer of a pipe. Throws std::bad_alloc.
    Peer &add (Pipe &pipe);
    // Frees the peer of a pipe.
    void remove (Pipe &pipe) noexcept;

    // Gives a nameless peer an id that is not in use. Throws std::bad_alloc, nothing changed.
    void name (Peer &peer, std::string_view id);
    void name_automatically (Peer &peer);
    // Sets a peer's id free for others. The peer keeps its id frame, for messages of it that are still to be received.
    void unname (Peer &peer) noexcept;

    // Null if nobody has this id.
    Peer *find (std::string_view id) noexcept
    {
        // Answers go to whom was heard or answered last, mostly.
        if (recent_ && recent_->id () == id)
            return recent_;
        return find_slowly (id);
    }
    void set_recent (Peer &peer) noexcept
    {
        if (peer.named) [[likely]]
            recent_ = &peer;
    }

  private:
    Peer *find_slowly (std::string_view id) noexcept;

    std::unordered_map<std::string_view, Peer *> peers_;  // keys are bytes of Peer::id_frame
    Peer *recent_ = nullptr;                              // a named peer
    Peer *all_ = nullptr;                                 // list of all, named or not
    std::uint32_t next_id_;
};

}  // namespace engine
