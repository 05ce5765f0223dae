// See ws.hpp.
#include "transport/ws.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "transport/socks_layer.hpp"
#include "transport/tcp.hpp"
#include "transport/tcp_address.hpp"
#include "transport/websocket_layer.hpp"

namespace engine {

namespace {

constexpr std::string_view scheme = "ws://";
constexpr std::string_view tcp_scheme = "tcp://";
constexpr std::uint16_t usual_port = 80;

// "HOST:PORT/PATH".
struct Address
{
    std::string tcp;   // of tcp's syntax
    std::string path;  // with its slash
};

Address split (const std::string &address)
{
    const std::size_t slash = std::min (address.find ('/'), address.size ());
    Address parts{address.substr (0, slash), address.substr (slash)};
    if (parts.path.empty ())
        parts.path = '/';
    return parts;
}

// Whatever could end the line that the path stands in, or is no part of it.
int check_path (std::string_view path) noexcept
{
    const bool fits = std::all_of (path.begin (), path.end (), [] (char c) { return c > ' ' && c < 0x7f && c != '#'; });
    return fits ? 0 : EINVAL;
}

std::string ws_name (std::string_view tcp_name, std::string_view path)
{
    if (!tcp_name.starts_with (tcp_scheme))
        return {};
    std::string name (scheme);
    return (name += tcp_name.substr (tcp_scheme.size ())) += path;
}

int check_connect (const std::string &address, const Options &options)
{
    const Address parts = split (address);
    if (const int error = check_path (parts.path))
        return error;
    return tcp_transport.check_connect (parts.tcp, options);
}

bool resolves_at_once (const std::string &address, const Options &options)
{
    return tcp_transport.resolves_at_once (split (address).tcp, options);
}

int resolve (const std::string &address, const Options &options, std::vector<DialTarget> &out)
{
    const Address parts = split (address);
    const std::size_t first = out.size ();
    if (const int error = tcp_transport.resolve (parts.tcp, options, out))
        return error;
    std::string host;
    if (const int error = http_host (parts.tcp, usual_port, host))
        return error;
    for (std::size_t i = first; i < out.size (); ++i) {
        out[i].http_host = host;
        out[i].http_path = parts.path;
    }
    return 0;
}

int listen (const std::string &address, const Options &options, Listening &out)
{
    const Address parts = split (address);
    if (const int error = check_path (parts.path))
        return error;
    if (const int error = tcp_transport.listen (parts.tcp, options, out))
        return error;
    out.endpoint = ws_name (out.endpoint, parts.path);
    return 0;
}

void unlisten (Listening &listening) noexcept { tcp_transport.unlisten (listening); }

int dial (const DialTarget &target, const Options &options, int &fd) { return tcp_transport.dial (target, options, fd); }

int finish (int fd, const Options &options) noexcept { return tcp_transport.finish (fd, options); }

int accept (int listen_fd, const Options &options, int &fd) noexcept { return tcp_transport.accept (listen_fd, options, fd); }

std::string canonical (const std::string &address, const Options &options)
{
    const Address parts = split (address);
    return ws_name (tcp_transport.canonical (parts.tcp, options), parts.path);
}

// (What path the peer has asked for, or was asked for, the descriptor does not know.)
std::string local_endpoint (int fd) { return ws_name (tcp_transport.local_endpoint (fd), {}); }

std::string remote_endpoint (int fd) { return ws_name (tcp_transport.remote_endpoint (fd), {}); }

std::string peer_address (int fd) { return tcp_transport.peer_address (fd); }

int layers_on_dialled (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept
{
    if (const int error = put_socks_on (bytes, target, options))
        return error;
    return put_websocket_on (bytes, target, options);
}

}  // namespace

int http_host (const std::string &tcp_address, std::uint16_t unsaid_port, std::string &out)
{
    TcpTarget target;
    if (const int error = parse_tcp_target (tcp_address, target))
        return error;
    out = target.host.substr (0, target.host.find ('%'));
    if (out.find (':') != std::string::npos)
        out = '[' + out + ']';
    if (target.port != unsaid_port)
        (out += ':') += std::to_string (target.port);
    return 0;
}

constinit const Transport ws_transport = {
  .name = "ws",
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
  .layers_on_dialled = layers_on_dialled,
  .layers_on_accepted = put_websocket_on,
};

}  // namespace engine
