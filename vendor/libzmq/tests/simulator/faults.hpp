// Faults that the simulator puts in on purpose, to show that it would see them: what no network does, and what an engine must not do.
// One is chosen by `--with-fault NAME`; each makes a run fail.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "random.hpp"

namespace sim {

class IntendedFault
{
  public:
    enum class Kind : std::uint8_t
    {
        none,
        drop_byte,
        flip_bit,
        repeat_byte,
        double_message,
        swallow_message,
        swap_messages,
        deaf,
        leak
    };
    static constexpr std::string_view names[] = {
      "none", "drop-byte", "flip-bit", "repeat-byte", "double-message", "swallow-message", "swap-messages", "deaf", "leak"};

    // False: no such fault.
    bool choose (std::string_view name) noexcept
    {
        for (std::size_t i = 0; i < std::size (names); ++i)
            if (names[i] == name) {
                kind_ = static_cast<Kind> (i);
                return true;
            }
        return false;
    }
    void seed (std::uint64_t value) noexcept { random_ = Random (value); }

    // The newest `count` of the bytes that were written.
    void spoil (std::vector<std::uint8_t> &bytes, std::size_t count)
    {
        if (kind_ > Kind::repeat_byte || kind_ == Kind::none || count == 0 || !random_.one_in (400))
            return;
        const auto at = bytes.end () - 1 - static_cast<std::ptrdiff_t> (random_.below (count));
        if (kind_ == Kind::drop_byte)
            bytes.erase (at);
        else if (kind_ == Kind::flip_bit)
            *at = static_cast<std::uint8_t> (*at ^ (1U << random_.below (8)));
        else
            bytes.insert (at, *at);
    }
    bool doubles () noexcept { return kind_ == Kind::double_message && random_.one_in (200); }
    bool swallows () noexcept { return kind_ == Kind::swallow_message && random_.one_in (200); }
    bool swaps () noexcept { return kind_ == Kind::swap_messages && random_.one_in (50); }
    bool deaf () const noexcept { return kind_ == Kind::deaf; }
    bool leaks () noexcept { return kind_ == Kind::leak && random_.one_in (100); }

  private:
    Kind kind_ = Kind::none;
    Random random_{1};
};

extern IntendedFault intended;

}  // namespace sim
