// See framing.hpp.
#include "zmtp/framing.hpp"

#include <cstring>

namespace engine {

namespace {

using Word = std::uint64_t;

Word doubled (std::uint32_t mask) noexcept { return static_cast<Word> (mask) << 32 | mask; }

}  // namespace

void apply_mask (std::uint32_t mask, std::span<std::uint8_t> body) noexcept
{
    copy_masked (mask, body.data (), body.data (), body.size ());
}

// (The compiler makes wider words of this where there are any.)
void copy_masked (std::uint32_t mask, const std::uint8_t *from, std::uint8_t *to, std::size_t size) noexcept
{
    const Word words = doubled (mask);
    constexpr std::size_t stride = 8 * sizeof (Word);
    std::size_t at = 0;
    for (; size - at >= stride; at += stride) {
        Word part[8];
        std::memcpy (part, from + at, stride);
        for (Word &word : part)
            word ^= words;
        std::memcpy (to + at, part, stride);
    }
    for (; size - at >= sizeof (Word); at += sizeof (Word)) {
        Word word;
        std::memcpy (&word, from + at, sizeof word);
        word ^= words;
        std::memcpy (to + at, &word, sizeof word);
    }
    std::uint8_t bytes[sizeof (Word)];
    std::memcpy (bytes, &words, sizeof words);
    for (std::size_t rest = 0; at < size; ++at, ++rest)
        to[at] = static_cast<std::uint8_t> (from[at] ^ bytes[rest]);
}

}  // namespace engine
