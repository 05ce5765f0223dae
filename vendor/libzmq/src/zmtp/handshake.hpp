// The opening of a connection as a state machine without I/O: greeting (with downgrade to ZMTP 3.0, 2.0 and 1.0), then the
// mechanism's commands, until traffic may flow. Bytes go in through feed(), bytes to send are taken from output().
// It has no clock and no descriptor; its time limit is the caller's. ZMTP 3.1 = RFC 37, 2.0 = RFC 15, 1.0 = RFC 13.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace engine {

class Mechanism;
class Metadata;

// How frames and subscriptions look on this connection.
enum class Wire : std::uint8_t
{
    v1,    // ZMTP 1.0 frames
    v2,    // ZMTP 2.0: v2 frames, no commands
    v3_0,  // v2 frames with commands; subscriptions are messages 0/1 + topic
    v3_1   // v2 frames; subscriptions are commands
};

// Everything about our side that the peer is told or that decides what we accept. Copied from the socket's options when the
// connection is made.
struct HandshakeConfig
{
    int socket_type = 0;                // ZMQ_PAIR ...
    std::string routing_id;             // sent as Identity by REQ, DEALER, ROUTER
    bool want_peer_routing_id = false;  // ROUTER, REP
    bool phantom_subscription = false;  // PUB, XPUB: an unversioned 1.0 peer is subscribed to everything
    int mechanism = 0;                  // ZMQ_NULL, ZMQ_PLAIN, ZMQ_CURVE
    bool as_server = false;
    bool has_zap_domain = false;
    std::int64_t max_message_size = -1;                         // bytes a frame, < 0 unlimited
    std::vector<std::pair<std::string, std::string>> metadata;  // X- properties, in order of name
    std::string peer_address;                                   // becomes property Peer-Address
    int fd = -1;                                                // becomes property __fd (ZMQ_SRCFD)
};

class Handshake
{
  public:
    enum class State
    {
        in_progress,
        ready,
        failed
    };

    // Why it failed, as a monitor event says it.
    struct Failure
    {
        int event = 0;         // ZMQ_EVENT_HANDSHAKE_FAILED_*, 0: DISCONNECTED only
        int value = 0;         // protocol error code, status code or errno
        bool protocol = true;  // true: an active side gives the connection up for good
    };

    explicit Handshake (HandshakeConfig config);
    ~Handshake ();
    Handshake (Handshake &&) noexcept;
    Handshake &operator= (Handshake &&) noexcept;

    // Bytes waiting to be sent; the caller sends a prefix and calls sent(n). Right after construction: the first 10 bytes.
    std::span<const std::uint8_t> output () const noexcept;
    void sent (std::size_t count) noexcept;

    // Takes bytes from the peer. Returns how many were used: all of them while in_progress; once ready, bytes behind the
    // handshake are left for the frame decoder. Never throws.
    std::size_t feed (std::span<const std::uint8_t> bytes) noexcept;

    State state () const noexcept;
    const Failure &failure () const noexcept;

    // True between the end of the greeting and ready: a connection lost now is reported as HANDSHAKE_FAILED_NO_DETAIL.
    bool mechanism_running () const noexcept;
    bool greeting_done () const noexcept;

    // ---- once ready ----
    Wire wire () const noexcept;
    const std::string &peer_routing_id () const noexcept;   // empty unless wanted and sent
    Metadata *metadata () const noexcept;                   // borrowed; null on 1.0 and 2.0 connections only if nothing is known
    bool phantom_subscription () const noexcept;            // see HandshakeConfig
    std::unique_ptr<Mechanism> take_mechanism () noexcept;  // null when traffic is not transformed (NULL, PLAIN, old peers)

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace engine
