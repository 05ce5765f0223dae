// random.hpp - the random numbers of a round: the same for the same seed on every machine.
// Owns: the generator. Leaves to others: what is drawn (plan.cpp), and what each thread does with its own (round.hpp).
#pragma once

#include <cstdint>

namespace stress {

class Random
{
  public:
    explicit Random (std::uint64_t seed) noexcept : _state (seed) {}

    // splitmix64
    std::uint64_t next () noexcept
    {
        std::uint64_t value = _state += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
    // 0 to limit - 1.
    std::uint32_t below (std::uint32_t limit) noexcept { return static_cast<std::uint32_t> (next () % limit); }
    bool one_in (std::uint32_t count) noexcept { return below (count) == 0; }
    template <class Value, std::size_t count>
    Value pick (const Value (&values)[count]) noexcept
    {
        return values[below (count)];
    }

  private:
    std::uint64_t _state;
};

}  // namespace stress
