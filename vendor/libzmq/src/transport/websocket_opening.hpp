// The opening handshake of the WebSocket protocol (RFC 6455, section 4), both sides of it, as state machines without I/O. Both agree on a
// sub-protocol of RFC 45: ZWS2.0/MECHANISM, or ZWS2.0, which has none. They have no clock; the time limit is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "transport/http_head.hpp"

namespace engine {

// What this side speaks.
struct SubProtocols
{
    std::string mechanism;           // "NULL"
    bool without_mechanism = false;  // that one, too
};

class WebSocketOpening
{
  public:
    enum class State : std::uint8_t
    {
        in_progress,
        agreed,  // once all output was sent
        failed   // likewise; the peer, if it is one that asked, was told why
    };

    explicit WebSocketOpening (SubProtocols ours) : ours_ (std::move (ours)) {}

    // Bytes waiting to be sent; the caller sends a prefix and calls sent(n).
    std::span<const std::uint8_t> output () const noexcept
    {
        return {reinterpret_cast<const std::uint8_t *> (out_.data ()) + out_sent_, out_.size () - out_sent_};
    }
    void sent (std::size_t count) noexcept { out_sent_ += count; }
    State state () const noexcept { return state_; }
    // Once agreed: with the mechanism, or without one.
    bool with_mechanism () const noexcept { return with_mechanism_; }

  protected:
    // False: it is none of ours.
    bool choose (std::string_view protocol) noexcept;

    const SubProtocols ours_;
    HttpHead head_;
    std::string out_;
    std::size_t out_sent_ = 0;
    State state_ = State::in_progress;
    bool with_mechanism_ = true;
};

// Asks. `host`: the peer as the application has named it; `path`: begins with a slash.
class WebSocketRequest final : public WebSocketOpening
{
  public:
    static constexpr std::size_t key_size = 16;

    WebSocketRequest (SubProtocols ours, std::string_view host, std::string_view path, std::span<const std::uint8_t, key_size> key);
    // How many bytes were used: all of them while in progress; those behind the answer are frames.
    std::size_t feed (std::span<const std::uint8_t> bytes);

  private:
    bool acceptable () const;

    std::string expected_;  // of Sec-WebSocket-Accept
};

// Answers. Whatever is no such request gets an HTTP answer that says what is wrong with it, and what it goes on to send is taken and
// forgotten, so that it can read that.
class WebSocketAnswer final : public WebSocketOpening
{
  public:
    // Of what is taken from one that was refused.
    static constexpr std::size_t most_forgotten = 256u << 10;

    explicit WebSocketAnswer (SubProtocols ours) : WebSocketOpening (std::move (ours)) { head_.ignore_empty_line (); }
    // As WebSocketRequest's.
    std::size_t feed (std::span<const std::uint8_t> bytes);
    // More came of one that was refused than is taken.
    bool overrun () const noexcept { return forgotten_ > most_forgotten; }

  private:
    void judge ();
    void accept (std::string_view key, std::string_view protocol);
    void refuse (std::string_view status, std::string_view reason, std::string_view fields = {});

    std::size_t forgotten_ = 0;
};

}  // namespace engine
