// The options of one socket: what zmq_setsockopt stores and zmq_getsockopt returns. The rows are in options_table.def.
//
// An Options is a plain value: each bind and connect copies it, and connections look at their copy. It takes no lock (the socket's
// strand guards it) and knows nothing of sockets. Options of one pattern only are the pattern's (Pattern::set_option, tried first).
#pragma once

#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "mechanism/secrets.hpp"
#include "options/accept_filter.hpp"
#include "options/tls_report.hpp"

namespace engine {

struct ContextOptions;  // options/context_options.hpp
struct SocketType;      // pattern/socket_type.hpp
class TlsContext;       // transport/tls_context.hpp

struct Options
{
    // A field for each row: int, std::int64_t, std::uint64_t, bool, or std::string for text and bytes.
#define INT(field, name, initial, ...) int field = initial;
#define I64(field, name, initial, ...) std::int64_t field = initial;
#define U64(field, name, initial, ...) std::uint64_t field = initial;
#define BOOL(field, name, initial, ...) bool field = initial;
#define TEXT(field, ...) std::string field;
#define BYTES(field, ...) std::string field;
#define CUSTOM(...)
#define ELSEWHERE(...)
#include "options/options_table.def"

    // Fields of the CUSTOM rows.
    int heartbeat_ttl = 0;  // ms, a multiple of 100
    std::vector<AddressMask> tcp_accept_filters;
    std::vector<pid_t> ipc_filter_pid;
    std::vector<uid_t> ipc_filter_uid;
    std::vector<gid_t> ipc_filter_gid;
    int mechanism = 0;       // ZMQ_NULL, ZMQ_PLAIN, ZMQ_CURVE
    bool as_server = false;  // of the mechanism
    std::string plain_username;
    std::string plain_password;
    CurveKey curve_publickey{};
    SecretKey curve_secretkey;
    CurveKey curve_serverkey{};
    std::map<std::string, std::string> metadata;  // X-name to value
    int router_notify = 0;                        // ZMQ_NOTIFY_*
    bool stream_notify = true;
    SecretText tls_cert_pem;  // it may have the key, too
    SecretText tls_key_pem;
    SecretText tls_key_password;
    SecretText wss_cert_pem;
    SecretText wss_key_pem;
    std::string wss_trust_pem;
    std::string wss_hostname;
    bool wss_trust_system = false;

    // Set by the socket, not by zmq_setsockopt.
    const SocketType *type = nullptr;
    std::string last_endpoint;
    std::optional<CurveKey> curve_own_key;  // of a server, as it is now
    bool zero_copy_recv = true;             // the context's ZMQ_ZERO_COPY_RECV

    // Set by transports with TLS when a bind or connect begins.
    std::shared_ptr<TlsReport> tls_report;                    // the socket's, as long as it lives
    std::array<std::shared_ptr<TlsContext>, 2> tls_contexts;  // for connecting and for binding, made of what the options were last
};

// A new socket's options: the defaults as its type and its context have them.
Options make_options (const SocketType *type, const ContextOptions &context);

// As zmq_setsockopt and zmq_getsockopt: 0, or EINVAL (unknown, not settable or gettable, held elsewhere, wrong size or value; nothing
// has changed then) or ENOMEM. `size` of get_option: the buffer's, then the value's; the rest of a larger buffer is zeroed.
int set_option (Options &options, int option, const void *value, std::size_t size) noexcept;
int get_option (const Options &options, int option, void *value, std::size_t *size) noexcept;

// ---- the table, for documentation and tests ----

enum class OptionType : std::uint8_t
{
    int32,
    int64,
    uint64,
    binary,
    text,
    key,  // 32 bytes, or 40 characters of Z85
    descriptor
};

enum class OptionOwner : std::uint8_t
{
    options,   // this table's set and get
    pattern,   // Pattern::set_option, get_option
    socket,    // computed by the socket
    context,   // a context option
    not_built  // belongs to a transport or mechanism that is not built
};

enum class OptionEffect : std::uint8_t
{
    at_once,
    new_connections,
    reads
};

struct OptionRow
{
    int number;
    const char *name;  // without ZMQ_
    OptionType type;
    OptionOwner owner;
    OptionEffect effect;
    bool settable, gettable;
    const char *initial;  // the default as text
    const char *range;    // what may be set, as text
    const char *unit;
    const char *types;  // socket types or transports that it means something to
    const char *meaning;
    // Null if not `options`'s. Value pointer and size are the caller's, unchecked. May throw std::bad_alloc.
    int (*set) (Options &options, const void *value, std::size_t size);
    int (*get) (const Options &options, void *value, std::size_t *size);
};

std::span<const OptionRow> option_table () noexcept;
// Null if no such option exists.
const OptionRow *find_option (int number) noexcept;

}  // namespace engine
