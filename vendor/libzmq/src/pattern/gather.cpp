// GATHER: receives single frames from its SCATTER peers in turn. RFC 49; zmq_socket(3) "Scatter-gather pattern".
#include <cerrno>

#include <zmq.h>

#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/single_frames.hpp"

namespace engine {
namespace {

class GatherPattern final : public Pattern
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
    SingleFrames in_;
};

}  // namespace

constinit const SocketType gather_row = {
  .number = ZMQ_GATHER,
  .name = "GATHER",
  .compatible = peer_types (ZMQ_SCATTER),
  .receives_only = true,
  .thread_safe = true,
  .single_frames = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<GatherPattern> (host); },
};

}  // namespace engine
