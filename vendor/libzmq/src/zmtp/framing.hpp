// How frames lie among a connection's bytes: one description for each protocol, which decoder, encoder and handshake ask and which they
// go by without knowing any. Short frames of data, the ones that decide throughput, have a form that is known ahead, if the protocol has
// it; for everything else the description's functions are called.
//
// A frame is a header and, behind it, its body. A protocol whose frames are delimited by something else below it (WebSocket messages)
// has that in its headers: to the frames it is all one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "message/msg.hpp"

namespace engine {

// What a header says of its frame, in terms common to all.
enum FrameFlag : std::uint8_t
{
    flag_more = 1,
    flag_command = 4  // the body is a command (zmtp/command.hpp), if the protocol has commands
};

struct FrameHeader
{
    std::size_t header_size = 0;  // 0: more bytes are needed
    std::uint64_t body_size = 0;
    std::uint8_t flags = 0;  // of FrameFlag
    Kind kind = Kind::data;  // other than data: the header alone says what the frame is, and no cipher has to do with it
    std::uint32_t mask = 0;  // four bytes, as they lie in memory, with which the body is XORed over and over
    int error = 0;           // EPROTO: this is no frame; EPIPE: the peer says that it ends here
};

// How a frame of some kind is told from others.
struct FrameForm
{
    bool known = true;             // false: it cannot be said at all
    std::uint8_t flags = 0;        // for put_header(): of FrameFlag, or the protocol's own
    std::string_view prefix = {};  // what comes before the body
    bool header_alone = false;     // there is no body, and no cipher has to do with it
};

struct Framing
{
    std::size_t longest_header;

    // Frames of data of up to 255 bytes begin with two: flag_more or 0, and their size. A first byte that has any of these bits is the
    // beginning of something else. 0xff: this protocol has no such frames.
    std::uint8_t uncommon_flags;
    bool has_commands;  // so there are heartbeats

    FrameHeader (*get_header) (std::span<const std::uint8_t> bytes) noexcept;
    // Where there is room for the longest; its size.
    std::size_t (*put_header) (std::uint8_t *at, std::uint8_t flags, std::uint64_t body_size) noexcept;
    // `sealed`: a cipher writes it.
    FrameForm (*form_of) (Kind kind, bool sealed) noexcept;

    // The bodies of what is sent are XORed with the mask that put_header() has chosen, and get_header() finds.
    bool masks = false;

    constexpr bool has_short_form () const noexcept { return uncommon_flags != 0xff; }
};

void apply_mask (std::uint32_t mask, std::span<std::uint8_t> body) noexcept;

namespace zmtp {

extern const Framing v1;    // ZMTP 1.0 (RFC 13)
extern const Framing v2;    // ZMTP 2.0 (RFC 15): no commands
extern const Framing v3_0;  // ZMTP 3.0 (RFC 23): subscriptions are messages 0/1 + topic
extern const Framing v3_1;  // ZMTP 3.1 (RFC 37): subscriptions are commands

}  // namespace zmtp

}  // namespace engine
