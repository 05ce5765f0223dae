// The client side of a SOCKS5 proxy (RFC 1928, user name and password RFC 1929) as a state machine without I/O: the
// connector dials the proxy, feeds this until it is ready, then the same connection leads to the target.
// It has no clock and no descriptor; its time limit is the caller's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace engine {

struct SocksRequest
{
    std::string host;        // literal address without brackets, or a name for the proxy to look up; 1..255 bytes
    std::uint16_t port = 0;  // 1..65535
    std::string username;    // 0..255 bytes; empty: no authentication is offered
    std::string password;    // 0..255 bytes
};

class SocksClient
{
  public:
    enum class State : std::uint8_t
    {
        in_progress,
        ready,
        failed
    };

    explicit SocksClient (const SocksRequest &request);

    // Bytes waiting to be sent; the caller sends a prefix and calls sent(n).
    std::span<const std::uint8_t> output () const noexcept;
    void sent (std::size_t count) noexcept;

    // Takes bytes from the proxy. Returns how many were used: all of them while in_progress; once ready, bytes behind the proxy's
    // last answer are the target's and are left to the caller.
    std::size_t feed (std::span<const std::uint8_t> bytes);

    State state () const noexcept { return state_; }

    // Why it failed, as an errno: EINVAL unusable request, EPROTO not SOCKS5, EACCES no common authentication or refused,
    // ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EOPNOTSUPP, EAFNOSUPPORT, EIO as the proxy says of the target.
    int error () const noexcept { return error_; }

  private:
    enum class Step : std::uint8_t
    {
        method,
        authentication,
        reply
    };

    std::size_t wanted () const noexcept;  // bytes the current answer has as far as is known
    void answer ();                        // takes the complete answer in in_
    void on_method ();
    void on_authentication ();
    void on_reply ();
    void ask_for_target ();
    void queue (std::string_view bytes);
    void fail (int error) noexcept;

    SocksRequest request_;
    State state_ = State::in_progress;
    Step step_ = Step::method;
    int error_ = 0;
    std::string out_;
    std::size_t out_sent_ = 0;
    std::array<std::uint8_t, 262> in_{};  // the longest answer: 4 + 1 + 255 + 2 bytes
    std::size_t in_size_ = 0;
};

}  // namespace engine
