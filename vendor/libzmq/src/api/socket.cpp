// zmq_socket, zmq_close, options, endpoints and monitors. Man pages zmq_socket(3), zmq_bind(3), zmq_setsockopt(3) and so on.
#include <cstring>
#include <utility>

#include "api/handles.hpp"
#include "io/listener.hpp"
#include "mechanism/mechanism.hpp"
#include "pattern/socket_type.hpp"
#include "transport/datagram_transport.hpp"
#include "transport/descriptor.hpp"
#include "transport/transport.hpp"

using namespace engine;

void *zmq_socket (void *context_, int type)
{
    Context *const context = context_of (context_);
    if (!context)
        return nullptr;
    if (context->foreign ()) {
        errno = ETERM;
        return nullptr;
    }
    return context->make_socket (type);
}

int zmq_close (void *socket)
{
    Strand *const strand = Strand::from_handle (socket);
    if (!strand)
        return fail (ENOTSOCK);
    if (strand->foreign ())
        return 0;  // inherited over fork: the parent's
    SocketGuard guard (*strand);
    if (!guard)
        return fail (ENOTSOCK);
    guard.forget_handle ();
    guard->close ();
    return 0;
}

int zmq_setsockopt (void *socket, int option, const void *value, size_t size)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!value && size)
            return fail (EINVAL);
        return result (guard->set_option (option, value, size));
    });
}

int zmq_getsockopt (void *socket, int option, void *value, size_t *size)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!value || !size)
            return fail (EINVAL);
        return result (guard->get_option (option, value, size));
    });
}

namespace {

// An endpoint taken apart. Both null: inproc's.
struct Place
{
    std::string address;
    const Transport *stream = nullptr;
    const DatagramTransport *datagrams = nullptr;
};

// 0 or errno.
int take_apart (const char *text, Place &place)
{
    if (!text)
        return EINVAL;
    EndpointName name;
    if (const int error = parse_endpoint (text, name))
        return error;
    place.address = std::move (name.address);
    if (name.transport == "inproc")
        return 0;
    place.stream = find_transport (name.transport);
    place.datagrams = find_datagram_transport (name.transport);
    return place.stream || place.datagrams ? 0 : EPROTONOSUPPORT;
}

// Likewise, to bind or connect: what TLS said of another endpoint is not said of this one.
int take_apart (SocketGuard &guard, const char *text, Place &place)
{
    const int error = take_apart (text, place);
    if ((error || (place.stream && place.stream->prepare)) && guard->options.tls_report)
        guard->options.tls_report->note ({});
    return error;
}

// A mechanism that is not built must not turn into a connection that never comes up. 0 or EPROTONOSUPPORT.
int check_mechanism (const Options &options) noexcept { return find_mechanism (options.mechanism) ? 0 : EPROTONOSUPPORT; }

// The options of an endpoint to be, with what its transport makes of them. That may read files, so it happens with the strand let go.
int prepare (SocketGuard &guard, const Transport &transport, bool binds, std::shared_ptr<Options> &options)
{
    options = guard->snapshot ();
    if (!transport.prepare)
        return 0;
    guard.unlock ();
    const int error = transport.prepare (*options, binds);
    if (!guard.relock ())
        return ENOTSOCK;
    // Its next endpoints may have the same.
    guard->options.tls_report = options->tls_report;
    guard->options.tls_contexts = options->tls_contexts;
    return error;
}

// Resolving a host name may take long, so it happens with the strand let go.
int bind_stream (SocketGuard &guard, const Transport &transport, const char *text, const std::string &address)
{
    if (const int error = check_mechanism (guard->options))
        return error;
    if (const int error = guard->use_reactor ())
        return error;
    std::shared_ptr<Options> options;
    if (const int error = prepare (guard, transport, true, options)) {
        if (error != ENOTSOCK)
            guard->emit_bind_failed (error, text);
        return error;
    }
    Listening listening;
    guard.unlock ();
    const int error = transport.listen (address, *options, listening);
    if (!guard.relock ()) {
        if (!error)
            transport.unlisten (listening);
        return ENOTSOCK;
    }
    if (error) {
        guard->emit_bind_failed (error, text);
        return error;
    }
    return guard->add_listener (transport, std::move (listening), options);
}

// Likewise, to bind or to connect.
int open_datagrams (SocketGuard &guard, const DatagramTransport &transport, bool bind, const std::string &address)
{
    const DatagramForm form = bind ? guard->type ().binds_datagrams : guard->type ().connects_datagrams;
    if (form == DatagramForm::none)
        return ENOCOMPATPROTO;
    if (const int error = guard->use_reactor ())
        return error;
    const std::shared_ptr<const Options> options = guard->snapshot ();
    DatagramPort port;
    guard.unlock ();
    const int error = (bind ? transport.bind : transport.connect) (address, *options, port);
    Descriptor owner (port.fd);
    if (!guard.relock ())
        return ENOTSOCK;
    if (error)
        return error;
    owner.release ();
    return guard->add_datagrams (transport, std::move (port), options);
}

}  // namespace

int zmq_bind (void *socket, const char *text)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        Place place;
        if (const int error = take_apart (guard, text, place))
            return fail (error);
        if (place.datagrams)
            return result (open_datagrams (guard, *place.datagrams, true, place.address));
        return result (place.stream ? bind_stream (guard, *place.stream, text, place.address) : guard->bind_inproc (text));
    });
}

namespace {

// 0 or errno.
int connect (SocketGuard &guard, const char *text)
{
    Place place;
    if (const int error = take_apart (guard, text, place))
        return error;
    if (place.datagrams)
        return open_datagrams (guard, *place.datagrams, false, place.address);
    if (!place.stream)
        return guard->connect_inproc (text);
    if (const int error = place.stream->check_connect (place.address, guard->options))
        return error;
    if (const int error = check_mechanism (guard->options))
        return error;
    if (const int error = guard->use_reactor ())
        return error;
    std::shared_ptr<Options> options;
    if (const int error = prepare (guard, *place.stream, false, options))
        return error;
    return guard->connect_stream (*place.stream, text, place.address, std::move (options));
}

}  // namespace

int zmq_connect (void *socket, const char *text)
{
    return with_socket (socket, [&] (SocketGuard &guard) { return result (connect (guard, text)); });
}

namespace {

int end_endpoint (void *socket, const char *text)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        Place place;
        if (const int error = take_apart (text, place))
            return fail (error);
        int error = guard->end_endpoint (text, std::string ());
        if (error != ENOENT || !place.stream)
            return result (error);
        // Not the very text of the bind or connect: perhaps another spelling of the same address.
        const std::shared_ptr<const Options> options = guard->snapshot ();
        guard.unlock ();
        const std::string canonical = place.stream->canonical (place.address, *options);
        if (!guard.relock ())
            return fail (ENOTSOCK);
        if (!canonical.empty ())
            error = guard->end_endpoint (text, canonical);
        return result (error);
    });
}

}  // namespace

int zmq_unbind (void *socket, const char *endpoint) { return end_endpoint (socket, endpoint); }

int zmq_disconnect (void *socket, const char *endpoint) { return end_endpoint (socket, endpoint); }

int zmq_socket_get_peer_state (void *socket, const void *id, size_t size)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        int events = 0;
        const int error = guard->peer_state (id, size, events);
        return error ? fail (error) : events;
    });
}

// ---- draft socket types: what those have that know groups or number their peers ----

int zmq_join (void *socket, const char *group)
{
    return with_socket (socket, [&] (SocketGuard &guard) { return result (guard->pattern ().join (group)); });
}

int zmq_leave (void *socket, const char *group)
{
    return with_socket (socket, [&] (SocketGuard &guard) { return result (guard->pattern ().leave (group)); });
}

uint32_t zmq_connect_peer (void *socket, const char *text)
{
    std::uint32_t number = 0;
    with_socket (socket, [&] (SocketGuard &guard) {
        if (!guard->type ().connects_to_number)
            return fail (ENOTSUP);
        // The peer is to have its number now, and IMMEDIATE makes a pipe for it later.
        if (guard->options.immediate)
            return fail (EFAULT);
        if (const int error = connect (guard, text))
            return fail (error);
        number = guard->pattern ().connected_peer ();
        return 0;
    });
    return number;
}

int zmq_disconnect_peer (void *socket, uint32_t number)
{
    return with_socket (socket, [&] (SocketGuard &guard) { return result (guard->pattern ().disconnect_peer (number)); });
}

// ---- monitor ----

int zmq_socket_monitor_versioned (void *socket, const char *text, uint64_t events, int version, int type)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (version != ZMQ_CURRENT_EVENT_VERSION && version != ZMQ_CURRENT_EVENT_VERSION_DRAFT)
            return fail (EINVAL);
        if (version == 1 && (events & ~std::uint64_t (ZMQ_EVENT_ALL)) != 0)
            return fail (EINVAL);
        if (!text) {
            guard->stop_monitor ();
            return 0;
        }
        Place place;
        if (const int error = take_apart (text, place))
            return fail (error);
        if (place.stream || place.datagrams)
            return fail (EPROTONOSUPPORT);
        const SocketType *const row = find_socket_type (type);
        if (!row || !row->can_monitor)
            return fail (EINVAL);
        return result (guard->start_monitor (text, events, version, type));
    });
}

int zmq_socket_monitor (void *socket, const char *endpoint, int events)
{
    return zmq_socket_monitor_versioned (socket, endpoint, static_cast<std::uint64_t> (static_cast<std::int64_t> (events)), 1, ZMQ_PAIR);
}

int zmq_socket_monitor_pipes_stats (void *socket)
{
    return with_socket (socket, [] (SocketGuard &guard) { return result (guard->report_pipes ()); });
}
