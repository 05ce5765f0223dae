// The opening of a connection as a state machine without I/O: greeting (zmtp/greeting.hpp), then the mechanism's commands, or the routing
// ids with older peers, until traffic may flow. Bytes go in through feed(), bytes to send are taken from output().
// It has no clock and no descriptor; its time limit is the caller's.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mechanism/handshake_config.hpp"
#include "mechanism/mechanism.hpp"
#include "mechanism/zap.hpp"
#include "zmtp/framing.hpp"
#include "zmtp/greeting.hpp"
#include "zmtp/handshake_start.hpp"
#include "zmtp/pieces.hpp"

namespace engine {

class Metadata;

class Handshake
{
  public:
    enum class State : std::uint8_t
    {
        in_progress,
        ready,
        refused,  // ZAP does not let the peer in, failure() says it; what the peer sends is dropped, and its end is to be waited for
        failed
    };
    using Failure = HandshakeFailure;

    // Begins with a greeting, or where it is told to; it may be waiting() at once then.
    explicit Handshake (HandshakeConfig config, std::optional<HandshakeStart> start = std::nullopt);
    ~Handshake ();
    Handshake (const Handshake &) = delete;
    Handshake &operator= (const Handshake &) = delete;

    // Bytes waiting to be sent; the caller sends a prefix and calls sent(n). Right after construction: the first 10 bytes of a greeting.
    std::span<const std::uint8_t> output () const noexcept { return std::span (out_).subspan (out_begin_); }
    void sent (std::size_t count) noexcept;

    // Takes bytes from the peer. Returns how many were used: all of them while in_progress; once ready, bytes behind the
    // handshake are left for the frame decoder; while waiting(), the rest is to be given again afterwards. Never throws.
    std::size_t feed (std::span<const std::uint8_t> bytes) noexcept;

    // True while in_progress and nothing can be done before ZAP's handler was asked: zap_request() says what (RFC 27), decide() goes on.
    bool waiting () const noexcept
    {
        return state_ == State::in_progress && mechanism_ && mechanism_->status () == Mechanism::Status::waiting;
    }
    std::vector<std::string> zap_request () const { return mechanism_->zap_request (); }
    void decide (ZapVerdict verdict) noexcept;

    State state () const noexcept { return state_; }
    const Failure &failure () const noexcept { return failure_; }

    // True between the end of the greeting and ready: a connection lost now is reported as HANDSHAKE_FAILED_NO_DETAIL.
    bool mechanism_running () const noexcept { return phase_ == Phase::mechanism; }
    bool greeting_done () const noexcept { return greeted_; }

    // ---- once ready ----
    const Framing &framing () const noexcept { return *framing_; }
    const std::string &peer_routing_id () const noexcept { return peer_routing_id_; }  // empty unless wanted and sent
    Metadata *metadata () const noexcept { return metadata_; }        // borrowed; null on 1.0 and 2.0 connections only if nothing is known
    bool phantom_subscription () const noexcept { return phantom_; }  // see HandshakeConfig
    std::unique_ptr<FrameCipher> take_cipher ();                      // null when traffic stays as it is (NULL, PLAIN, old peers)

  private:
    enum class Phase : std::uint8_t
    {
        greeting,
        routing_id,  // of a peer without a mechanism
        mechanism,
        done
    };

    // ---- the greeting's end ----
    void end_greeting ();
    void begin_unversioned ();
    bool refuse_old_peer () noexcept;
    void begin_mechanism ();
    void send_routing_id ();

    // ---- frames ----
    std::size_t feed_any (std::span<const std::uint8_t> bytes);
    std::size_t feed_greeting (std::span<const std::uint8_t> bytes);
    std::size_t feed_frame (std::span<const std::uint8_t> bytes);
    void take_frame ();
    void take_body (const FrameHeader &header, std::span<std::uint8_t> body);
    void take_piece (const FrameHeader &header, std::span<std::uint8_t> body);
    void answer_ping (std::span<const std::uint8_t> body);
    bool may_be_routing_id (const FrameHeader &header) const noexcept;
    void check_behind (std::span<const std::uint8_t> bytes) noexcept;
    void take_routing_id (std::span<const std::uint8_t> body);
    void pump ();
    void put (const void *bytes, std::size_t size);
    void put_frame (std::uint8_t flags, const void *body, std::size_t size);

    void finish (const Properties &zap_properties, const Properties &peer_properties);
    void fail (Failure why, int error = EPROTO) noexcept;
    void say_end (std::span<const std::uint8_t> body);
    // `error`: what the peer is told where its protocol has words for it.
    void fail_silently (int error = EPROTO) noexcept { fail ({0, 0, true}, error); }

    HandshakeConfig config_;
    const MechanismRow *row_;
    std::optional<Greeting> greeting_;
    Phase phase_ = Phase::greeting;
    State state_ = State::in_progress;
    const Framing *framing_ = &zmtp::v3_1;
    bool greeted_ = false;
    bool unversioned_ = false;
    bool phantom_ = false;
    Failure failure_;
    std::vector<std::uint8_t> out_;  // to be sent, from out_begin_ on
    std::size_t out_begin_ = 0;
    std::vector<std::uint8_t> held_;  // the frame being collected
    std::size_t frame_size_ = 0;      // 0: its header is incomplete
    std::unique_ptr<Pieces> pieces_;  // since the first frame that came in some
    std::string peer_routing_id_;
    Metadata *metadata_ = nullptr;  // one reference
    std::unique_ptr<Mechanism> mechanism_;
};

}  // namespace engine
