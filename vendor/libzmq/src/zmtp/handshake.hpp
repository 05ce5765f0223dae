// The opening of a connection as a state machine without I/O: greeting (with downgrade to ZMTP 3.0, 2.0 and 1.0), then the
// mechanism's commands, until traffic may flow. Bytes go in through feed(), bytes to send are taken from output().
// It has no clock and no descriptor; its time limit is the caller's. ZMTP 3.1 = RFC 37, 2.0 = RFC 15, 1.0 = RFC 13.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mechanism/handshake_config.hpp"
#include "mechanism/zap.hpp"

namespace engine {

class FrameCipher;
class Metadata;

// How frames and subscriptions look on this connection.
enum class Wire : std::uint8_t
{
    v1,    // ZMTP 1.0 frames
    v2,    // ZMTP 2.0: v2 frames, no commands
    v3_0,  // v2 frames with commands; subscriptions are messages 0/1 + topic
    v3_1   // v2 frames; subscriptions are commands
};

class Handshake
{
  public:
    enum class State
    {
        in_progress,
        ready,
        refused,  // ZAP does not let the peer in, failure() says it; what the peer sends is dropped, and its end is to be waited for
        failed
    };

    using Failure = HandshakeFailure;

    explicit Handshake (HandshakeConfig config);
    ~Handshake ();
    Handshake (Handshake &&) noexcept;
    Handshake &operator= (Handshake &&) noexcept;

    // Bytes waiting to be sent; the caller sends a prefix and calls sent(n). Right after construction: the first 10 bytes.
    std::span<const std::uint8_t> output () const noexcept;
    void sent (std::size_t count) noexcept;

    // Takes bytes from the peer. Returns how many were used: all of them while in_progress; once ready, bytes behind the
    // handshake are left for the frame decoder; while waiting(), the rest is to be given again afterwards. Never throws.
    std::size_t feed (std::span<const std::uint8_t> bytes) noexcept;

    // True while in_progress and nothing can be done before ZAP's handler was asked: zap_request() says what (RFC 27), decide() goes on.
    bool waiting () const noexcept;
    std::vector<std::string> zap_request () const;
    void decide (ZapVerdict verdict) noexcept;

    State state () const noexcept;
    const Failure &failure () const noexcept;

    // True between the end of the greeting and ready: a connection lost now is reported as HANDSHAKE_FAILED_NO_DETAIL.
    bool mechanism_running () const noexcept;
    bool greeting_done () const noexcept;

    // ---- once ready ----
    Wire wire () const noexcept;
    const std::string &peer_routing_id () const noexcept;  // empty unless wanted and sent
    Metadata *metadata () const noexcept;                  // borrowed; null on 1.0 and 2.0 connections only if nothing is known
    bool phantom_subscription () const noexcept;           // see HandshakeConfig
    std::unique_ptr<FrameCipher> take_cipher ();           // null when traffic stays as it is (NULL, PLAIN, old peers)

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace engine
