// PUB: XPUB for those who only publish: nothing is received. RFC 29; zmq_socket(3) "Publish-subscribe pattern".
//
// XPUB's options are accepted; those about what XPUB's application receives have no effect here.
#include <cerrno>

#include <zmq.h>

#include "pattern/pattern.hpp"
#include "pattern/patterns.hpp"
#include "pattern/xpub.hpp"

namespace engine {
namespace {

class PubPattern final : public XpubPattern
{
  public:
    using XpubPattern::XpubPattern;

    int recv (Msg &) override { return ENOTSUP; }
    bool has_in () override { return false; }

  protected:
    void deliver (Msg &&, Pipe *) override {}
    bool manual () const noexcept override { return false; }
};

}  // namespace

constinit const SocketType pub_row = {
  .number = ZMQ_PUB,
  .name = "PUB",
  .compatible = peer_types (ZMQ_SUB, ZMQ_XSUB),
  .wants_subscriptions = true,
  .publishes = true,
  .conflatable = true,
  .connects_once = true,
  .can_monitor = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<PubPattern> (host); },
};

}  // namespace engine
