// See tls_endpoint.hpp.
#include "transport/tls_endpoint.hpp"

#if defined ZMQ_HAVE_TLS

#    include <cerrno>
#    include <memory>

#    include "transport/tcp_address.hpp"

namespace engine {

int prepare_tls (Options &options, TlsRole role, const TlsSettings &settings)
{
    std::shared_ptr<TlsContext> &context = options.tls_contexts[role == TlsRole::server];
    if (!options.tls_report)
        options.tls_report = std::make_shared<TlsReport> ();
    if (context && context->is_of (settings)) {
        options.tls_report->note ({});
        return 0;
    }
    context = TlsContext::make (settings, role, options.tls_report);
    return context ? 0 : EINVAL;
}

int name_tls_targets (const std::string &address, std::span<DialTarget> targets)
{
    TcpTarget named;
    if (const int error = parse_tcp_target (address, named))
        return error;
    // (The zone of a link-local address is this machine's business.)
    const std::string host = named.host.substr (0, named.host.find ('%'));
    for (DialTarget &target : targets) {
        target.host = host;
        target.port = named.port;
    }
    return 0;
}

}  // namespace engine

#endif
