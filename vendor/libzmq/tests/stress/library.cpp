// library.cpp - see library.hpp.
#include "library.hpp"

#include <type_traits>

namespace stress {

const PollerFunctions *poller_functions () noexcept
{
    static PollerFunctions functions;
    static const bool found = [] {
        const auto look_up = [] (auto &function, const char *name) {
            function = conf::symbol<std::remove_pointer_t<std::remove_reference_t<decltype (function)>>> (name);
            return function != nullptr;
        };
        return look_up (functions.make, "zmq_poller_new") && look_up (functions.destroy, "zmq_poller_destroy") &&
               look_up (functions.add, "zmq_poller_add") && look_up (functions.modify, "zmq_poller_modify") &&
               look_up (functions.wait, "zmq_poller_wait");
    }();
    return found ? &functions : nullptr;
}

}  // namespace stress
