// One row of the table for each socket type, defined in the file of that type and constant-initialised. Only table.cpp needs them.
#pragma once

#include <cstdint>

#include "pattern/pattern.hpp"

namespace engine {

extern const PatternRow pair_row;
extern const PatternRow pub_row;
extern const PatternRow sub_row;
extern const PatternRow req_row;
extern const PatternRow rep_row;
extern const PatternRow dealer_row;
extern const PatternRow router_row;
extern const PatternRow pull_row;
extern const PatternRow push_row;
extern const PatternRow xpub_row;
extern const PatternRow xsub_row;
extern const PatternRow stream_row;

// The set of peer types for PatternRow::compatible.
template <class... Types>
constexpr std::uint32_t peer_types (Types... types) noexcept
{
    return ((std::uint32_t{1} << types) | ... | std::uint32_t{0});
}

}  // namespace engine
