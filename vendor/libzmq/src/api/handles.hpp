// What every C function that takes a context or a socket begins with: is the handle one, is it open, does its context still run.
#pragma once

#include <cerrno>

#include <zmq.h>

#include "base/errors.hpp"
#include "core/context.hpp"
#include "core/socket_guard.hpp"
#include "strand/strand.hpp"

namespace engine {

// Runs work (SocketGuard &) with the socket's strand held; its result is the C function's. ENOTSOCK, ETERM.
template <class Work>
auto with_socket (void *handle, Work &&work) noexcept -> decltype (work (*static_cast<SocketGuard *> (nullptr)))
{
    Strand *const strand = Strand::from_handle (handle);
    if (!strand) {
        errno = ENOTSOCK;
        return -1;
    }
    SocketGuard guard (*strand);
    if (!guard) {
        errno = ENOTSOCK;
        return -1;
    }
    if (guard->terminated ()) [[unlikely]] {
        errno = ETERM;
        return -1;
    }
    try {
        return work (guard);
    } catch (...) {
        errno = current_exception_error ();
        return -1;
    }
}

// The context behind a handle, null with errno EFAULT.
inline Context *context_of (void *handle) noexcept
{
    Context *const context = Context::from_handle (handle);
    if (!context)
        errno = EFAULT;
    return context;
}

}  // namespace engine
