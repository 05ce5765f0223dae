// See base64.hpp.
#include "base/base64.hpp"

namespace engine {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_encode (std::span<const std::uint8_t> bytes)
{
    std::string text;
    text.reserve ((bytes.size () + 2) / 3 * 4);
    for (; !bytes.empty (); bytes = bytes.subspan (bytes.size () < 3 ? bytes.size () : 3)) {
        const unsigned group =
          bytes[0] << 16 | (bytes.size () > 1 ? bytes[1] << 8 : 0) | (bytes.size () > 2 ? static_cast<unsigned> (bytes[2]) : 0u);
        text += alphabet[group >> 18];
        text += alphabet[group >> 12 & 63];
        text += bytes.size () > 1 ? alphabet[group >> 6 & 63] : '=';
        text += bytes.size () > 2 ? alphabet[group & 63] : '=';
    }
    return text;
}

bool is_base64_of (std::string_view text, std::size_t size) noexcept
{
    if (text.size () != (size + 2) / 3 * 4)
        return false;
    const std::size_t padding = (3 - size % 3) % 3;
    for (std::size_t i = 0; i < padding; ++i)
        if (text[text.size () - 1 - i] != '=')
            return false;
    text.remove_suffix (padding);
    std::size_t last = 0;
    for (const char character : text)
        if ((last = alphabet.find (character)) == std::string_view::npos)
            return false;
    return (last & ((1u << 2 * padding) - 1)) == 0;
}

}  // namespace engine
