// What commands are called once traffic flows, and how a protocol that has none says what they would (RFC 13, RFC 23, RFC 37).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "message/msg.hpp"
#include "zmtp/framing.hpp"

namespace engine::zmtp {

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

// Subscriptions are messages 1 + topic, 0 + topic; nothing else but data can be said.
FrameForm form_without_commands (Kind kind) noexcept;

}  // namespace engine::zmtp
