// One endpoint given to zmq_bind, for byte-stream transports: accepts connections and hands each to a Stream. All functions want
// the strand held; none blocks.
#pragma once

#include <memory>
#include <string>

#include "io/hook.hpp"
#include "transport/transport.hpp"

namespace engine {

class StreamHost;
struct Options;

class Listener final : public HookTarget
{
  public:
    // Takes over the listening descriptor.
    Listener (StreamHost &socket, const Transport &transport, Listening &&listening, std::shared_ptr<const Options> options);
    ~Listener () override;

    int start () noexcept;  // 0 or errno
    // Closes at once: the address is free when this returns.
    void close () noexcept;

    const Transport &transport () const noexcept { return transport_; }
    const std::string &endpoint () const noexcept { return listening_.endpoint; }
    const Options &options () const noexcept { return *options_; }

    void on_io (std::uint32_t events) noexcept override;
    void on_timer () noexcept override;

  private:
    StreamHost &socket_;
    const Transport &transport_;
    Listening listening_;
    std::shared_ptr<const Options> options_;
    WatchHandle watch_;
    TimerHandle timer_;
};

}  // namespace engine
