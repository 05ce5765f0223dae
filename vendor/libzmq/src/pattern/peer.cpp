// PEER: SERVER on both ends, and who connects learns the number of the peer that it has connected to. zmq_socket(3) "Peer-to-peer pattern".
#include <zmq.h>

#include "pattern/patterns.hpp"
#include "pattern/server.hpp"

namespace engine {
namespace {

class PeerPattern final : public ServerPattern
{
  public:
    using ServerPattern::ServerPattern;

    void attach (Pipe &pipe) override
    {
        ServerPattern::attach (pipe);
        if (pipe.connected_by_us)
            connected_ = pipe.number;
    }
    std::uint32_t connected_peer () const noexcept override { return connected_; }

  private:
    std::uint32_t connected_ = 0;
};

}  // namespace

constinit const SocketType peer_row = {
  .number = ZMQ_PEER,
  .name = "PEER",
  .compatible = peer_types (ZMQ_PEER),
  .sends_hello = true,
  .hears_disconnect = true,
  .hears_hiccup = true,
  .thread_safe = true,
  .single_frames = true,
  .connects_to_number = true,
  .make = [] (PatternHost &host) -> std::unique_ptr<Pattern> { return std::make_unique<PeerPattern> (host); },
};

}  // namespace engine
