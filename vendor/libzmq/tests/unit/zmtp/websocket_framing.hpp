// A framing that is none of ZMTP's, for tests: frames as unfragmented WebSocket messages (RFC 6455, RFC 45), each of which begins with a
// byte of flags. What a client sends is masked; here always with the same four bytes.
#pragma once

#include <cerrno>
#include <cstring>

#include "zmtp/command.hpp"
#include "zmtp/framing.hpp"

namespace held {

namespace websocket {

using namespace engine;

enum : std::uint8_t
{
    final = 0x80,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
    masked = 0x80,
    more = 1,
    command = 2,
    // For put_header().
    as_ping = 0x10,
    as_pong = 0x20
};

inline std::uint8_t mask_byte (std::size_t at) noexcept { return static_cast<std::uint8_t> (0xa1 + 0x11 * (at % 4)); }

inline FrameHeader get_header (std::span<const std::uint8_t> bytes) noexcept
{
    FrameHeader header;
    if (bytes.size () < 2)
        return header;
    const unsigned opcode = bytes[0] & 0x0fu;
    if (opcode == close) {
        header.error = EPIPE;
        return header;
    }
    const bool control = opcode == ping || opcode == pong;
    if (!(bytes[0] & final) || (opcode != binary && !control)) {
        header.error = EPROTO;
        return header;
    }
    std::uint64_t size = bytes[1] & 0x7fu;
    std::size_t at = 2;
    const std::size_t more_size = size == 126 ? 2 : size == 127 ? 8 : 0;
    const std::size_t mask_size = bytes[1] & masked ? 4 : 0;
    if (bytes.size () < at + more_size + mask_size + (control ? 0 : 1))
        return header;
    if (more_size > 0)
        for (size = 0; at < 2 + more_size; ++at)
            size = size << 8 | bytes[at];
    std::uint8_t mask[4] = {};
    if (mask_size)
        std::memcpy (mask, bytes.data () + at, sizeof mask);
    at += mask_size;
    if (control) {
        header.kind = opcode == ping ? Kind::ping : Kind::pong;
        header.body_size = size;
    } else {
        if (size == 0) {
            header.error = EPROTO;
            return header;
        }
        const auto flags = static_cast<std::uint8_t> (bytes[at++] ^ mask[0]);
        header.flags = static_cast<std::uint8_t> ((flags & more ? flag_more : 0) | (flags & command ? flag_command : 0));
        header.body_size = size - 1;
        // The flags were the first byte of what is masked.
        const std::uint8_t rest[4] = {mask[1], mask[2], mask[3], mask[0]};
        std::memcpy (mask, rest, sizeof mask);
    }
    header.header_size = at;
    std::memcpy (&header.mask, mask, sizeof mask);
    return header;
}

template <bool masks>
std::size_t put_header (std::uint8_t *at, std::uint8_t flags, std::uint64_t body_size) noexcept
{
    const bool control = flags & (as_ping | as_pong);
    const std::uint64_t size = body_size + (control ? 0 : 1);
    std::size_t end = 0;
    at[end++] = static_cast<std::uint8_t> (final | (flags & as_ping ? ping : flags & as_pong ? pong : binary));
    const std::size_t more_size = size <= 125 ? 0 : size <= 0xffff ? 2 : 8;
    at[end++] = static_cast<std::uint8_t> ((masks ? masked : 0) | (more_size == 0 ? size : more_size == 2 ? 126 : 127));
    for (std::size_t byte = more_size; byte-- > 0;)
        at[end++] = static_cast<std::uint8_t> (size >> 8 * byte);
    if (masks)
        for (std::size_t byte = 0; byte < 4; ++byte)
            at[end++] = mask_byte (byte);
    if (!control)
        at[end++] =
          static_cast<std::uint8_t> (((flags & flag_more ? more : 0) | (flags & flag_command ? command : 0)) ^ (masks ? mask_byte (0) : 0));
    return end;
}

inline FrameForm form_of (Kind kind, bool sealed) noexcept
{
    switch (kind) {
    case Kind::data:
        return {};
    case Kind::ping:
        return {.flags = as_ping, .header_alone = true};
    case Kind::pong:
        return {.flags = as_pong, .header_alone = true};
    case Kind::subscribe:
    case Kind::cancel:
        if (!sealed)
            return zmtp::form_without_commands (kind);
        break;
    default:
        break;
    }
    return {.flags = flag_command, .prefix = zmtp::command_string (kind)};
}

inline constinit const Framing server = {
  .longest_header = 15,
  .uncommon_flags = 0xff,
  .has_commands = true,
  .get_header = get_header,
  .put_header = put_header<false>,
  .form_of = form_of,
};

inline constinit const Framing client = {
  .longest_header = 15,
  .uncommon_flags = 0xff,
  .has_commands = true,
  .get_header = get_header,
  .put_header = put_header<true>,
  .form_of = form_of,
  .masks = true,
};

}  // namespace websocket

}  // namespace held
