// See wss.hpp.
#include "transport/wss.hpp"

#if defined ZMQ_HAVE_TLS

#    include <algorithm>
#    include <string_view>

#    include "options/options.hpp"
#    include "transport/socks_layer.hpp"
#    include "transport/tls_endpoint.hpp"
#    include "transport/tls_layer.hpp"
#    include "transport/websocket_layer.hpp"
#    include "transport/ws.hpp"

namespace engine {

namespace {

constexpr std::string_view ws_scheme = "ws://";
constexpr std::uint16_t usual_port = 443;

std::string wss_name (const std::string &ws_name)
{
    return ws_name.starts_with (ws_scheme) ? "wss://" + ws_name.substr (ws_scheme.size ()) : std::string ();
}

// libzmq's options; what those do not say is as with tls+tcp, but that a server asks for certificates only if it is told to.
TlsSettings settings_of (const Options &options, TlsRole role)
{
    TlsSettings settings;
    settings.prefix = "WSS_";
    settings.certificate = options.wss_cert_pem;
    settings.key = options.wss_key_pem;
    settings.password = options.tls_key_password;
    settings.trust = options.wss_trust_pem;
    settings.trust_system = options.wss_trust_system;
    settings.revoked = options.ext_tls_crl_pem;
    settings.hostname = options.wss_hostname;
    const int verify = options.ext_tls_verify < 0 ? (role == TlsRole::client ? 2 : 0) : options.ext_tls_verify;
    settings.verify = verify == 0 ? TlsVerify::none : verify == 1 ? TlsVerify::optional : TlsVerify::required;
    settings.check_name = options.ext_tls_check_hostname;
    return settings;
}

int prepare (Options &options, bool binds)
{
    const TlsRole role = binds ? TlsRole::server : TlsRole::client;
    return prepare_tls (options, role, settings_of (options, role));
}

int check_connect (const std::string &address, const Options &options) { return ws_transport.check_connect (address, options); }

bool resolves_at_once (const std::string &address, const Options &options) { return ws_transport.resolves_at_once (address, options); }

int resolve (const std::string &address, const Options &options, std::vector<DialTarget> &out)
{
    const std::size_t first = out.size ();
    if (const int error = ws_transport.resolve (address, options, out))
        return error;
    const std::string tcp_address = address.substr (0, address.find ('/'));
    const auto targets = std::span (out).subspan (first);
    // (The port that goes without saying is another than ws's.)
    std::string host;
    if (const int error = http_host (tcp_address, usual_port, host))
        return error;
    for (DialTarget &target : targets)
        target.http_host = host;
    return name_tls_targets (tcp_address, targets);
}

int listen (const std::string &address, const Options &options, Listening &out)
{
    if (const int error = ws_transport.listen (address, options, out))
        return error;
    out.endpoint = wss_name (out.endpoint);
    return 0;
}

void unlisten (Listening &listening) noexcept { ws_transport.unlisten (listening); }

int dial (const DialTarget &target, const Options &options, int &fd) { return ws_transport.dial (target, options, fd); }

int finish (int fd, const Options &options) noexcept { return ws_transport.finish (fd, options); }

int accept (int listen_fd, const Options &options, int &fd) noexcept { return ws_transport.accept (listen_fd, options, fd); }

std::string canonical (const std::string &address, const Options &options) { return wss_name (ws_transport.canonical (address, options)); }

std::string local_endpoint (int fd) { return wss_name (ws_transport.local_endpoint (fd)); }

std::string remote_endpoint (int fd) { return wss_name (ws_transport.remote_endpoint (fd)); }

std::string peer_address (int fd) { return ws_transport.peer_address (fd); }

int layers_on_dialled (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept
{
    if (const int error = put_socks_on (bytes, target, options))
        return error;
    if (const int error = put_tls_on (bytes, options.tls_contexts[0], target.host, target.port))
        return error;
    return put_websocket_on (bytes, target, options);
}

int layers_on_accepted (ByteStream &bytes, const Options &options) noexcept
{
    if (const int error = put_tls_on (bytes, options.tls_contexts[1]))
        return error;
    return put_websocket_on (bytes, options);
}

}  // namespace

constinit const Transport wss_transport = {
  .name = "wss",
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
  .layers_on_accepted = layers_on_accepted,
  .prepare = prepare,
};

}  // namespace engine

#endif
