// library.hpp - what not every libzmq has: zmq_poller_*, our engine's context options, sockets that threads may share.
// Owns: the functions and numbers needed here. Leaves to others: which library it is (conformance/support/engine.hpp), using them.
#pragma once

#include "engine.hpp"

namespace stress {

// The engine this program belongs to, whose sockets threads may share.
using conf::ours;
using conf::PollerEvent;

struct PollerFunctions
{
    void *(*make) ();
    int (*destroy) (void **);
    int (*add) (void *, void *, void *, short);
    int (*modify) (void *, void *, short);
    int (*wait) (void *, PollerEvent *, long);
};

// Null where the library does not export them.
const PollerFunctions *poller_functions () noexcept;

// Context options of our engine (zmq_ext.h).
inline constexpr int option_spin = 23041;
inline constexpr int option_attend = conf::ctx_ext_attend;
inline constexpr int option_poller = 23043;

}  // namespace stress
