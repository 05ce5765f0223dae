// One peer at a time, both ways: what PAIR and CHANNEL share.
//
// A second peer is refused by ending its connection, so that it tries again and gets its turn when the first one has gone (libzmq keeps
// such a connection open for ever without carrying anything). The queues hold one pipe at most; what they add is the treatment of
// messages that lose their pipe half sent or half read. `Inbound` is FairQueue or SingleFrames.
#pragma once

#include "pattern/load_balancer.hpp"
#include "pattern/pattern.hpp"

namespace engine {

template <class Inbound>
class ExclusivePattern : public Pattern
{
  public:
    explicit ExclusivePattern (PatternHost &host) : Pattern (host), out_ (host) {}

    void attach (Pipe &pipe) override
    {
        // One that is ending and has nothing left to be read makes room; what was sent to it still goes out.
        if (pipe_ && pipe_->closing () && !pipe_->readable ()) {
            Pipe &ending = *pipe_;
            detach (ending);
            ending.finish ();
        }
        if (pipe_) {
            pipe.terminate ();
            return;
        }
        pipe_ = &pipe;
        in_.add (pipe);
        out_.add (pipe);
    }

    void detach (Pipe &pipe) noexcept override
    {
        if (pipe_ != &pipe)
            return;
        in_.remove (pipe);
        out_.remove (pipe);
        pipe_ = nullptr;
    }

    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &pipe) override { out_.activate (pipe); }
    void lose_next (bool lose) noexcept override { out_.lose_next (lose); }

    int send (Msg &frame) override { return out_.send (frame); }
    int recv (Msg &frame) override { return in_.recv (frame); }
    bool has_in () override { return in_.has_in (); }
    bool has_out () override { return out_.has_out (); }

  private:
    Pipe *pipe_ = nullptr;
    Inbound in_;
    LoadBalancer out_;
};

}  // namespace engine
