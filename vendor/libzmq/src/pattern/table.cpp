// The list of all socket types. A row is made by the file of its type; nothing else registers anything.
#include "pattern/patterns.hpp"

namespace engine {

namespace {

// In order of type number, PAIR = 0 to STREAM = 11. The draft types SERVER (12) to CHANNEL (20) are to follow here.
// Nothing is made at first use: a child of a process that has threads may use it whatever they were doing at the fork.
constexpr const PatternRow *rows[] = {
  &pair_row, &pub_row, &sub_row, &req_row, &rep_row, &dealer_row, &router_row, &pull_row, &push_row, &xpub_row, &xsub_row, &stream_row,
};

}  // namespace

std::span<const PatternRow *const> pattern_table () noexcept { return rows; }

const PatternRow *find_pattern (int type) noexcept
{
    for (const PatternRow *row : rows)
        if (row->type == type)
            return row;
    return nullptr;
}

}  // namespace engine
