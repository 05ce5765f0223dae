// PUSH: sends to its PULL peers in turn. RFC 30; zmq_socket(3) "Pipeline pattern".
#include <zmq.h>

#include "pattern/patterns.hpp"
#include "pattern/pipeline.hpp"

namespace engine {

constinit const SocketType push_row = {
  .number = ZMQ_PUSH,
  .name = "PUSH",
  .compatible = peer_types (ZMQ_PULL),
  .conflatable = true,
  .can_monitor = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<SendingPattern> (host); },
};

}  // namespace engine
