// zmq_ext.h: single parts in batches or to memory of the caller's choice, counters, spinning, signal masks. Whole messages are
// ext_messages.cpp's.
#include <zmq_ext.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <new>
#include <utility>

#include "api/each_socket.hpp"
#include "api/transfer.hpp"
#include "core/stats.hpp"

using namespace engine;

int zmq_ext_send_many (void *socket, const zmq_ext_bytes_t *messages, size_t count, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (flags & ZMQ_SNDMORE)
            return fail (EINVAL);
        if (!messages && count)
            return fail (EFAULT);
        count = std::min<std::size_t> (count, INT_MAX);
        for (std::size_t i = 0; i < count; ++i) {
            Msg frame;
            int error = !messages[i].data && messages[i].size ? EFAULT : frame.init_copy (messages[i].data, messages[i].size);
            if (!error)
                error = send_frame (guard, frame, flags);
            if (error)
                return i > 0 ? static_cast<int> (i) : fail (error);
        }
        return static_cast<int> (count);
    });
}

int zmq_ext_recv_many (void *socket, zmq_msg_t *frames, size_t count, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!frames || count == 0)
            return fail (frames ? EINVAL : EFAULT);
        Msg *const out = reinterpret_cast<Msg *> (frames);
        count = std::min<std::size_t> (count, INT_MAX);
        if (const int error = recv_frame (guard, out[0], flags))
            return fail (error);
        std::size_t taken = 1;
        int error = 0;
        while (taken < count && (error = guard->try_recv (out[taken])) == 0)
            ++taken;
        if (error && error != EAGAIN) [[unlikely]]
            while (taken > 0 && out[taken - 1].more ())  // of a message whose rest is lost nothing is given
                out[--taken].reset ();
        return taken > 0 ? static_cast<int> (taken) : fail (error);
    });
}

int zmq_ext_recv_placed (void *socket, zmq_ext_place_t *place, void *hint, zmq_msg_t *message, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!place || !message)
            return fail (EFAULT);
        Msg frame;
        if (const int error = recv_frame (guard, frame, flags))
            return fail (error);
        frame.drop_metadata (&*guard);
        const std::size_t size = frame.size ();
        if (void *const there = place (size, hint))
            std::memcpy (there, frame.data (), size);
        else
            new (static_cast<void *> (message)) Msg (std::move (frame));
        return capped (size);
    });
}

int zmq_ext_socket_stats (void *socket, zmq_ext_stats_t *stats, size_t size)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!stats)
            return fail (EFAULT);
        if (size == 0)
            return fail (EINVAL);
        zmq_ext_stats_t now;
        guard->fill_stats (now);
        std::memset (stats, 0, size);
        std::memcpy (stats, &now, std::min (size, sizeof now));
        return 0;
    });
}

int zmq_ext_ctx_stats (void *handle, zmq_ext_stats_t *stats, size_t size)
{
    return guarded (-1, [&] {
        const VisitedContext context (handle);
        if (!context || !stats)
            return fail (EFAULT);
        if (size == 0)
            return fail (EINVAL);
        zmq_ext_stats_t sum{};
        // Those first: one that ends meanwhile must not be counted twice.
        const zmq_ext_stats_t ended = context->ended_stats ();
        for_each_socket (*context, [&sum] (const Socket &socket) {
            zmq_ext_stats_t one;
            socket.fill_stats (one);
            add (sum, one);
        });
        zmq_ext_stats_t past = ended;
        complete (past);
        add (sum, past);
        std::memset (stats, 0, size);
        std::memcpy (stats, &sum, std::min (size, sizeof sum));
        return 0;
    });
}

namespace {

// The message came from another thread of this process, which at this moment still holds the lock that our caller wants next
// (the GIL) and is about to let go of it. Colliding there costs both a system call and one a wake-up, many times this.
void linger_a_moment (SocketGuard &guard) noexcept
{
    constexpr Nanoseconds moment = 500;
    guard.unlock ();
    const Nanoseconds stop = now () + moment;
    while (now () < stop) {
    }
    guard.relock ();
}

}  // namespace

int zmq_ext_spin (void *socket, int events)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        SpinMemory::current ().take_done ();
        bool spun = false;
        for (Spin spin (guard->context ().spin_time (), never, guard->subscribes ()); spin.going (); spun = true) {
            if (guard->ready_now (events)) {
                spin.succeeded ();
                if (spun && guard->attendance ().count () == 0)
                    linger_a_moment (guard);
                return 1;
            }
            guard.unlock ();
            if (!guard.relock_after_yield (spin))
                return fail (ENOTSOCK);
            if (guard->terminated ())
                return fail (ETERM);
        }
        SpinMemory::current ().spin_is_done ();
        return 0;
    });
}

int zmq_ext_wait_sigmask (const void *sigset)
{
    set_wait_mask (sigset);
    return 0;
}

int zmq_ext_wait_deadline (int64_t milliseconds)
{
    set_wait_deadline (milliseconds);
    return 0;
}

int zmq_ext_wait_limit (int milliseconds)
{
    set_wait_limit (milliseconds);
    return 0;
}
