// CHANNEL: one peer, both ways, single frames. RFC 52; zmq_socket(3) "Channel pattern".
#include <cerrno>

#include <zmq.h>

#include "pattern/exclusive.hpp"
#include "pattern/patterns.hpp"
#include "pattern/single_frames.hpp"

namespace engine {
namespace {

class ChannelPattern final : public ExclusivePattern<SingleFrames>
{
  public:
    using ExclusivePattern::ExclusivePattern;

    int send (Msg &frame) override { return frame.more () ? EINVAL : ExclusivePattern::send (frame); }
};

}  // namespace

constinit const SocketType channel_row = {
  .number = ZMQ_CHANNEL,
  .name = "CHANNEL",
  .compatible = peer_types (ZMQ_CHANNEL),
  .thread_safe = true,
  .single_frames = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<ChannelPattern> (host); },
};

}  // namespace engine
