// One endpoint given to zmq_connect: resolves, dials, lets the transport's layers open (a SOCKS proxy, TLS), hands the connection to a
// Stream, and starts again with back-off when it fails or is lost, until it is closed. All functions want the strand held; none blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/endpoint.hpp"
#include "io/resolver.hpp"
#include "transport/byte_stream.hpp"
#include "transport/transport.hpp"

namespace engine {

class NetworkPipe;
class StreamHost;
class Stream;
struct Options;

class Connector final : public Endpoint
{
  public:
    Connector (StreamHost &socket, const Transport &transport, std::string endpoint, std::string address,
               std::shared_ptr<const Options> options);
    ~Connector () override;

    // 0 or ENOMEM: what it takes to try again for ever. Before start().
    int prepare () noexcept;
    // First attempt.
    void start () noexcept;
    // No more attempts; an established stream is not touched.
    void stop () noexcept;
    // Its stream ended. protocol: give up for good; then true.
    bool stream_lost (bool protocol, bool in_handshake) noexcept;
    // The resolver's answer.
    void resolved (int error, std::vector<DialTarget> targets) noexcept;

    const Transport &transport () const noexcept { return transport_; }
    std::uint64_t id () const noexcept { return id_; }
    NetworkPipe *pipe = nullptr;  // survives connections (IMMEDIATE 0); null otherwise
    Stream *stream = nullptr;
    bool abandoned () const noexcept { return phase_ == Phase::abandoned; }
    // Its application side is gone: it lives on only to deliver what is queued.
    bool lingering = false;
    bool linger_ends_with_socket = false;  // the close of the socket may bring the deadline forward

    // ---- Endpoint ----
    void end (int linger) noexcept override;
    const std::string &endpoint () const noexcept override { return endpoint_; }
    // While it tells that it is connected.
    std::string local_endpoint () const override
    {
        return phase_ == Phase::connected && bytes_.is_open () ? transport_.local_endpoint (bytes_.fd ()) : std::string ();
    }
    std::string remote_endpoint () const override { return endpoint_; }
    void on_io (std::uint32_t events) noexcept override;
    void on_timer () noexcept override;

  private:
    enum class Phase : std::uint8_t
    {
        idle,
        resolving,
        connecting,
        opening,    // the layers exchange what comes before everything else
        connected,  // a Stream has it
        waiting,    // for the next attempt
        abandoned   // a protocol error: never again
    };

    void attempt () noexcept;
    void dial_next () noexcept;
    void connected () noexcept;
    void open_layers () noexcept;
    void layers_failed (int error) noexcept;
    void attempt_failed (int error) noexcept;
    void retry_later () noexcept;
    void hand_over () noexcept;
    void close_bytes (bool report) noexcept;
    int next_interval () noexcept;

    const Transport &transport_;
    const std::string endpoint_;
    const std::string address_;
    const std::uint64_t id_;
    Phase phase_ = Phase::idle;
    ByteStream bytes_;
    int backoff_ = 0;  // ms, 0: at its start
    Nanoseconds attempted_ = 0;
    std::vector<DialTarget> targets_;
    std::size_t target_ = 0;
    Resolver::Ticket ticket_;
};

}  // namespace engine
