// Keys, and memory that must not tell them to whoever gets it next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <string.h>

namespace engine {

// Overwrites bytes that nobody reads again, which a compiler would otherwise leave out.
inline void wipe (void *bytes, std::size_t size) noexcept
{
    if (size > 0)
        ::explicit_bzero (bytes, size);
}

using CurveKey = std::array<std::uint8_t, 32>;

// A key that is wiped where it lay.
struct SecretKey : CurveKey
{
    SecretKey () noexcept : CurveKey{} {}
    SecretKey (const CurveKey &key) noexcept : CurveKey (key) {}
    SecretKey (const SecretKey &) noexcept = default;
    SecretKey &operator= (const SecretKey &) noexcept = default;
    ~SecretKey () { wipe (data (), size ()); }
};

}  // namespace engine
