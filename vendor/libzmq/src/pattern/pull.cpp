// PULL: receives from its PUSH peers in turn. RFC 30; zmq_socket(3) "Pipeline pattern".
#include <zmq.h>

#include "pattern/fair_queue.hpp"
#include "pattern/patterns.hpp"
#include "pattern/pipeline.hpp"

namespace engine {

constinit const SocketType pull_row = {
  .number = ZMQ_PULL,
  .name = "PULL",
  .compatible = peer_types (ZMQ_PUSH),
  .receives_only = true,
  .conflatable = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<ReceivingPattern<FairQueue>> (host); },
};

}  // namespace engine
