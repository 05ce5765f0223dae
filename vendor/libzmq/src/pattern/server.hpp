// SERVER, and what PEER shares with it: single frames to a peer by its number, from the peers in turn with their numbers on them. RFC 41;
// zmq_socket(3) "Client-server pattern".
//
// Every pipe gets a number when it is attached, never 0, and keeps it: a peer that we connect to through its reconnects, too.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "pattern/pattern.hpp"
#include "pattern/single_frames.hpp"

namespace engine {

class ServerPattern : public Pattern
{
  public:
    explicit ServerPattern (PatternHost &host) : Pattern (host), next_ (host.random ()) {}

    void attach (Pipe &pipe) override;
    void detach (Pipe &pipe) noexcept override;
    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &) override {}

    int send (Msg &frame) override;
    int recv (Msg &frame) override { return in_.recv (frame); }
    bool has_in () override { return in_.has_in (); }
    bool has_out () override { return true; }

    int disconnect_peer (std::uint32_t number) override;

  private:
    Pipe *find (std::uint32_t number) noexcept;

    std::unordered_map<std::uint32_t, Pipe *> peers_;  // by Pipe::number
    SingleFrames in_;
    std::uint32_t next_;
};

}  // namespace engine
