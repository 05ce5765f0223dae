// PAIR: one peer, both ways. RFC 31; zmq_socket(3) "Exclusive pair pattern".
#include <zmq.h>

#include "pattern/exclusive.hpp"
#include "pattern/fair_queue.hpp"
#include "pattern/patterns.hpp"

namespace engine {
namespace {

class PairPattern final : public ExclusivePattern<FairQueue>
{
  public:
    using ExclusivePattern::ExclusivePattern;
};

}  // namespace

constinit const SocketType pair_row = {
  .number = ZMQ_PAIR,
  .name = "PAIR",
  .compatible = peer_types (ZMQ_PAIR),
  .can_monitor = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<PairPattern> (host); },
};

}  // namespace engine
