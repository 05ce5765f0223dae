// TLS 1.2 and 1.3 as a layer of a connection, by OpenSSL. It exists only with that (ZMQ_HAVE_TLS).
#pragma once

#include <string>

#include "transport/byte_stream.hpp"
#include "transport/tls_context.hpp"

#if defined ZMQ_HAVE_TLS

namespace engine {

// `host` is the one that the endpoint names, for clients only; `port` tells its servers apart. 0, ENOMEM, or EINVAL without a context.
int put_tls_on (ByteStream &bytes, const std::shared_ptr<TlsContext> &context, const std::string &host = {}, unsigned port = 0) noexcept;

}  // namespace engine

#endif
