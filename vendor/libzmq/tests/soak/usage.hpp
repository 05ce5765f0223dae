// What this process has of the system: what a soak looks at, and names when there is more of it.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace soak {

struct Usage
{
    std::map<std::string, int> descriptors;  // of each kind
    int threads = 0;
    std::size_t heap = 0;      // bytes allocated and not freed
    std::size_t resident = 0;  // bytes

    static Usage now ();
    int descriptor_count () const;
    // What there is more of than before; empty: nothing.
    std::string more_than (const Usage &before) const;
};

}  // namespace soak
