// zmq_send, zmq_recv and their kin. Man pages zmq_msg_send(3), zmq_send(3), zmq_sendiov(3) and so on.
#include "api/transfer.hpp"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>

#include <sys/uio.h>

#include "io/large_sends.hpp"

using namespace engine;

namespace engine {

namespace {

// The first try said EAGAIN: does input and output once, then waits if that is wanted.
template <class Attempt>
int persist (SocketGuard &guard, int flags, int timeout, Attempt &&attempt) noexcept
{
    guard->poll_input ();
    const int error = attempt ();
    if (error != EAGAIN || (flags & ZMQ_DONTWAIT) || timeout == 0)
        return error;
    return wait_for (guard, wait_deadline (timeout), attempt);
}

// The message is queued, and so is much else. Lends this thread to the writing for a moment, and not to a peer that does not read:
// the call has succeeded.
void help_out (SocketGuard &guard) noexcept
{
    constexpr Nanoseconds moment = 2 * millisecond;
    const Nanoseconds start = now ();
    if (wait_for (guard, start + moment, [&] { return LargeSends (*guard).congested () ? EAGAIN : 0; }) == EAGAIN)
        LargeSends (*guard).stop_helping (start);
}

}  // namespace

int send_frame (SocketGuard &guard, Msg &frame, int flags) noexcept
{
    const bool large = frame.size () >= LargeSends::shortest;
    const bool more = frame.more ();
    const int error = guard->try_send (frame);
    if (error != EAGAIN) [[likely]] {
        // (Never between the parts of a message: helping lets other threads in.)
        if (large && !more && !error && !(flags & ZMQ_DONTWAIT)) {
            const LargeSends sends (*guard);
            if (sends.may_help () && sends.congested ())
                help_out (guard);
        }
        return error;
    }
    const bool for_ever = guard->options.sndtimeo < 0 && !(flags & ZMQ_DONTWAIT);
    return persist (guard, flags, guard->options.sndtimeo, [&] {
        const int outcome = guard->try_send (frame);
        return outcome == EAGAIN && for_ever && guard->unreachable () ? EHOSTUNREACH : outcome;
    });
}

int send_bytes (SocketGuard &guard, const void *data, std::size_t size, int flags) noexcept
{
    Msg frame;
    const bool direct = size >= LargeSends::shortest && !(flags & ZMQ_SNDMORE) && guard->may_send_direct ();
    if (direct)
        frame.init_lent (data, size);
    else if (const int error = frame.init_copy (data, size))
        return error;
    frame.set_more (flags & ZMQ_SNDMORE);
    const int error = send_frame (guard, frame, flags);
    if (direct && !LargeSends (*guard).own_output (data)) {
        // No memory for a copy, and the caller's is about to change: the message cannot be kept, so its peers are let go.
        LargeSends (*guard).drop_output ();
        return ENOMEM;
    }
    return error;
}

int recv_frame (SocketGuard &guard, Msg &frame, int flags) noexcept
{
    int error = guard->try_recv (frame);
    if (error == EAGAIN)
        error = persist (guard, flags, guard->options.rcvtimeo, [&] { return guard->try_recv (frame); });
    if (error) [[unlikely]]
        frame.reset ();
    return error;
}

}  // namespace engine

namespace {

int send_prepared (SocketGuard &guard, Msg &frame, std::size_t size, int flags) noexcept
{
    frame.set_more (flags & ZMQ_SNDMORE);
    const int error = send_frame (guard, frame, flags);
    return error ? fail (error) : capped (size);
}

}  // namespace

int zmq_send (void *socket, const void *data, size_t size, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!data && size)
            return fail (EFAULT);
        const int error = send_bytes (guard, data, size, flags);
        return error ? fail (error) : capped (size);
    });
}

int zmq_send_const (void *socket, const void *data, size_t size, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!data && size)
            return fail (EFAULT);
        Msg frame;
        frame.init_constant (data, size);
        return send_prepared (guard, frame, size, flags);
    });
}

int zmq_msg_send (zmq_msg_t *message, void *socket, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!message)
            return fail (EFAULT);
        Msg &frame = *reinterpret_cast<Msg *> (message);
        if (!frame.valid ())
            return fail (EFAULT);
        frame.set_metadata (nullptr);
        return send_prepared (guard, frame, frame.size (), flags);
    });
}

int zmq_sendmsg (void *socket, zmq_msg_t *message, int flags) { return zmq_msg_send (message, socket, flags); }

int zmq_recv (void *socket, void *buffer, size_t size, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!buffer && size)
            return fail (EFAULT);
        Msg frame;
        if (const int error = recv_frame (guard, frame, flags))
            return fail (error);
        frame.drop_metadata (&*guard);
        if (const std::size_t part = std::min (size, frame.size ()))
            std::memcpy (buffer, frame.data (), part);
        return capped (frame.size ());
    });
}

int zmq_msg_recv (zmq_msg_t *message, void *socket, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!message)
            return fail (EFAULT);
        Msg &frame = *reinterpret_cast<Msg *> (message);
        if (!frame.valid ())
            return fail (EFAULT);
        const int error = recv_frame (guard, frame, flags);
        return error ? fail (error) : capped (frame.size ());
    });
}

int zmq_recvmsg (void *socket, zmq_msg_t *message, int flags) { return zmq_msg_recv (message, socket, flags); }

int zmq_sendiov (void *socket, struct iovec *parts, size_t count, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!parts || count == 0)
            return fail (EINVAL);
        int rc = 0;
        for (std::size_t i = 0; i < count; ++i) {
            Msg frame;
            if (const int error = frame.init_copy (parts[i].iov_base, parts[i].iov_len))
                return fail (error);
            // The last part ends the message even if more was asked for.
            const int part_flags = i + 1 == count ? flags & ~ZMQ_SNDMORE : flags;
            rc = send_prepared (guard, frame, parts[i].iov_len, part_flags);
            if (rc < 0)
                return -1;
        }
        return rc;
    });
}

int zmq_recviov (void *socket, struct iovec *parts, size_t *count, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!parts || !count || *count == 0)
            return fail (EINVAL);
        const std::size_t most = *count;
        *count = 0;
        bool more = true;
        while (more && *count < most) {
            Msg frame;
            if (const int error = recv_frame (guard, frame, flags))
                return fail (error);
            const std::size_t size = frame.size ();
            void *const copy = std::malloc (size ? size : 1);
            if (!copy)
                return fail (ENOMEM);
            if (size)
                std::memcpy (copy, frame.data (), size);
            parts[*count].iov_base = copy;
            parts[*count].iov_len = size;
            ++*count;
            more = frame.more ();
        }
        return static_cast<int> (*count);
    });
}
