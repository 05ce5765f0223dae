// See tls_tcp.hpp.
#include "transport/tls_tcp.hpp"

#if defined ZMQ_HAVE_TLS

#    include <cerrno>

#    include "options/options.hpp"
#    include "transport/socks_layer.hpp"
#    include "transport/tcp.hpp"
#    include "transport/tcp_address.hpp"
#    include "transport/tls_endpoint.hpp"
#    include "transport/tls_layer.hpp"

namespace engine {

namespace {

TlsSettings settings_of (const Options &options, TlsRole role)
{
    const bool client = role == TlsRole::client;
    TlsSettings settings;
    settings.prefix = "EXT_TLS_";
    settings.certificate = options.tls_cert_pem;
    settings.key = options.tls_key_pem;
    settings.password = options.tls_key_password;
    settings.trust = options.ext_tls_trust_pem;
    settings.trust_system = options.ext_tls_trust_system < 0 ? client && settings.trust.empty () : options.ext_tls_trust_system == 1;
    settings.revoked = options.ext_tls_crl_pem;
    settings.hostname = options.ext_tls_hostname;
    const bool trusts = !settings.trust.empty () || settings.trust_system;
    const int verify = options.ext_tls_verify < 0 ? (client || trusts ? 2 : 0) : options.ext_tls_verify;
    settings.verify = verify == 0 ? TlsVerify::none : verify == 1 ? TlsVerify::optional : TlsVerify::required;
    settings.check_name = options.ext_tls_check_hostname;
    settings.protocols = options.ext_tls_alpn;
    return settings;
}

int prepare (Options &options, bool binds)
{
    const TlsRole role = binds ? TlsRole::server : TlsRole::client;
    return prepare_tls (options, role, settings_of (options, role));
}

int check_connect (const std::string &address, const Options &options) { return tcp_transport.check_connect (address, options); }

bool resolves_at_once (const std::string &address, const Options &options) { return tcp_transport.resolves_at_once (address, options); }

int resolve (const std::string &address, const Options &options, std::vector<DialTarget> &out)
{
    const std::size_t first = out.size ();
    if (const int error = tcp_transport.resolve (address, options, out))
        return error;
    return name_tls_targets (address, std::span (out).subspan (first));
}

int listen (const std::string &address, const Options &options, Listening &out)
{
    if (const int error = tcp_transport.listen (address, options, out))
        return error;
    out.endpoint = over_tls (out.endpoint);
    return 0;
}

void unlisten (Listening &listening) noexcept { tcp_transport.unlisten (listening); }

int dial (const DialTarget &target, const Options &options, int &fd) { return tcp_transport.dial (target, options, fd); }

int finish (int fd, const Options &options) noexcept { return tcp_transport.finish (fd, options); }

int accept (int listen_fd, const Options &options, int &fd) noexcept { return tcp_transport.accept (listen_fd, options, fd); }

std::string canonical (const std::string &address, const Options &options) { return over_tls (tcp_transport.canonical (address, options)); }

std::string local_endpoint (int fd) { return over_tls (tcp_transport.local_endpoint (fd)); }

std::string remote_endpoint (int fd) { return over_tls (tcp_transport.remote_endpoint (fd)); }

std::string peer_address (int fd) { return tcp_transport.peer_address (fd); }

int layers_on_dialled (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept
{
    if (const int error = put_socks_on (bytes, target, options))
        return error;
    return put_tls_on (bytes, options.tls_contexts[0], target.host, target.port);
}

int layers_on_accepted (ByteStream &bytes, const Options &options) noexcept { return put_tls_on (bytes, options.tls_contexts[1]); }

}  // namespace

constinit const Transport tls_tcp_transport = {
  .name = "tls+tcp",
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
