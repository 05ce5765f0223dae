// SCATTER: sends single frames to its GATHER peers in turn. RFC 49; zmq_socket(3) "Scatter-gather pattern".
#include <cerrno>

#include <zmq.h>

#include "pattern/load_balancer.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"

namespace engine {
namespace {

class ScatterPattern final : public Pattern
{
  public:
    explicit ScatterPattern (PatternHost &host) : Pattern (host), out_ (host) {}

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

    int send (Msg &frame) override { return frame.more () ? EINVAL : out_.send (frame); }
    int recv (Msg &) override { return ENOTSUP; }
    bool has_in () override { return false; }
    bool has_out () override { return out_.has_out (); }

  private:
    LoadBalancer out_;
};

}  // namespace

constinit const SocketType scatter_row = {
  .number = ZMQ_SCATTER,
  .name = "SCATTER",
  .compatible = peer_types (ZMQ_GATHER),
  .thread_safe = true,
  .single_frames = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<ScatterPattern> (host); },
};

}  // namespace engine
