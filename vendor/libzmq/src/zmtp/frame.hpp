// Frame headers of ZMTP: v1 (RFC 13) and v2 (RFC 15, RFC 23, RFC 37), and the names of the commands that travel in v2 frames once
// traffic flows. Shared by decoder, encoder and handshake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "message/msg.hpp"

namespace engine {

// How frames and subscriptions look on a connection.
enum class Wire : std::uint8_t
{
    v1,    // ZMTP 1.0 frames
    v2,    // ZMTP 2.0: v2 frames, no commands
    v3_0,  // v2 frames with commands; subscriptions are messages 0/1 + topic
    v3_1   // v2 frames; subscriptions are commands
};

}  // namespace engine

namespace engine::zmtp {

enum FrameFlag : std::uint8_t
{
    flag_more = 1,
    flag_long = 2,    // v2: an 8-byte size follows
    flag_command = 4  // ZMTP 3.x
};

constexpr std::size_t longest_header = 10;  // v1: FF, length, flags

inline void put_u64 (std::uint8_t *at, std::uint64_t value) noexcept
{
    for (int byte = 7; byte >= 0; --byte, value >>= 8)
        at[byte] = static_cast<std::uint8_t> (value);
}

inline std::uint64_t get_u64 (const std::uint8_t *at) noexcept
{
    std::uint64_t value = 0;
    for (int byte = 0; byte < 8; ++byte)
        value = value << 8 | at[byte];
    return value;
}

// Header of a v2 frame; returns its size, 2 or 9 bytes.
inline std::size_t put_header_v2 (std::uint8_t *at, std::uint8_t flags, std::uint64_t body_size) noexcept
{
    if (body_size <= 255) {
        at[0] = flags;
        at[1] = static_cast<std::uint8_t> (body_size);
        return 2;
    }
    at[0] = flags | flag_long;
    put_u64 (at + 1, body_size);
    return 9;
}

// Header of a v1 frame, whose length counts the flags byte; returns its size, 2 or 10 bytes.
inline std::size_t put_header_v1 (std::uint8_t *at, std::uint8_t flags, std::uint64_t body_size) noexcept
{
    if (body_size < 254) {
        at[0] = static_cast<std::uint8_t> (body_size + 1);
        at[1] = flags;
        return 2;
    }
    at[0] = 0xff;
    put_u64 (at + 1, body_size + 1);
    at[9] = flags;
    return 10;
}

struct FrameHeader
{
    std::size_t header_size = 0;  // 0: more bytes are needed
    std::uint8_t flags = 0;       // without flag_long; v1: only flag_more
    std::uint64_t body_size = 0;
    bool malformed = false;  // v1: length 0, or flags other than MORE
};

FrameHeader get_header_v1 (std::span<const std::uint8_t> bytes) noexcept;
FrameHeader get_header_v2 (std::span<const std::uint8_t> bytes) noexcept;

// What a command frame means during traffic. `data` is where its data begins.
struct Command
{
    Kind kind = Kind::command;
    std::size_t data = 0;
};
// Commands unknown, malformed or too short to mean anything are Kind::command, data 0: to be ignored.
Command parse_command (std::span<const std::uint8_t> body) noexcept;

// The command string (length byte and name) that begins a command of this kind; empty for data and command.
std::string_view command_string (Kind kind) noexcept;

}  // namespace engine::zmtp
