// Base64 (RFC 4648, section 4), with padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace engine {

std::string base64_encode (std::span<const std::uint8_t> bytes);
// True if it is the one text of so many bytes: no other characters, and no bits that belong to none.
bool is_base64_of (std::string_view text, std::size_t size) noexcept;

}  // namespace engine
