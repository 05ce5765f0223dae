// library.hpp - what not every libzmq has: zmq_poller_*, our engine's context options, sockets that threads may share.
// Owns: looking these up by name. Leaves to others: using them.
#pragma once

#include <zmq.h>

namespace stress {

struct PollerEvent
{
    void *socket;
    int fd;
    void *user_data;
    short events;
};

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
// The engine this program belongs to, whose sockets threads may share.
bool ours () noexcept;

// Context options of our engine (zmq_ext.h).
inline constexpr int option_spin = 23041;
inline constexpr int option_attend = 23042;
inline constexpr int option_poller = 23043;

}  // namespace stress
