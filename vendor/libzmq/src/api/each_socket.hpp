// All sockets of a context, those that were closed and linger among them.
#pragma once

#include <utility>

#include "core/context.hpp"
#include "core/socket_guard.hpp"

namespace engine {

// Calls visit (socket) for each, with only that one's strand held. Throws std::bad_alloc, and what `visit` throws.
template <class Visit>
void for_each_socket (Context &context, Visit &&visit)
{
    for (Strand *const strand : context.strands ()) {
        SocketGuard guard (*strand, StrandGuard::Who::engine);
        if (guard && &guard->context () == &context)
            visit (*guard);
    }
}

}  // namespace engine
