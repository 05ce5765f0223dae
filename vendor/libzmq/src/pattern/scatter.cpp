// SCATTER: sends single frames to its GATHER peers in turn. RFC 49; zmq_socket(3) "Scatter-gather pattern".
#include <cerrno>

#include <zmq.h>

#include "pattern/patterns.hpp"
#include "pattern/pipeline.hpp"

namespace engine {
namespace {

class ScatterPattern final : public SendingPattern
{
  public:
    using SendingPattern::SendingPattern;

    int send (Msg &frame) override { return frame.more () ? EINVAL : SendingPattern::send (frame); }
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
