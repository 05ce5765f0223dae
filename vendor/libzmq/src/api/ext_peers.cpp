// zmq_ext.h: who is there, waiting for them and until all has been sent, and monitors for it.
#include <zmq_ext.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <string_view>
#include <vector>

#include "api/each_socket.hpp"
#include "api/handles.hpp"
#include "base/errors.hpp"
#include "core/monitor.hpp"
#include "core/wait.hpp"
#include "transport/transport.hpp"

using namespace engine;

namespace {

// A list for a caller whose structs may be shorter or longer than ours. How many there are.
template <class Entry>
int give (const std::vector<Entry> &list, Entry *out, std::size_t count, std::size_t size) noexcept
{
    char *place = reinterpret_cast<char *> (out);
    for (std::size_t i = 0; i < std::min (count, list.size ()); ++i, place += size) {
        std::memset (place, 0, size);
        std::memcpy (place, &list[i], std::min (size, sizeof list[i]));
    }
    return static_cast<int> (std::min<std::size_t> (list.size (), INT_MAX));
}

int check_list (const void *out, std::size_t count, std::size_t size) noexcept { return !out && count ? EFAULT : size == 0 ? EINVAL : 0; }

// Until `look`, called with the socket held, says something else than EAGAIN.
template <class Look>
int wait_until (SocketGuard &guard, long timeout, Look &&look)
{
    if (guard->strand ().doorbell.pending ())
        guard->run_mailbox ();
    guard->poll_input ();
    const int error = look ();
    return error == EAGAIN && timeout != 0 ? wait_for (guard, deadline_in (timeout), look) : error;
}

// Counted among those whom the end of output is told to.
class FlushWaiter
{
  public:
    explicit FlushWaiter (SocketGuard &guard) noexcept : guard_ (guard) { ++guard_->flush_waiters; }
    ~FlushWaiter () { --guard_->flush_waiters; }
    FlushWaiter (const FlushWaiter &) = delete;
    FlushWaiter &operator= (const FlushWaiter &) = delete;

  private:
    SocketGuard &guard_;
};

}  // namespace

// ---- who is there ----

int zmq_ext_socket_peers (void *socket, zmq_ext_peer_t *peers, size_t count, size_t size)
{
    return guarded (-1, [&] {
        Strand *const strand = Strand::from_handle (socket);
        if (!strand || strand->foreign ())
            return fail (ENOTSOCK);
        SocketGuard guard (*strand, StrandGuard::Who::engine);
        if (!guard)
            return fail (ENOTSOCK);
        if (const int error = check_list (peers, count, size))
            return fail (error);
        if (guard->strand ().doorbell.pending ())
            guard->run_mailbox ();
        return give (guard->peers (), peers, count, size);
    });
}

int zmq_ext_subscribers (void *socket, const void *topic, size_t size) { return zmq_ext_wait_subscribers (socket, topic, size, 0, 0); }

int zmq_ext_ctx_sockets (void *handle, zmq_ext_socket_t *sockets, size_t count, size_t size)
{
    return guarded (-1, [&] {
        const VisitedContext context (handle);
        if (!context)
            return fail (EFAULT);
        if (const int error = check_list (sockets, count, size))
            return fail (error);
        std::vector<zmq_ext_socket_t> list;
        for_each_socket (*context, [&list] (const Socket &socket) {
            list.emplace_back ();
            socket.fill_socket (list.back ());
        });
        return give (list, sockets, count, size);
    });
}

// ---- events ----

int zmq_ext_socket_monitor (void *socket, const char *text, uint64_t events)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!text)
            return fail (EINVAL);
        if (events == 0)
            return result (guard->stop_monitor (std::string (text)));
        EndpointName endpoint;
        if (const int error = parse_endpoint (text, endpoint))
            return fail (error);
        if (endpoint.transport != "inproc")
            return fail (EPROTONOSUPPORT);
        return result (guard->start_monitor (text, events, Monitor::extended, ZMQ_PUSH));
    });
}

// ---- waiting ----

int zmq_ext_wait_peers (void *socket, size_t count, long timeout)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        std::size_t up = 0;
        const auto look = [&] {
            up = guard->peers_up ();
            return up >= count ? 0 : EAGAIN;
        };
        const int error = wait_until (guard, timeout, look);
        return error ? fail (error) : static_cast<int> (std::min<std::size_t> (up, INT_MAX));
    });
}

int zmq_ext_wait_subscribers (void *socket, const void *topic, size_t size, size_t count, long timeout)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!topic && size)
            return fail (EFAULT);
        int found = 0;
        const auto look = [&] {
            try {
                found = guard->pattern ().subscribers ({static_cast<const char *> (topic), size});
            } catch (...) {
                return current_exception_error ();
            }
            return found < 0 ? ENOTSUP : static_cast<std::size_t> (found) >= count ? 0 : EAGAIN;
        };
        const int error = wait_until (guard, timeout, look);
        return error ? fail (error) : found;
    });
}

int zmq_ext_flush (void *socket, long timeout)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        const FlushWaiter waiter (guard);
        return result (wait_until (guard, timeout, [&] { return guard->anything_unsent () ? EAGAIN : 0; }));
    });
}
