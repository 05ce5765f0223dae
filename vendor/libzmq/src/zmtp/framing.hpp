// How frames lie among a connection's bytes: one description for each protocol, which decoder, encoder and handshake ask and which they
// go by without knowing any. Short frames of data, the ones that decide throughput, have a form that is known ahead, if the protocol has
// it; for everything else the description's functions are called.
//
// A frame is a header and, behind it, its body. A protocol whose frames are delimited by something else below it (WebSocket messages)
// has that in its headers: to the frames it is all one. What cuts frames into pieces says so in its headers as well; pieces.hpp joins them.
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

// A frame may come in pieces, with others of a kind other than data between them.
enum class Piece : std::uint8_t
{
    whole,
    first,
    middle,
    last
};

struct FrameHeader
{
    std::size_t header_size = 0;  // 0: more bytes are needed
    std::uint64_t body_size = 0;
    std::uint8_t flags = 0;  // of FrameFlag
    Kind kind = Kind::data;  // other than data: the header alone says what the frame is, and no cipher has to do with it
    std::uint32_t mask = 0;  // four bytes, as they lie in memory, with which the body is XORed over and over
    // Of one that is not whole nothing but size and mask is known: get_joined() says the rest, once it is.
    Piece piece = Piece::whole;
    int error = 0;  // EPROTO, or EPROTONOSUPPORT: this is no frame of ours
};

// How a frame of some kind is told from others.
struct FrameForm
{
    bool known = true;             // false: it cannot be said at all
    std::uint8_t flags = 0;        // for put_header(): of FrameFlag, or the protocol's own
    std::string_view prefix = {};  // what comes before the body
    bool never_sealed = false;     // no cipher has to do with it
};

struct Framing
{
    static constexpr std::size_t longest_end = 2;

    std::size_t longest_header;

    // Frames of data of up to 255 bytes begin with two: flag_more or 0, and their size. A first byte that has any of these bits is the
    // beginning of something else. 0xff: this protocol has no such frames.
    std::uint8_t uncommon_flags;
    bool has_commands;  // so there are heartbeats

    // Of what the peer sends.
    FrameHeader (*get_header) (std::span<const std::uint8_t> bytes) noexcept;
    // Where there is room for the longest; its size.
    std::size_t (*put_header) (std::uint8_t *at, std::uint8_t flags, std::uint64_t body_size) noexcept;
    // Of what put_header() has put.
    FrameHeader (*get_own_header) (std::span<const std::uint8_t> bytes) noexcept;
    // `sealed`: a cipher writes it.
    FrameForm (*form_of) (Kind kind, bool sealed) noexcept;

    // A whole frame of data at once, where there is room for it: header and body as put_header() and a mask make them; its end. Null: by
    // those alone.
    std::uint8_t *(*put_data) (std::uint8_t *at, std::uint8_t flags, const std::uint8_t *body, std::size_t size) noexcept = nullptr;

    // The bodies of what is sent are XORed with the mask that put_header() has chosen, and get_own_header() finds.
    bool masks = false;
    // Its pings have nothing in them but what comes back with the pong.
    bool echoes_pings = false;
    // Of a frame that came in pieces: the header that its joined bytes begin with. Null: there are no pieces.
    FrameHeader (*get_joined) (std::span<const std::uint8_t> bytes) noexcept = nullptr;
    // Who ends a connection says so (Kind::end), and is told so: what an end's body is, given why (an errno, 0: no reason), or what the
    // peer's end says. Null: nothing is said.
    std::size_t (*put_end) (std::uint8_t (&body)[longest_end], int why) noexcept = nullptr;
    std::size_t (*answer_end) (std::uint8_t (&body)[longest_end], std::span<const std::uint8_t> said) noexcept = nullptr;

    constexpr bool has_short_form () const noexcept { return uncommon_flags != 0xff; }
};

void apply_mask (std::uint32_t mask, std::span<std::uint8_t> body) noexcept;
// As a copy and then apply_mask().
void copy_masked (std::uint32_t mask, const std::uint8_t *from, std::uint8_t *to, std::size_t size) noexcept;

namespace zmtp {

extern const Framing v1;    // ZMTP 1.0 (RFC 13)
extern const Framing v2;    // ZMTP 2.0 (RFC 15): no commands
extern const Framing v3_0;  // ZMTP 3.0 (RFC 23): subscriptions are messages 0/1 + topic
extern const Framing v3_1;  // ZMTP 3.1 (RFC 37): subscriptions are commands

}  // namespace zmtp

// Frames as WebSocket messages (RFC 6455, RFC 45); `client` is that of the side that has asked for the connection.
namespace websocket {

extern const Framing client;
extern const Framing server;

}  // namespace websocket

}  // namespace engine
