// GATHER: receives single frames from its SCATTER peers in turn. RFC 49; zmq_socket(3) "Scatter-gather pattern".
#include <zmq.h>

#include "pattern/patterns.hpp"
#include "pattern/pipeline.hpp"
#include "pattern/single_frames.hpp"

namespace engine {

constinit const SocketType gather_row = {
  .number = ZMQ_GATHER,
  .name = "GATHER",
  .compatible = peer_types (ZMQ_SCATTER),
  .receives_only = true,
  .thread_safe = true,
  .single_frames = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<ReceivingPattern<SingleFrames>> (host); },
};

}  // namespace engine
