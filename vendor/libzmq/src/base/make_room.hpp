// Room in a list before something that must not fail is put into it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace engine {

// For `count` in all. (std::vector::reserve, called for one more each time, would move all of them each time.) Throws std::bad_alloc.
template <class Held>
void make_room (std::vector<Held> &list, std::size_t count)
{
    if (list.capacity () < count)
        list.reserve (std::max (count, 2 * list.capacity ()));
}

}  // namespace engine
