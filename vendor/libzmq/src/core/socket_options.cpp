// Options of a socket as a whole: the pattern's first, then the generic table, then what only the socket can compute.
#include <cerrno>
#include <cstring>

#include <zmq.h>

#include "core/socket.hpp"
#include "mechanism/curve.hpp"
#include "strand/strand.hpp"

namespace engine {

namespace {

// A computed int: the buffer may be larger, the rest is zeroed (options.md, rule 4).
int give_int (int number, void *value, std::size_t *size) noexcept
{
    if (*size < sizeof number)
        return EINVAL;
    std::memset (value, 0, *size);
    std::memcpy (value, &number, sizeof number);
    *size = sizeof number;
    return 0;
}

}  // namespace

std::shared_ptr<Options> Socket::snapshot () const
{
    auto copy = std::make_shared<Options> (options);
    if (copy->mechanism == ZMQ_CURVE && copy->as_server)
        copy->curve_own_key = curve_public_key (copy->curve_secretkey);
    return copy;
}

void Socket::limits_changed () noexcept
{
    if (strand_.doorbell.pending ())
        run_mailbox ();  // it holds for those too who have connected since
    for (const auto &pipe : inproc_pipes_)
        if (!pipe->for_engine)
            pipe->limits_changed (options.sndhwm, options.rcvhwm);
    for (const auto &pipe : pipes_)
        pipe->limits_changed ();
}

int Socket::set_option (int option, const void *value, std::size_t size) noexcept
try {
    const int of_pattern = pattern_->set_option (option, value, size);
    if (option != ZMQ_INVERT_MATCHING && of_pattern != EINVAL) {
        batching_.after_send ();
        return of_pattern;
    }
    if (option == ZMQ_ROUTER_NOTIFY && !type_.wants_peer_routing_id)
        return EINVAL;
    if (option == ZMQ_STREAM_NOTIFY && !type_.raw)
        return EINVAL;
    const int error = engine::set_option (options, option, value, size);
    if (!error && (option == ZMQ_SNDHWM || option == ZMQ_RCVHWM))
        limits_changed ();
    return error;
} catch (...) {
    return ENOMEM;
}

int Socket::export_fd () noexcept
{
    const bool first = !strand_.doorbell.exported ();
    const int fd = attendance_.export_fd ();
    // What came before there was a bell to ring must not stay unnoticed.
    if (fd >= 0 && first && (strand_.doorbell.pending () || (!(pipes_.empty () && inproc_pipes_.empty ()) && events ())))
        strand_.doorbell.ring ();
    return fd;
}

int Socket::get_option (int option, void *value, std::size_t *size) noexcept
try {
    switch (option) {
    case ZMQ_RCVMORE:
        return give_int (receiving_more_, value, size);
    case ZMQ_TYPE:
        return *size == sizeof (int) ? give_int (type_.number, value, size) : EINVAL;
    case ZMQ_EXT_UNREACHABLE:
        return give_int (unreachable (), value, size);
    case ZMQ_THREAD_SAFE:
        return give_int (type_.thread_safe, value, size);
    case ZMQ_FD:
    case ZMQ_EXT_FD: {
        if (*size < sizeof (int) || (option == ZMQ_FD && type_.thread_safe))
            return EINVAL;
        const int fd = export_fd ();
        return fd < 0 ? errno : give_int (fd, value, size);
    }
    case ZMQ_EVENTS: {
        if (*size < sizeof (int))
            return EINVAL;
        // The bell first: what rings after that is news.
        if (strand_.doorbell.exported ())
            strand_.doorbell.quiet ();
        // That may have taken back the ring of the context's end, which came after this call had begun.
        if (terminated ())
            return ETERM;
        if (strand_.doorbell.pending ())
            run_mailbox ();
        attendance_.note_asked ();
        poll_input ();
        // The caller learns it from the answer.
        if (!strand_.doorbell.several_watchers ()) {
            activity_ = activity_ && strand_.doorbell.has_waiters ();
            room_ = false;
        }
        return give_int (events (), value, size);
    }
    case ZMQ_LAST_ENDPOINT: {
        const std::size_t length = options.last_endpoint.size () + 1;
        if (*size < length)
            return EINVAL;
        std::memset (value, 0, *size);
        std::memcpy (value, options.last_endpoint.data (), length - 1);
        *size = length;
        return 0;
    }
    default:
        break;
    }
    const int error = pattern_->get_option (option, value, size);
    return error == EINVAL ? engine::get_option (options, option, value, size) : error;
} catch (...) {
    return ENOMEM;
}

}  // namespace engine
