// The greeting that a connection without a layer below begins with, as a state machine without I/O: it finds out which ZMTP the peer
// speaks, 3.x or an older one, and answers as that wants. ZMTP 3.1 = RFC 37, 2.0 = RFC 15, 1.0 = RFC 13.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "zmtp/framing.hpp"

namespace engine {

class Greeting
{
  public:
    enum class State : std::uint8_t
    {
        in_progress,
        unversioned,  // there is none: bytes() are the first of the peer's frames, and what we have sent is the header of ours
        done
    };

    // `mechanism`: its name, at most 20 bytes, which must outlive this.
    Greeting (int socket_type, std::string_view mechanism) noexcept
        : socket_type_ (static_cast<std::uint8_t> (socket_type)), mechanism_ (mechanism)
    {}

    // What every peer is told first: ten bytes that an old one takes for the header of our identity frame.
    static void begin (std::size_t routing_id_size, std::vector<std::uint8_t> &out);
    // Takes what belongs to the greeting, and appends what is to be answered. How many bytes were used: all while in_progress.
    std::size_t feed (std::span<const std::uint8_t> bytes, std::vector<std::uint8_t> &out);

    State state () const noexcept { return state_; }
    std::span<const std::uint8_t> bytes () const noexcept { return {held_.data (), size_}; }

    // ---- once it is over ----
    const Framing &framing () const noexcept { return *framing_; }
    bool has_mechanism () const noexcept { return full_ == full_size; }
    bool same_mechanism () const noexcept;

  private:
    static constexpr std::size_t full_size = 64;

    std::size_t goal () const noexcept;
    void decide (std::vector<std::uint8_t> &out);
    void answer_major (std::uint8_t major, std::vector<std::uint8_t> &out);

    std::uint8_t socket_type_;
    State state_ = State::in_progress;
    const Framing *framing_ = &zmtp::v1;
    std::string_view mechanism_;
    std::size_t full_ = full_size;  // with older peers it is shorter
    std::array<std::uint8_t, full_size> held_{};
    std::size_t size_ = 0;
};

}  // namespace engine
