// One endpoint given to zmq_bind, for byte-stream transports: accepts connections and hands each to a Stream. All functions want
// the strand held; none blocks.
#pragma once

#include <memory>
#include <string>

#include "io/endpoint.hpp"
#include "io/half_open.hpp"
#include "transport/transport.hpp"

namespace engine {

class StreamHost;
struct Options;

class Listener final : public Endpoint, private HalfOpen::Owner
{
  public:
    // Takes over the listening descriptor.
    Listener (StreamHost &socket, const Transport &transport, Listening &&listening, std::shared_ptr<const Options> options);
    ~Listener () override;

    int start () noexcept;  // 0 or errno
    // Closes at once: the address is free when this returns.
    void close () noexcept;

    const Transport &transport () const noexcept { return transport_; }
    // Its connections that are in their handshake.
    HalfOpen &half_open () noexcept { return half_open_; }

    // ---- Endpoint ----
    // The connections made through it end too, when what was sent has gone out; what they brought stays readable.
    void end (int linger) noexcept override;
    const std::string &endpoint () const noexcept override { return listening_.endpoint; }
    std::string local_endpoint () const override { return listening_.endpoint; }
    // While it tells of somebody who came.
    std::string remote_endpoint () const override { return newcomer_ < 0 ? std::string () : transport_.remote_endpoint (newcomer_); }
    void on_io (std::uint32_t events) noexcept override;
    void on_timer () noexcept override;

  private:
    bool is_full () noexcept;
    bool may_displace () noexcept;
    void handshake_over () noexcept override;

    const Transport &transport_;
    Listening listening_;
    HalfOpen half_open_;
    int newcomer_ = -1;
    std::size_t places_ = 0;  // how many half-open connections there may be, as of the last look
    bool waiting_ = false;    // nobody is accepted until a handshake is over, or the oldest has had its time
};

}  // namespace engine
