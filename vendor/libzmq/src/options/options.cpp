// How each kind of option is set and read, and the table of all of them.
#include "options/options.hpp"

#include <type_traits>

#include "base/errors.hpp"
#include "base/option_value.hpp"
#include "base/z85.hpp"
#include "options/context_options.hpp"
#include "pattern/socket_type.hpp"
#include "zmq.h"
#include "zmq_ext.h"

namespace engine {

namespace {

// ---- numbers ----

template <auto Field, auto Min, auto Max>
int set_number (Options &options, const void *value, std::size_t size)
{
    auto number = options.*Field;
    if (const int error = read_number (value, size, number))
        return error;
    if (number < Min || number > Max)
        return EINVAL;
    options.*Field = number;
    return 0;
}

template <auto Field>
int get_number (const Options &options, void *value, std::size_t *size)
{
    return write_number (options.*Field, value, size);
}

// ---- booleans, int outside ----

enum class Rule
{
    strict,
    relaxed
};

int read_bool (const void *value, std::size_t size, Rule rule, bool &out) noexcept
{
    int number = 0;
    if (const int error = read_number (value, size, number))
        return error;
    if (rule == Rule::strict && number != 0 && number != 1)
        return EINVAL;
    out = number != 0;
    return 0;
}

template <auto Field, Rule rule>
int set_bool (Options &options, const void *value, std::size_t size)
{
    return read_bool (value, size, rule, options.*Field);
}

template <auto Field>
int get_bool (const Options &options, void *value, std::size_t *size)
{
    return write_number (static_cast<int> (options.*Field), value, size);
}

// ---- text and bytes ----

enum class Empty
{
    refused,
    null_clears,
    clears
};

template <auto Field, std::size_t Min, std::size_t Max, Empty empty>
int set_string (Options &options, const void *value, std::size_t size)
{
    if (size == 0 && (empty == Empty::clears || (empty == Empty::null_clears && !value))) {
        (options.*Field).clear ();
        return 0;
    }
    if (!value || size < Min || size > Max)
        return EINVAL;
    (options.*Field).assign (static_cast<const char *> (value), size);
    return 0;
}

template <auto Field>
int get_text (const Options &options, void *value, std::size_t *size)
{
    return write_text (options.*Field, value, size);
}

template <auto Field>
int get_bytes (const Options &options, void *value, std::size_t *size)
{
    return write_bytes (options.*Field, value, size);
}

// ---- security ----

template <int Mechanism>
int set_server (Options &options, const void *value, std::size_t size)
{
    if (const int error = read_bool (value, size, Rule::strict, options.as_server))
        return error;
    options.mechanism = options.as_server ? Mechanism : ZMQ_NULL;
    return 0;
}

template <int Mechanism>
int get_server (const Options &options, void *value, std::size_t *size)
{
    return write_number (static_cast<int> (options.as_server && options.mechanism == Mechanism), value, size);
}

template <auto Field>
int set_credential (Options &options, const void *value, std::size_t size)
{
    if (!value && size == 0) {
        options.mechanism = ZMQ_NULL;
        return 0;
    }
    if (const int error = set_string<Field, 1, 255, Empty::refused> (options, value, size))
        return error;
    options.as_server = false;
    options.mechanism = ZMQ_PLAIN;
    return 0;
}

template <auto Field>
int set_key (Options &options, const void *value, std::size_t size)
{
    CurveKey key;
    constexpr std::size_t text_size = z85_encoded_size (key.size ());
    const auto *const bytes = static_cast<const char *> (value);
    if (!value)
        return EINVAL;
    if (size == key.size ())
        std::memcpy (key.data (), value, key.size ());
    else if ((size != text_size && !(size == text_size + 1 && bytes[text_size] == '\0')) || !z85_decode ({bytes, text_size}, key.data ()))
        return EINVAL;
    options.*Field = key;
    options.mechanism = ZMQ_CURVE;
    return 0;
}

template <auto Field>
int get_key (const Options &options, void *value, std::size_t *size)
{
    const CurveKey &key = options.*Field;
    constexpr std::size_t text_size = z85_encoded_size (std::tuple_size_v<CurveKey>);
    if (!value || !size)
        return EINVAL;
    if (*size == key.size ()) {
        std::memcpy (value, key.data (), key.size ());
        return 0;
    }
    if (*size != text_size + 1)
        return EINVAL;
    z85_encode (key, static_cast<char *> (value));
    static_cast<char *> (value)[text_size] = '\0';
    return 0;
}

int set_curve_serverkey (Options &options, const void *value, std::size_t size)
{
    const int error = set_key<&Options::curve_serverkey> (options, value, size);
    if (!error)
        options.as_server = false;
    return error;
}

constexpr auto set_plain_server = set_server<ZMQ_PLAIN>;
constexpr auto get_plain_server = get_server<ZMQ_PLAIN>;
constexpr auto set_plain_username = set_credential<&Options::plain_username>;
constexpr auto get_plain_username = get_text<&Options::plain_username>;
constexpr auto set_plain_password = set_credential<&Options::plain_password>;
constexpr auto get_plain_password = get_text<&Options::plain_password>;
constexpr auto set_curve_server = set_server<ZMQ_CURVE>;
constexpr auto get_curve_server = get_server<ZMQ_CURVE>;
constexpr auto set_curve_publickey = set_key<&Options::curve_publickey>;
constexpr auto get_curve_publickey = get_key<&Options::curve_publickey>;
constexpr auto set_curve_secretkey = set_key<&Options::curve_secretkey>;
constexpr auto get_curve_secretkey = get_key<&Options::curve_secretkey>;
constexpr auto get_curve_serverkey = get_key<&Options::curve_serverkey>;
constexpr auto get_mechanism = get_number<&Options::mechanism>;

// ---- TLS ----

template <auto Field>
int set_secret (Options &options, const void *value, std::size_t size)
{
    if (!value && size > 0)
        return EINVAL;
    options.*Field = SecretText ({static_cast<const char *> (value), size});
    return 0;
}

int get_tls_failure (const Options &options, void *value, std::size_t *size)
{
    return write_text (options.tls_report ? options.tls_report->text () : std::string (), value, size);
}

// libzmq has these where it has wss only.
#if defined ZMQ_HAVE_TLS
constexpr bool has_wss = true;
#else
constexpr bool has_wss = false;
#endif

template <auto Field, std::size_t Max>
int set_wss_text (Options &options, const void *value, std::size_t size)
{
    return has_wss ? set_string<Field, 0, Max, Empty::clears> (options, value, size) : EINVAL;
}

template <auto Field>
int set_wss_secret (Options &options, const void *value, std::size_t size)
{
    return has_wss ? set_secret<Field> (options, value, size) : EINVAL;
}

int set_wss_trust_system (Options &options, const void *value, std::size_t size)
{
    return has_wss ? read_bool (value, size, Rule::strict, options.wss_trust_system) : EINVAL;
}

constexpr auto set_wss_cert_pem = set_wss_secret<&Options::wss_cert_pem>;
constexpr auto set_wss_key_pem = set_wss_secret<&Options::wss_key_pem>;
constexpr auto set_wss_trust_pem = set_wss_text<&Options::wss_trust_pem, SIZE_MAX>;
constexpr auto set_wss_hostname = set_wss_text<&Options::wss_hostname, 255>;
constexpr auto set_tls_cert_pem = set_secret<&Options::tls_cert_pem>;
constexpr auto set_tls_key_pem = set_secret<&Options::tls_key_pem>;
constexpr auto set_tls_key_password = set_secret<&Options::tls_key_password>;

// ---- filters ----

int add_tcp_accept_filter (Options &options, const void *value, std::size_t size)
{
    if (!value && size == 0) {
        options.tcp_accept_filters.clear ();
        return 0;
    }
    AddressMask mask;
    if (!value || size == 0 || size > 255 || parse_address_mask ({static_cast<const char *> (value), size}, options.ipv6, mask))
        return EINVAL;
    options.tcp_accept_filters.push_back (mask);
    return 0;
}

template <auto Field>
int add_ipc_filter (Options &options, const void *value, std::size_t size)
{
    auto &allowed = options.*Field;
    if (!value && size == 0) {
        allowed.clear ();
        return 0;
    }
    typename std::remove_reference_t<decltype (allowed)>::value_type id{};
    if (const int error = read_number (value, size, id))
        return error;
    allowed.push_back (id);
    return 0;
}

constexpr auto add_ipc_filter_pid = add_ipc_filter<&Options::ipc_filter_pid>;
constexpr auto add_ipc_filter_uid = add_ipc_filter<&Options::ipc_filter_uid>;
constexpr auto add_ipc_filter_gid = add_ipc_filter<&Options::ipc_filter_gid>;

// ---- the rest ----

int set_heartbeat_ttl (Options &options, const void *value, std::size_t size)
{
    // The wire has 16 bits for tenths of a second; the division cuts towards zero, so that small negative values are 0.
    int milliseconds = 0;
    if (const int error = read_number (value, size, milliseconds))
        return error;
    const int tenths = milliseconds / 100;
    if (tenths < 0 || tenths > UINT16_MAX)
        return EINVAL;
    options.heartbeat_ttl = tenths * 100;
    return 0;
}

int set_ipv4only (Options &options, const void *value, std::size_t size)
{
    bool only = false;
    if (const int error = read_bool (value, size, Rule::strict, only))
        return error;
    options.ipv6 = !only;
    return 0;
}

int get_ipv4only (const Options &options, void *value, std::size_t *size)
{
    return write_number (static_cast<int> (!options.ipv6), value, size);
}

int add_metadata (Options &options, const void *value, std::size_t size)
{
    if (!value)
        return EINVAL;
    const std::string_view text (static_cast<const char *> (value), size);
    const std::size_t colon = text.find (':');
    if (!text.starts_with ("X-") || colon == text.npos || colon > 255 || colon + 1 == size || size == 4)
        return EINVAL;
    options.metadata.emplace (text.substr (0, colon), text.substr (colon + 1));
    return 0;
}

int set_router_notify (Options &options, const void *value, std::size_t size)
{
    if (!options.type || !options.type->wants_peer_routing_id)
        return EINVAL;
    return set_number<&Options::router_notify, 0, ZMQ_NOTIFY_CONNECT | ZMQ_NOTIFY_DISCONNECT> (options, value, size);
}

int get_type (const Options &options, void *value, std::size_t *size)
{
    return write_number (options.type ? options.type->number : -1, value, size);
}

int set_stream_notify (Options &options, const void *value, std::size_t size)
{
    return options.type && options.type->raw ? read_bool (value, size, Rule::strict, options.stream_notify) : EINVAL;
}

constexpr auto get_heartbeat_ttl = get_number<&Options::heartbeat_ttl>;
constexpr auto get_router_notify = get_number<&Options::router_notify>;
constexpr auto get_last_endpoint = get_text<&Options::last_endpoint>;

// ---- the table ----

// Which of set and get a row has.
struct Direction
{
    bool set, get;
};
namespace direction {
constexpr Direction none{false, false}, set{true, false}, get{false, true}, set_get{true, true};
}

template <bool has, auto function>
constexpr auto if_has () noexcept
{
    return has ? function : nullptr;
}

// Whether a CUSTOM row gives a function; by type, for GCC's sanitizers keep addresses out of constant expressions.
template <class Function>
constexpr bool given = !std::is_null_pointer_v<Function>;

using Effect = OptionEffect;
using Owner = OptionOwner;
using Type = OptionType;

// clang-format off
constexpr OptionRow rows[] = {
#define INT(field, name, initial, min, max, when, unit, types, meaning) \
    {ZMQ_##name, #name, Type::int32, Owner::options, Effect::when, true, true, #initial, #min " .. " #max, unit, types, meaning, \
     set_number<&Options::field, min, max>, get_number<&Options::field>},
#define I64(field, name, initial, min, max, when, unit, types, meaning) \
    {ZMQ_##name, #name, Type::int64, Owner::options, Effect::when, true, true, #initial, #min " .. " #max, unit, types, meaning, \
     set_number<&Options::field, min, max>, get_number<&Options::field>},
#define U64(field, name, initial, min, max, when, unit, types, meaning) \
    {ZMQ_##name, #name, Type::uint64, Owner::options, Effect::when, true, true, #initial, #min " .. " #max, unit, types, meaning, \
     set_number<&Options::field, std::uint64_t{min}, max>, get_number<&Options::field>},
#define BOOL(field, name, initial, rule, when, types, meaning) \
    {ZMQ_##name, #name, Type::int32, Owner::options, Effect::when, true, true, #initial, #rule, "", types, meaning, \
     set_bool<&Options::field, Rule::rule>, get_bool<&Options::field>},
#define TEXT(field, name, min, max, empty, dir, when, types, meaning) \
    {ZMQ_##name, #name, Type::text, Owner::options, Effect::when, true, direction::dir.get, "\"\"", #min " .. " #max " bytes", "", \
     types, meaning, set_string<&Options::field, min, max, Empty::empty>, \
     if_has<direction::dir.get, get_text<&Options::field>> ()},
#define BYTES(field, name, min, max, empty, dir, when, types, meaning) \
    {ZMQ_##name, #name, Type::binary, Owner::options, Effect::when, true, direction::dir.get, "none", #min " .. " #max " bytes", "", \
     types, meaning, set_string<&Options::field, min, max, Empty::empty>, \
     if_has<direction::dir.get, get_bytes<&Options::field>> ()},
#define CUSTOM(name, type, set, get, initial, range, when, unit, types, meaning) \
    {ZMQ_##name, #name, Type::type, Owner::options, Effect::when, given<decltype (set)>, given<decltype (get)>, initial, range, unit, \
     types, meaning, set, get},
#define ELSEWHERE(name, type, dir, owner, initial, range, when, unit, types, meaning) \
    {ZMQ_##name, #name, Type::type, Owner::owner, Effect::when, direction::dir.set, direction::dir.get, initial, range, unit, \
     types, meaning, nullptr, nullptr},
#include "options/options_table.def"
};
// clang-format on

// libzmq's numbers, and behind them those of zmq_ext.h.
constexpr int highest_number = ZMQ_NORM_PUSH;
constexpr int lowest_extension = ZMQ_EXT_MAX_MESSAGE_SIZE;
constexpr int highest_extension = ZMQ_EXT_TLS_FAILURE;
constexpr std::size_t no_place = highest_number + 1 + highest_extension - lowest_extension + 1;
constexpr std::uint8_t no_row = 255;
static_assert (std::size (rows) < no_row);

constexpr std::size_t place_of (int number) noexcept
{
    if (number >= 0 && number <= highest_number)
        return static_cast<std::size_t> (number);
    if (number >= lowest_extension && number <= highest_extension)
        return static_cast<std::size_t> (number - lowest_extension) + static_cast<std::size_t> (highest_number) + 1;
    return no_place;
}

// Row by place; compiling fails if two rows have one number.
constexpr auto index_of = []() consteval
{
    std::array<std::uint8_t, no_place> index{};
    index.fill (no_row);
    for (std::size_t i = 0; i < std::size (rows); ++i) {
        std::uint8_t &entry = index.at (place_of (rows[i].number));
        if (entry != no_row)
            throw "two rows for one option";
        entry = static_cast<std::uint8_t> (i);
    }
    return index;
}
();

}  // namespace

std::span<const OptionRow> option_table () noexcept { return rows; }

const OptionRow *find_option (int number) noexcept
{
    const std::size_t place = place_of (number);
    if (place == no_place)
        return nullptr;
    const std::uint8_t entry = index_of[place];
    return entry == no_row ? nullptr : &rows[entry];
}

int set_option (Options &options, int option, const void *value, std::size_t size) noexcept
{
    const OptionRow *const row = find_option (option);
    if (!row || !row->set)
        return EINVAL;
    try {
        return row->set (options, value, size);
    } catch (...) {
        return current_exception_error ();
    }
}

int get_option (const Options &options, int option, void *value, std::size_t *size) noexcept
{
    const OptionRow *const row = find_option (option);
    return row && row->get ? row->get (options, value, size) : EINVAL;
}

Options make_options (const SocketType *type, const ContextOptions &context)
{
    Options options;
    options.type = type;
    options.ipv6 = context.ipv6;
    options.zero_copy_recv = context.zero_copy_recv;
    if (!context.blocky || (type && type->no_linger_by_default))
        options.linger = 0;
    return options;
}

}  // namespace engine
