// SHA-1 (RFC 3174), for what protocols ask it for as a checksum (RFC 6455's handshake). Nothing here rests on its security.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace engine {

constexpr std::size_t sha1_size = 20;

std::array<std::uint8_t, sha1_size> sha1 (std::string_view text) noexcept;

}  // namespace engine
