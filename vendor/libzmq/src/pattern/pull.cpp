// PULL: receives from its PUSH peers in turn. RFC 30; zmq_socket(3) "Pipeline pattern".
#include <cerrno>

#include <zmq.h>

#include "pattern/fair_queue.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"

namespace engine {
namespace {

class PullPattern final : public Pattern
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
    FairQueue in_;
};

}  // namespace

constinit const SocketType pull_row = {
  .number = ZMQ_PULL,
  .name = "PULL",
  .compatible = peer_types (ZMQ_PUSH),
  .receives_only = true,
  .conflatable = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<PullPattern> (host); },
};

}  // namespace engine
