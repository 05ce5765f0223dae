// Z85: bytes as printable text, 4 bytes to 5 characters (RFC 32). CURVE keys are written so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace engine {

constexpr std::size_t z85_encoded_size (std::size_t size) noexcept { return size / 4 * 5; }

// Writes z85_encoded_size characters, no NUL. False: the size is no multiple of 4.
bool z85_encode (std::span<const std::uint8_t> bytes, char *text) noexcept;

// Writes 4 bytes for each 5 characters. False: the length is no multiple of 5, a character is not of the alphabet, or five characters
// stand for more than 32 bits; `bytes` may then be partly written.
bool z85_decode (std::string_view text, std::uint8_t *bytes) noexcept;

}  // namespace engine
