// See sha1.hpp.
#include "base/sha1.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

namespace engine {

namespace {

constexpr std::size_t block_size = 64;
constexpr std::size_t length_at = block_size - 8;

using State = std::array<std::uint32_t, 5>;
using Block = std::array<std::uint8_t, block_size>;

void mix (State &state, const Block &block) noexcept
{
    std::array<std::uint32_t, 80> words{};
    for (std::size_t i = 0; i < 16; ++i)
        for (std::size_t byte = 0; byte < 4; ++byte)
            words[i] = words[i] << 8 | block[4 * i + byte];
    for (std::size_t i = 16; i < words.size (); ++i)
        words[i] = std::rotl (words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);

    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < words.size (); ++i) {
        std::uint32_t chosen = 0;
        if (i < 20)
            chosen = ((b & c) | (~b & d)) + 0x5a827999u;
        else if (i < 40)
            chosen = (b ^ c ^ d) + 0x6ed9eba1u;
        else if (i < 60)
            chosen = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
        else
            chosen = (b ^ c ^ d) + 0xca62c1d6u;
        const std::uint32_t next = std::rotl (a, 5) + chosen + e + words[i];
        e = d;
        d = c;
        c = std::rotl (b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

}  // namespace

std::array<std::uint8_t, sha1_size> sha1 (std::string_view text) noexcept
{
    State state = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    Block block;
    std::string_view rest = text;
    for (; rest.size () >= block_size; rest.remove_prefix (block_size)) {
        std::memcpy (block.data (), rest.data (), block_size);
        mix (state, block);
    }
    block.fill (0);
    std::copy (rest.begin (), rest.end (), block.begin ());
    block[rest.size ()] = 0x80;
    if (rest.size () >= length_at) {
        mix (state, block);
        block.fill (0);
    }
    std::uint64_t bits = std::uint64_t{text.size ()} * 8;
    for (std::size_t at = block_size; at-- > length_at; bits >>= 8)
        block[at] = static_cast<std::uint8_t> (bits);
    mix (state, block);

    std::array<std::uint8_t, sha1_size> out{};
    for (std::size_t i = 0; i < out.size (); ++i)
        out[i] = static_cast<std::uint8_t> (state[i / 4] >> (24 - 8 * (i % 4)));
    return out;
}

}  // namespace engine
