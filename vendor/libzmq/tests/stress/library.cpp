// library.cpp - see library.hpp.
#include "library.hpp"

#include <type_traits>

#include <dlfcn.h>

namespace stress {

const PollerFunctions *poller_functions () noexcept
{
    static PollerFunctions functions;
    static const bool found = [] {
        const auto look_up = [] (auto &function, const char *name) {
            function = reinterpret_cast<std::remove_reference_t<decltype (function)>> (dlsym (RTLD_DEFAULT, name));
            return function != nullptr;
        };
        return look_up (functions.make, "zmq_poller_new") && look_up (functions.destroy, "zmq_poller_destroy") &&
               look_up (functions.add, "zmq_poller_add") && look_up (functions.modify, "zmq_poller_modify") &&
               look_up (functions.wait, "zmq_poller_wait");
    }();
    return found ? &functions : nullptr;
}

bool ours () noexcept
{
    static const bool found = dlsym (RTLD_DEFAULT, "zmq_ext_version") != nullptr;
    return found;
}

}  // namespace stress
