// One function for each socket type, defined in the file of that type: its row of the table. Only table.cpp needs them.
#pragma once

#include <cstdint>

#include "pattern/pattern.hpp"

namespace engine {

PatternRow pair_row () noexcept;
PatternRow pub_row () noexcept;
PatternRow sub_row () noexcept;
PatternRow req_row () noexcept;
PatternRow rep_row () noexcept;
PatternRow dealer_row () noexcept;
PatternRow router_row () noexcept;
PatternRow pull_row () noexcept;
PatternRow push_row () noexcept;
PatternRow xpub_row () noexcept;
PatternRow xsub_row () noexcept;
PatternRow stream_row () noexcept;

// The set of peer types for PatternRow::compatible.
template <class... Types>
constexpr std::uint32_t peer_types (Types... types) noexcept
{
    return ((std::uint32_t{1} << types) | ... | std::uint32_t{0});
}

}  // namespace engine
