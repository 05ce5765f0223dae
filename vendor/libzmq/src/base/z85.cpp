// Z85 in both directions.
#include "base/z85.hpp"

#include <array>

namespace engine {

namespace {

constexpr std::string_view alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
static_assert (alphabet.size () == 85);

constexpr std::uint8_t no_digit = 255;

constexpr std::array<std::uint8_t, 256> make_digits () noexcept
{
    std::array<std::uint8_t, 256> digits{};
    digits.fill (no_digit);
    for (std::size_t i = 0; i < alphabet.size (); ++i)
        digits[static_cast<unsigned char> (alphabet[i])] = static_cast<std::uint8_t> (i);
    return digits;
}

constexpr auto digit_of = make_digits ();

}  // namespace

bool z85_encode (std::span<const std::uint8_t> bytes, char *text) noexcept
{
    if (bytes.size () % 4)
        return false;
    for (std::size_t i = 0; i < bytes.size (); i += 4, text += 5) {
        std::uint32_t value = 0;
        for (std::size_t j = 0; j < 4; ++j)
            value = value << 8 | bytes[i + j];
        for (int j = 4; j >= 0; --j) {
            text[j] = alphabet[value % 85];
            value /= 85;
        }
    }
    return true;
}

bool z85_decode (std::string_view text, std::uint8_t *bytes) noexcept
{
    if (text.size () % 5)
        return false;
    for (std::size_t i = 0; i < text.size (); i += 5) {
        std::uint64_t value = 0;
        for (std::size_t j = 0; j < 5; ++j) {
            const std::uint8_t digit = digit_of[static_cast<unsigned char> (text[i + j])];
            if (digit == no_digit)
                return false;
            value = value * 85 + digit;
        }
        if (value > UINT32_MAX)
            return false;
        for (int shift = 24; shift >= 0; shift -= 8)
            *bytes++ = static_cast<std::uint8_t> (value >> shift);
    }
    return true;
}

}  // namespace engine
