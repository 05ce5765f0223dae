// Messages one way: what PUSH and SCATTER share, to the peers in turn, and what PULL and GATHER do, from the peers in turn.
#pragma once

#include <cerrno>

#include "pattern/load_balancer.hpp"
#include "pattern/pattern.hpp"

namespace engine {

class SendingPattern : public Pattern
{
  public:
    explicit SendingPattern (PatternHost &host) : Pattern (host), out_ (host) {}

    void attach (Pipe &pipe) override
    {
        out_.add (pipe);
        read_activated (pipe);
    }
    void detach (Pipe &pipe) noexcept override { out_.remove (pipe); }
    // A peer has nothing to say to us. What it says all the same must not fill its pipe.
    void read_activated (Pipe &pipe) override
    {
        for (Msg frame; pipe.read (frame);) {
        }
    }
    void write_activated (Pipe &pipe) override { out_.activate (pipe); }
    void lose_next (bool lose) noexcept override { out_.lose_next (lose); }

    int send (Msg &frame) override { return out_.send (frame); }
    int recv (Msg &) override { return ENOTSUP; }
    bool has_in () override { return false; }
    bool has_out () override { return out_.has_out (); }

  private:
    LoadBalancer out_;
};

// `Inbound` is FairQueue or SingleFrames.
template <class Inbound>
class ReceivingPattern final : public Pattern
{
  public:
    using Pattern::Pattern;

    void attach (Pipe &pipe) override { in_.add (pipe); }
    void detach (Pipe &pipe) noexcept override { in_.remove (pipe); }
    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &) override {}

    int send (Msg &) override { return ENOTSUP; }
    int recv (Msg &frame) override { return in_.recv (frame); }
    bool has_in () override { return in_.has_in (); }
    bool has_out () override { return false; }

  private:
    Inbound in_;
};

}  // namespace engine
