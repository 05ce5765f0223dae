// The half of a socket that streams, connectors, listeners and the reactor know: what they work on, and what they tell it. The other half
// (patterns, inproc, endpoints' names, monitors) is core's.
//
// What is asked for each message is data here, not a function: of all that runs for a message only leave() is virtual. Every function wants
// the strand held, and none blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <zmq_ext.h>

#include "base/intrusive_list.hpp"
#include "io/attendance.hpp"
#include "io/batching.hpp"
#include "io/network_pipe.hpp"
#include "options/options.hpp"
#include "pattern/socket_type.hpp"
#include "strand/guard.hpp"
#include "transport/byte_stream.hpp"

namespace engine {

class Connector;
class Listener;
class Reactor;
class Resolver;
class Strand;
class Stream;
class ZapAsker;
class ZapInquiry;

class StreamHost : public Guarded
{
  public:
    // `background`: nobody but the reactor reads (Attendance).
    StreamHost (Strand &strand, const SocketType &type, Options &&options, bool background);
    ~StreamHost () override;
    StreamHost (const StreamHost &) = delete;
    StreamHost &operator= (const StreamHost &) = delete;

    // ---- facts ----
    Strand &strand () const noexcept { return strand_; }
    Reactor &reactor () const noexcept { return *reactor_; }  // set once there is a stream endpoint
    const SocketType &type () const noexcept { return type_; }
    Attendance &attendance () noexcept { return attendance_; }
    Batching &batching () noexcept { return batching_; }
    bool closing () const noexcept { return closing_; }
    bool connects () const noexcept { return !connectors_.empty (); }
    Options options;
    zmq_ext_stats_t stats{};
    std::uint64_t inbound_messages = 0;      // complete ones, in all network pipes
    virtual bool raw () const noexcept = 0;  // no ZMTP is spoken
    virtual std::uint32_t random () noexcept = 0;
    virtual Resolver &resolver () = 0;  // may throw

    // ---- what happened in this call, for its end ----
    void note_activity () noexcept { activity_ = true; }
    void note_room () noexcept { activity_ = room_ = true; }
    // Looks whether the pipe is done for.
    void request_reap (NetworkPipe &pipe) noexcept { pipes_to_reap_.add (pipe); }

    // ---- input ----
    // Reads what is there, and writes where the kernel has room again; a burst goes on.
    void take_input () noexcept
    {
        if (attendance_.count () > 0)
            attendance_.poll_input ();
        if (something_to_reap ())
            reap ();
    }
    void check_lease () noexcept { attendance_.check_lease (); }

    // ---- connections ----
    virtual void start_stream (ByteStream bytes, std::shared_ptr<const Options> snapshot, Connector *connector, Listener *listener) noexcept = 0;
    // Its handshake succeeded. False: there is no use for it, or no memory.
    virtual bool stream_ready (Stream &stream) noexcept = 0;
    virtual void stream_lost (Stream &stream, bool protocol, bool in_handshake, bool reached_greeting) noexcept = 0;
    virtual void stream_finished (Stream &stream) noexcept = 0;
    virtual void connector_abandoned (Connector &connector) noexcept = 0;
    virtual void endpoint_ended (Connector &connector) noexcept = 0;
    Connector *find_connector (std::uint64_t id) noexcept;
    virtual std::unique_ptr<ZapInquiry> zap_inquiry (ZapAsker &asker) = 0;

    // ---- monitor events ----
    virtual void emit (int event, std::uint64_t value, const Stream &stream) noexcept = 0;
    // About an endpoint that is bound, or connecting.
    void emit_local (int event, std::uint64_t value, const std::string &endpoint) noexcept { emit (event, value, &endpoint, nullptr); }
    void emit_remote (int event, std::uint64_t value, const std::string &endpoint) noexcept { emit (event, value, nullptr, &endpoint); }

  protected:
    virtual void emit (int event, std::uint64_t value, const std::string *local, const std::string *remote) noexcept = 0;
    // Ends the pipes that are done for, and frees what ended during the call.
    virtual void reap () noexcept = 0;
    // What ended is freed at the end of the call.
    void retire (Stream &stream) noexcept;
    void retire (Connector &connector) noexcept;
    bool something_to_reap () const noexcept { return !(pipes_to_reap_.empty () && dead_streams_.empty () && dead_connectors_.empty ()); }

    Strand &strand_;
    const SocketType &type_;
    Reactor *reactor_ = nullptr;
    bool activity_ = false;
    bool room_ = false;  // a pipe that was full has room, or there is a new one
    bool closing_ = false;
    Attendance attendance_;
    Batching batching_;

    std::vector<std::unique_ptr<NetworkPipe>> pipes_;
    std::vector<std::unique_ptr<Stream>> streams_;
    std::vector<std::unique_ptr<Connector>> connectors_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    List<NetworkPipe> pipes_to_reap_;
    std::vector<std::unique_ptr<Stream>> dead_streams_;
    std::vector<std::unique_ptr<Connector>> dead_connectors_;
};

using HostGuard = Guard<StreamHost>;

}  // namespace engine
