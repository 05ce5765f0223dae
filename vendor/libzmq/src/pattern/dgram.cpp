// DGRAM: datagrams to and from anybody, through one bound port. zmq_socket(3) has no word of it, zmq_udp(7) its name.
//
// A message is exactly two frames: a peer's address ("127.0.0.1:5555"; received ones have a zero at their end, as libzmq's) and a body.
// What lies between is a datagram endpoint. There is one at a time; what came through one that was unbound stays to be read beside it.
#include <cerrno>

#include <zmq.h>

#include "pattern/fair_queue.hpp"
#include "pattern/load_balancer.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"

namespace engine {
namespace {

class DgramPattern final : public Pattern
{
  public:
    explicit DgramPattern (PatternHost &host) : Pattern (host), out_ (host) {}

    void attach (Pipe &pipe) override
    {
        if (pipe_ && !pipe_->closing ()) {
            pipe.terminate ();
            return;
        }
        in_.add (pipe);
        out_.add (pipe);
        pipe_ = &pipe;
    }
    void detach (Pipe &pipe) noexcept override
    {
        in_.remove (pipe);
        out_.remove (pipe);
        if (pipe_ == &pipe)
            pipe_ = nullptr;
    }
    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &pipe) override { out_.activate (pipe); }

    int send (Msg &frame) override
    {
        // (One that begins without a body, or has more after it: the message can still be sent right.)
        return frame.more () == out_.in_message () ? EINVAL : out_.send (frame);
    }
    int recv (Msg &frame) override { return in_.recv (frame); }
    bool has_in () override { return in_.has_in (); }
    bool has_out () override { return out_.has_out (); }

  private:
    FairQueue in_;
    LoadBalancer out_;
    Pipe *pipe_ = nullptr;  // the last one
};

}  // namespace

constinit const SocketType dgram_row = {
  .number = ZMQ_DGRAM,
  .name = "DGRAM",
  .compatible = peer_types (ZMQ_DGRAM),  // (over a transport with connections, which nobody needs)
  .binds_datagrams = DatagramForm::addressed,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<DgramPattern> (host); },
};

}  // namespace engine
