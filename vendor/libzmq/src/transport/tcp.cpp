// See tcp.hpp.
#include "transport/tcp.hpp"

#include <cerrno>

#include <netinet/in.h>

#include "options/accept_filter.hpp"
#include "options/options.hpp"
#include "transport/descriptor.hpp"
#include "transport/socks_layer.hpp"
#include "transport/tcp_address.hpp"
#include "transport/tcp_options.hpp"

namespace engine {

namespace {

int set_int (int fd, int level, int name, int value) noexcept
{
    return ::setsockopt (fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

// An IPv6 socket takes IPv4 traffic too (ZMQ_IPV6). On a system without IPv6 the addresses are turned to IPv4 where they can be.
int open_socket (SocketAddress &address, SocketAddress *source, Descriptor &out) noexcept
{
    out.reset (open_stream_socket (address.get ()->sa_family));
    if (!out.valid () && errno == EAFNOSUPPORT && to_ipv4 (address)) {
        if (source != nullptr && source->size != 0 && !to_ipv4 (*source))
            return EAFNOSUPPORT;
        out.reset (open_stream_socket (address.get ()->sa_family));
    }
    if (!out.valid ())
        return errno;
    if (address.get ()->sa_family == AF_INET6)
        return set_int (out.get (), IPPROTO_IPV6, IPV6_V6ONLY, 0);
    return 0;
}

// ---- connecting ----

int check_connect (const std::string &address, const Options &options)
{
    (void) options;
    return check_tcp_connect (address);
}

bool resolves_at_once (const std::string &address, const Options &options)
{
    return tcp_resolves_at_once (options.socks_proxy.empty () ? address : options.socks_proxy, options.ipv6);
}

int resolve_through_proxy (const std::string &address, const Options &options, std::vector<DialTarget> &out)
{
    TcpTarget target;
    if (const int error = parse_tcp_target (address, target))
        return error;
    std::string proxy = options.socks_proxy;
    if (!target.source.empty () && proxy.find (';') == std::string::npos)
        proxy.insert (0, target.source + ';');
    const std::size_t first = out.size ();
    if (const int error = resolve_tcp_connect (proxy, options.ipv6, Names::ask, out))
        return error;
    for (std::size_t i = first; i < out.size (); ++i) {
        out[i].socks_host = target.host;
        out[i].socks_port = target.port;
    }
    return 0;
}

int resolve (const std::string &address, const Options &options, std::vector<DialTarget> &out)
{
    if (!options.socks_proxy.empty ())
        return resolve_through_proxy (address, options, out);
    return resolve_tcp_connect (address, options.ipv6, Names::ask, out);
}

int dial (const DialTarget &target, const Options &options, int &fd)
{
    fd = -1;
    SocketAddress address = target.address;
    SocketAddress source = target.source;
    Descriptor socket;
    if (const int error = open_socket (address, &source, socket))
        return error;
    if (const int error = tune_before_use (socket.get (), address.get ()->sa_family, options, false))
        return error;
    // Set before the handshake, so that it holds from the first byte on and finish() has nothing to add.
    tune_connection (socket.get (), address.storage, options, !target.socks_host.empty ());
    leave_pacing (socket.get (), address.storage, options);
    if (source.size != 0) {
        // A fixed source port must be usable again while its last connection is in TIME_WAIT.
        if (const int error = set_int (socket.get (), SOL_SOCKET, SO_REUSEADDR, 1))
            return error;
        if (::bind (socket.get (), source.get (), source.size) != 0)
            return errno;
    }
    const int result = start_connect (socket.get (), address);
    if (result == 0 || result == EINPROGRESS)
        fd = socket.release ();
    return result;
}

int finish (int fd, const Options &options) noexcept
{
    (void) options;
    return connect_outcome (fd);
}

// ---- listening ----

int listen_on (SocketAddress address, const Options &options, Descriptor &out)
{
    Descriptor socket;
    if (const int error = open_socket (address, nullptr, socket))
        return error;
    if (const int error = tune_before_use (socket.get (), address.get ()->sa_family, options, true))
        return error;
    // For an ephemeral port SO_REUSEADDR waits until the port is chosen: with it the system may choose one that another
    // socket holds already, and listen() fails.
    const bool ephemeral = port_of (address) == 0;
    if (!ephemeral)
        if (const int error = set_int (socket.get (), SOL_SOCKET, SO_REUSEADDR, 1))
            return error;
    if (::bind (socket.get (), address.get (), address.size) != 0)
        return errno;
    if (ephemeral)
        if (const int error = set_int (socket.get (), SOL_SOCKET, SO_REUSEADDR, 1))
            return error;
    leave_pacing (socket.get (), address.storage, options);
    if (::listen (socket.get (), options.backlog) != 0)
        return errno;
    out.reset (socket.release ());
    return 0;
}

std::string local_endpoint (int fd)
{
    SocketAddress address;
    return local_address (fd, address) == 0 ? tcp_endpoint_text (address) : std::string ();
}

int listen (const std::string &address, const Options &options, Listening &out)
{
    if (options.use_fd >= 0) {
        if (const int error = adopt_listener (options.use_fd, AF_INET, AF_INET6, options.backlog))
            return error;
        out.endpoint = local_endpoint (options.use_fd);
        out.fd = options.use_fd;
        return 0;
    }
    std::vector<SocketAddress> candidates;
    if (const int error = resolve_tcp_bind (address, options.ipv6, Names::ask, candidates))
        return error;
    int error = EADDRNOTAVAIL;
    for (const SocketAddress &candidate : candidates) {
        Descriptor socket;
        error = listen_on (candidate, options, socket);
        if (error == 0) {
            out.endpoint = local_endpoint (socket.get ());
            out.fd = socket.release ();
            return 0;
        }
        // A name may have addresses of a family this machine cannot use; anything else is the answer.
        if (error != EADDRNOTAVAIL && error != EAFNOSUPPORT)
            break;
    }
    return error;
}

void unlisten (Listening &listening) noexcept
{
    const Descriptor closing (listening.fd);
    listening.fd = -1;
}

bool admitted (const Options &options, const SocketAddress &peer) noexcept
{
    if (options.tcp_accept_filters.empty ())
        return true;
    for (const auto &filter : options.tcp_accept_filters)
        if (matches (filter, peer))
            return true;
    return false;
}

int accept (int listen_fd, const Options &options, int &fd) noexcept
{
    fd = -1;
    int taken = -1;
    SocketAddress peer;
    if (const int error = accept_stream (listen_fd, taken, peer))
        return error;
    Descriptor socket (taken);
    if (!admitted (options, peer))
        return ECONNREFUSED;
    // Most of it is inherited from the listener, but not everywhere, and not from one made by the application. A failure is
    // the system refusing a hint it took on the listener, or a connection that is already gone.
    (void) tune_before_use (taken, peer.get ()->sa_family, options, false);
    tune_connection (taken, peer.storage, options, false);
    if (options.use_fd < 0)
        return_to_pacing (taken, peer.storage, options);
    fd = socket.release ();
    return 0;
}

// ---- names ----

std::string canonical (const std::string &address, const Options &options)
{
    const std::string typed = "tcp://" + address;
    // A wildcard is not found by the name it was bound with (as in libzmq): its ZMQ_LAST_ENDPOINT is.
    if (address.rfind ("*:", 0) == 0)
        return typed;
    std::vector<SocketAddress> found;
    if (resolve_tcp_bind (address, options.ipv6, Names::ask, found) != 0)
        return typed;
    return tcp_endpoint_text (found.front ());
}

std::string remote_endpoint (int fd)
{
    SocketAddress address;
    return remote_address (fd, address) == 0 ? tcp_endpoint_text (address) : std::string ();
}

std::string peer_address (int fd)
{
    SocketAddress address;
    return remote_address (fd, address) == 0 ? host_text (address) : std::string ();
}

}  // namespace

constinit const Transport tcp_transport = {
  .name = "tcp",
  .check_connect = check_connect,
  .resolves_at_once = resolves_at_once,
  .resolve = resolve,
  .listen = listen,
  .unlisten = unlisten,
  .dial = dial,
  .finish = finish,
  .accept = accept,
  .canonical = canonical,
  .local_endpoint = local_endpoint,
  .remote_endpoint = remote_endpoint,
  .peer_address = peer_address,
  .layers_on_dialled = put_socks_on,
};

}  // namespace engine
