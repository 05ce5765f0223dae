// The metadata that handshake commands carry (READY, INITIATE): a list of properties in RFC 37's form, ours to be written and the
// peer's to be read and judged. Shared by all mechanisms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mechanism/handshake_config.hpp"

namespace engine {

using Properties = std::vector<std::pair<std::string, std::string>>;

// Appends one property. Names are 1 to 255 bytes, values at most 2^31-1; others are left out.
void append_property (std::vector<std::uint8_t> &out, std::string_view name, std::string_view value);
// Appends all that we tell the peer: Socket-Type, Identity if our type has one, then the application's properties, cut at their first NUL.
void append_own_properties (std::vector<std::uint8_t> &out, const HandshakeConfig &config);

// Reads properties; of equal names the first counts. False: malformed.
bool parse_properties (std::span<const std::uint8_t> bytes, Properties &out);
// The value of a property; names are compared without case (RFC 37). Null: there is none.
const std::string *find_property (const Properties &properties, std::string_view name) noexcept;
// True if a socket of this type talks to a peer with these properties. A peer that does not name its type is accepted.
bool acceptable_peer (int socket_type, const Properties &properties) noexcept;

// ERROR's content, behind its command string, as a failure: what a mechanism that received this command ends with.
HandshakeFailure failure_of_error_command (std::span<const std::uint8_t> content) noexcept;
// The command strings (length byte and name) of handshakes.
constexpr std::string_view hello_command ("\x05HELLO", 6);
constexpr std::string_view welcome_command ("\x07WELCOME", 8);
constexpr std::string_view initiate_command ("\x08INITIATE", 9);
constexpr std::string_view ready_command ("\x05READY", 6);
constexpr std::string_view error_command ("\x05"
                                          "ERROR",
                                          6);
// True if `body` begins with the command string (length byte and name) of this name.
bool is_command (std::span<const std::uint8_t> body, std::string_view command_string) noexcept;
// True if it begins with any command string and something may follow.
constexpr bool has_command_string (std::span<const std::uint8_t> body) noexcept { return body.size () > 1 && body.size () > body[0]; }

}  // namespace engine
