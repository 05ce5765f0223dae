// The list of all socket types. A row is made by the file of its type; nothing else registers anything.
#include <iterator>

#include "pattern/patterns.hpp"

namespace engine {

std::span<const PatternRow> pattern_table () noexcept
{
    // In order of type number, PAIR = 0 to STREAM = 11. The draft types SERVER (12) to CHANNEL (20) are to follow here.
    static const PatternRow rows[] = {
      pair_row (),   pub_row (),  sub_row (),  req_row (),  rep_row (),  dealer_row (),
      router_row (), pull_row (), push_row (), xpub_row (), xsub_row (), stream_row (),
    };
    return rows;
}

const PatternRow *find_pattern (int type) noexcept
{
    for (const PatternRow &row : pattern_table ())
        if (row.type == type)
            return &row;
    return nullptr;
}

}  // namespace engine
