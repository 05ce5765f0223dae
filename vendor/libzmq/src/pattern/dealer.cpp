// DEALER: sends to its peers in turn and receives from them in turn, frames untouched. RFC 28; zmq_socket(3) "Request-reply pattern".
#include <zmq.h>

#include "base/option_value.hpp"
#include "pattern/fair_queue.hpp"
#include "pattern/load_balancer.hpp"
#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"

namespace engine {
namespace {

class DealerPattern final : public Pattern
{
  public:
    explicit DealerPattern (PatternHost &host) : Pattern (host), out_ (host) {}

    void attach (Pipe &pipe) override
    {
        if (probe_router_) {
            Msg probe;
            pipe.write (probe);
        }
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
    bool probes () const noexcept override { return probe_router_; }

    int send (Msg &frame) override { return out_.send (frame); }
    int recv (Msg &frame) override { return in_.recv (frame); }
    bool has_in () override { return in_.has_in (); }
    bool has_out () override { return out_.has_out (); }

    int set_option (int option, const void *value, std::size_t size) override
    {
        if (option == ZMQ_PROBE_ROUTER)
            return read_flag (value, size, probe_router_);
        return EINVAL;
    }

  private:
    FairQueue in_;
    LoadBalancer out_;
    bool probe_router_ = false;
};

}  // namespace

constinit const SocketType dealer_row = {
  .number = ZMQ_DEALER,
  .name = "DEALER",
  .compatible = peer_types (ZMQ_REP, ZMQ_DEALER, ZMQ_ROUTER),
  .sends_identity = true,
  .conflatable = true,
  .connects_once = true,
  .sends_hello = true,
  .hears_hiccup = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<DealerPattern> (host); },
};

}  // namespace engine
