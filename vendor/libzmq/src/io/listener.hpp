// One endpoint given to zmq_bind, for byte-stream transports: accepts connections and hands each to a Stream. All functions want
// the strand held; none blocks.
#pragma once

#include <memory>
#include <string>

#include "io/endpoint.hpp"
#include "transport/transport.hpp"

namespace engine {

class StreamHost;
struct Options;

class Listener final : public Endpoint
{
  public:
    // Takes over the listening descriptor.
    Listener (StreamHost &socket, const Transport &transport, Listening &&listening, std::shared_ptr<const Options> options);
    ~Listener () override;

    int start () noexcept;  // 0 or errno
    // Closes at once: the address is free when this returns.
    void close () noexcept;

    const Transport &transport () const noexcept { return transport_; }

    // ---- Endpoint ----
    // The connections made through it end too, when what was sent has gone out; what they brought stays readable.
    void end (int linger) noexcept override;
    const std::string &endpoint () const noexcept override { return listening_.endpoint; }
    std::string local_endpoint () const override { return listening_.endpoint; }
    std::string remote_endpoint () const override { return std::string (); }
    void on_io (std::uint32_t events) noexcept override;
    void on_timer () noexcept override;

  private:
    const Transport &transport_;
    Listening listening_;
};

}  // namespace engine
