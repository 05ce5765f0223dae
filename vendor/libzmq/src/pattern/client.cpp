// CLIENT: sends single frames to its SERVER peers in turn and receives from them in turn. RFC 41; zmq_socket(3) "Client-server pattern".
#include <cerrno>

#include <zmq.h>

#include "pattern/load_balancer.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/single_frames.hpp"

namespace engine {
namespace {

class ClientPattern final : public Pattern
{
  public:
    explicit ClientPattern (PatternHost &host) : Pattern (host), out_ (host) {}

    void attach (Pipe &pipe) override
    {
        in_.add (pipe);
        out_.add (pipe);
    }
    void detach (Pipe &pipe) noexcept override
    {
        in_.remove (pipe);
        out_.remove (pipe);
    }
    void read_activated (Pipe &pipe) override { in_.activate (pipe); }
    void write_activated (Pipe &pipe) override { out_.activate (pipe); }
    void lose_next (bool lose) noexcept override { out_.lose_next (lose); }

    int send (Msg &frame) override { return frame.more () ? EINVAL : out_.send (frame); }
    int recv (Msg &frame) override { return in_.recv (frame); }
    bool has_in () override { return in_.has_in (); }
    bool has_out () override { return out_.has_out (); }

  private:
    SingleFrames in_;
    LoadBalancer out_;
};

}  // namespace

constinit const SocketType client_row = {
  .number = ZMQ_CLIENT,
  .name = "CLIENT",
  .compatible = peer_types (ZMQ_SERVER),
  .sends_hello = true,
  .hears_hiccup = true,
  .thread_safe = true,
  .single_frames = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<ClientPattern> (host); },
};

}  // namespace engine
