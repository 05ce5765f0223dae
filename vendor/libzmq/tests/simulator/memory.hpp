// Memory of the whole program: how much of it is in use, and that it runs out where the simulation wants it.
#pragma once

#include <cstdint>

namespace sim {

// While it lives, one allocation of the engine's fails: the one after `spare` others.
class ShortOfMemory
{
  public:
    explicit ShortOfMemory (int spare) noexcept;
    ~ShortOfMemory ();
    ShortOfMemory (const ShortOfMemory &) = delete;
    ShortOfMemory &operator= (const ShortOfMemory &) = delete;
};
// While it lives, none fails: the simulator's own.
class EnoughMemory
{
  public:
    EnoughMemory () noexcept;
    ~EnoughMemory ();
    EnoughMemory (const EnoughMemory &) = delete;
    EnoughMemory &operator= (const EnoughMemory &) = delete;

  private:
    int before_;
};

// Blocks of operator new that were not freed.
std::int64_t blocks_in_use () noexcept;
std::uint64_t allocations_failed () noexcept;

}  // namespace sim
