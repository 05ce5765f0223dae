// The only source of chance in a simulation: xoshiro256** (Blackman and Vigna), seeded by SplitMix64. The same seed gives the same draws
// on every machine, which is why <random>'s distributions are not used.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sim {

class Random
{
  public:
    explicit Random (std::uint64_t seed) noexcept
    {
        for (std::uint64_t &word : state_)
            word = mix (seed += 0x9e3779b97f4a7c15);
    }
    static std::uint64_t mix (std::uint64_t value) noexcept
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    std::uint64_t next () noexcept
    {
        const std::uint64_t result = rotate (state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate (state_[3], 45);
        return result;
    }
    // Of 0 to limit - 1.
    std::uint64_t below (std::uint64_t limit) noexcept
    {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t> ((static_cast<Wide> (next ()) * limit) >> 64);
    }
    std::uint64_t between (std::uint64_t least, std::uint64_t most) noexcept { return least + below (most - least + 1); }
    bool one_in (std::uint64_t count) noexcept { return below (count) == 0; }
    template <class T, std::size_t count>
    T pick (const T (&of)[count]) noexcept
    {
        return of[below (count)];
    }

  private:
    static std::uint64_t rotate (std::uint64_t value, int by) noexcept { return (value << by) | (value >> (64 - by)); }
    std::uint64_t state_[4];
};

}  // namespace sim
