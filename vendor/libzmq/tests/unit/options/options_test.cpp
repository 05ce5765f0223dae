// Options: the table is whole, and every row is set, checked and read as zmq_setsockopt and zmq_getsockopt promise.
#include "options/options.hpp"

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "options/context_options.hpp"
#include "pattern/socket_type.hpp"
#include "zmq.h"
#include "zmq_ext.h"

using namespace engine;

namespace {

int set_int (Options &options, int option, int value) { return set_option (options, option, &value, sizeof value); }

int get_int (const Options &options, int option)
{
    int value = -12345;
    std::size_t size = sizeof value;
    const int error = get_option (options, option, &value, &size);
    CAPTURE (option);
    CHECK (error == 0);
    CHECK (size == sizeof value);
    return value;
}

int set_text (Options &options, int option, std::string_view text) { return set_option (options, option, text.data (), text.size ()); }

std::string get_text (const Options &options, int option, std::size_t capacity = 400)
{
    std::string buffer (capacity, '\xee');
    std::size_t size = capacity;
    CHECK (get_option (options, option, buffer.data (), &size) == 0);
    // What is behind the value is zeroed.
    CHECK (buffer.substr (size) == std::string (capacity - size, '\0'));
    return buffer.substr (0, size);
}

const char key_text[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

struct IntRange
{
    int option, initial, lowest, highest;
};

// Every int option that is stored here, with its default and what may be set; from zmq_setsockopt(3) and observation.
const IntRange int_ranges[] = {
  {ZMQ_RATE, 100, 1, INT_MAX},
  {ZMQ_RECOVERY_IVL, 10000, 0, INT_MAX},
  {ZMQ_SNDBUF, -1, -1, INT_MAX},
  {ZMQ_RCVBUF, -1, -1, INT_MAX},
  {ZMQ_LINGER, -1, -1, INT_MAX},
  {ZMQ_RECONNECT_IVL, 100, -1, INT_MAX},
  {ZMQ_BACKLOG, 100, 0, INT_MAX},
  {ZMQ_RECONNECT_IVL_MAX, 0, 0, INT_MAX},
  {ZMQ_SNDHWM, 1000, 0, INT_MAX},
  {ZMQ_RCVHWM, 1000, 0, INT_MAX},
  {ZMQ_MULTICAST_HOPS, 1, 1, INT_MAX},
  {ZMQ_RCVTIMEO, -1, -1, INT_MAX},
  {ZMQ_SNDTIMEO, -1, -1, INT_MAX},
  {ZMQ_IPV4ONLY, 1, 0, 1},
  {ZMQ_TCP_KEEPALIVE, -1, -1, 1},
  {ZMQ_TCP_KEEPALIVE_CNT, -1, -1, INT_MAX},
  {ZMQ_TCP_KEEPALIVE_IDLE, -1, -1, INT_MAX},
  {ZMQ_TCP_KEEPALIVE_INTVL, -1, -1, INT_MAX},
  {ZMQ_IMMEDIATE, 0, 0, 1},
  {ZMQ_IPV6, 0, 0, 1},
  {ZMQ_CONFLATE, 0, 0, 1},
  {ZMQ_TOS, 0, 0, INT_MAX},
  {ZMQ_HANDSHAKE_IVL, 30000, 0, INT_MAX},
  {ZMQ_EXT_MAX_MESSAGE_PARTS, 0, 0, INT_MAX},
  {ZMQ_EXT_MAX_HANDSHAKES, 10000, 0, INT_MAX},
  {ZMQ_EXT_TLS_TRUST_SYSTEM, -1, -1, 1},
  {ZMQ_EXT_TLS_VERIFY, -1, -1, 2},
  {ZMQ_HEARTBEAT_IVL, 0, 0, INT_MAX},
  {ZMQ_HEARTBEAT_TIMEOUT, -1, 0, INT_MAX},
  {ZMQ_CONNECT_TIMEOUT, 0, 0, INT_MAX},
  {ZMQ_TCP_MAXRT, 0, 0, INT_MAX},
  {ZMQ_MULTICAST_MAXTPDU, 1500, 1, INT_MAX},
  {ZMQ_USE_FD, -1, -1, INT_MAX},
  {ZMQ_IN_BATCH_SIZE, 8192, 1, INT_MAX},
  {ZMQ_OUT_BATCH_SIZE, 8192, 1, INT_MAX},
  {ZMQ_RECONNECT_STOP, 0, INT_MIN, INT_MAX},
  {ZMQ_PRIORITY, 0, 0, INT_MAX},
  {ZMQ_BUSY_POLL, 0, INT_MIN, INT_MAX},
};

}  // namespace

TEST_CASE ("every option number of zmq.h has one row, and no other number has")
{
    const std::set<int> unused{0, 1, 2, 3, 10, 20, 26, 29, 30, 67, 82, 83};
    for (int number = -2; number <= 200; ++number) {
        CAPTURE (number);
        const bool exists = number >= 0 && number <= ZMQ_NORM_PUSH && !unused.contains (number);
        CHECK ((find_option (number) != nullptr) == exists);
    }
    for (int number = ZMQ_EXT_SPIN_US; number <= ZMQ_EXT_TLS_FAILURE + 1; ++number) {
        CAPTURE (number);
        CHECK ((find_option (number) != nullptr) == (number >= ZMQ_EXT_MAX_MESSAGE_SIZE && number <= ZMQ_EXT_TLS_FAILURE));
    }
    CHECK (find_option (INT_MAX) == nullptr);
    CHECK (find_option (INT_MIN) == nullptr);

    std::set<std::string> names;
    for (const OptionRow &row : option_table ()) {
        CAPTURE (row.name);
        CHECK (find_option (row.number) == &row);
        CHECK (names.insert (row.name).second);
        CHECK (((row.set != nullptr) || (row.get != nullptr)) == (row.owner == OptionOwner::options));
        if (row.owner == OptionOwner::options) {
            CHECK (row.settable == (row.set != nullptr));
            CHECK (row.gettable == (row.get != nullptr));
        }
    }
}

TEST_CASE ("int options: default, range, size")
{
    for (const IntRange &range : int_ranges) {
        CAPTURE (find_option (range.option)->name);
        Options options;
        CHECK (get_int (options, range.option) == range.initial);
        CHECK (set_int (options, range.option, range.lowest) == 0);
        CHECK (get_int (options, range.option) == range.lowest);
        CHECK (set_int (options, range.option, range.highest) == 0);
        CHECK (get_int (options, range.option) == range.highest);
        if (range.lowest != INT_MIN) {
            CHECK (set_int (options, range.option, range.lowest - 1) == EINVAL);
            CHECK (set_int (options, range.option, INT_MIN) == EINVAL);
        }
        if (range.highest != INT_MAX)
            CHECK (set_int (options, range.option, range.highest + 1) == EINVAL);
        const char bytes[16] = {};
        for (const std::size_t size : {0, 1, 3, 5, 8})
            CHECK (set_option (options, range.option, bytes, size) == EINVAL);
        CHECK (set_option (options, range.option, nullptr, 0) == EINVAL);
        CHECK (set_option (options, range.option, nullptr, 4) == EINVAL);
        CHECK (get_int (options, range.option) == range.highest);  // untouched by what was refused

        char buffer[16];
        for (std::size_t size : {0, 1, 3, 5, 8}) {
            CHECK (get_option (options, range.option, buffer, &size) == EINVAL);
        }
        std::size_t size = 4;
        CHECK (get_option (options, range.option, nullptr, &size) == EINVAL);
        CHECK (get_option (options, range.option, buffer, nullptr) == EINVAL);
    }
}

TEST_CASE ("64-bit options")
{
    Options options;
    std::int64_t limit = 0;
    std::size_t size = sizeof limit;
    CHECK (get_option (options, ZMQ_MAXMSGSIZE, &limit, &size) == 0);
    CHECK (limit == -1);
    for (const std::int64_t value : {INT64_MIN, std::int64_t{-5}, std::int64_t{0}, INT64_MAX}) {
        CHECK (set_option (options, ZMQ_MAXMSGSIZE, &value, sizeof value) == 0);
        CHECK (options.maxmsgsize == value);
    }
    CHECK (set_int (options, ZMQ_MAXMSGSIZE, 1) == EINVAL);

    const std::uint64_t mask = UINT64_MAX;
    CHECK (set_option (options, ZMQ_AFFINITY, &mask, sizeof mask) == 0);
    CHECK (options.affinity == mask);
    CHECK (set_int (options, ZMQ_AFFINITY, 1) == EINVAL);
    char buffer[16];
    size = 16;
    CHECK (get_option (options, ZMQ_AFFINITY, buffer, &size) == EINVAL);
}

TEST_CASE ("relaxed booleans take any int")
{
    for (const int option : {ZMQ_INVERT_MATCHING, ZMQ_ZAP_ENFORCE_DOMAIN, ZMQ_LOOPBACK_FASTPATH, ZMQ_MULTICAST_LOOP}) {
        Options options;
        CHECK (get_int (options, option) == (option == ZMQ_MULTICAST_LOOP));
        for (const int value : {-1, 1, 2, INT_MIN}) {
            CHECK (set_int (options, option, value) == 0);
            CHECK (get_int (options, option) == 1);
        }
        CHECK (set_int (options, option, 0) == 0);
        CHECK (get_int (options, option) == 0);
    }
}

TEST_CASE ("HEARTBEAT_TTL is cut to tenths of a second")
{
    Options options;
    const std::pair<int, int> taken[] = {{-99, 0}, {-1, 0}, {0, 0}, {99, 0}, {100, 100}, {150, 100}, {6553599, 6553500}};
    for (const auto &[set, got] : taken) {
        CHECK (set_int (options, ZMQ_HEARTBEAT_TTL, set) == 0);
        CHECK (get_int (options, ZMQ_HEARTBEAT_TTL) == got);
    }
    for (const int value : {-100, 6553600, INT_MIN, INT_MAX})
        CHECK (set_int (options, ZMQ_HEARTBEAT_TTL, value) == EINVAL);
    CHECK (options.heartbeat_ttl == 6553500);
}

TEST_CASE ("ROUTING_ID is 1 to 255 bytes of anything")
{
    Options options;
    CHECK (get_text (options, ZMQ_ROUTING_ID, 5) == "");
    CHECK (set_text (options, ZMQ_ROUTING_ID, std::string_view ("\0x", 2)) == 0);
    CHECK (get_text (options, ZMQ_ROUTING_ID, 5) == std::string ("\0x", 2));
    CHECK (set_text (options, ZMQ_ROUTING_ID, std::string (255, 'a')) == 0);
    CHECK (get_text (options, ZMQ_ROUTING_ID, 255) == std::string (255, 'a'));
    CHECK (set_text (options, ZMQ_ROUTING_ID, std::string (256, 'a')) == EINVAL);
    CHECK (set_text (options, ZMQ_ROUTING_ID, "") == EINVAL);
    CHECK (set_option (options, ZMQ_ROUTING_ID, nullptr, 0) == EINVAL);
    char buffer[254];
    std::size_t size = sizeof buffer;
    CHECK (get_option (options, ZMQ_ROUTING_ID, buffer, &size) == EINVAL);
}

TEST_CASE ("text options: lengths, what clears, terminating NUL")
{
    struct Case
    {
        int option;
        std::size_t longest;
        bool empty_clears, null_clears;
    };
    const Case cases[] = {{ZMQ_ZAP_DOMAIN, 255, false, false},
                          {ZMQ_SOCKS_PROXY, 70000, false, true},
                          {ZMQ_SOCKS_USERNAME, 255, true, true},
                          {ZMQ_SOCKS_PASSWORD, 255, true, true},
                          {ZMQ_BINDTODEVICE, 16, false, true}};
    for (const Case &c : cases) {
        CAPTURE (find_option (c.option)->name);
        Options options;
        CHECK (get_text (options, c.option) == std::string (1, '\0'));
        CHECK (set_text (options, c.option, "ab") == 0);
        CHECK (get_text (options, c.option) == std::string ("ab\0", 3));
        CHECK (get_text (options, c.option, 3) == std::string ("ab\0", 3));
        char small[2];
        std::size_t size = sizeof small;
        CHECK (get_option (options, c.option, small, &size) == EINVAL);
        CHECK (set_text (options, c.option, std::string_view ("a\0", 2)) == 0);
        CHECK (get_text (options, c.option) == std::string ("a\0\0", 3));
        CHECK (set_text (options, c.option, std::string (c.longest, 'z')) == 0);
        CHECK (get_text (options, c.option, c.longest + 1) == std::string (c.longest, 'z') + '\0');
        if (c.longest < 70000)
            CHECK (set_text (options, c.option, std::string (c.longest + 1, 'z')) == EINVAL);
        CHECK (set_option (options, c.option, "", 0) == (c.empty_clears ? 0 : EINVAL));
        CHECK (set_option (options, c.option, nullptr, 3) == EINVAL);
        CHECK (set_text (options, c.option, "x") == 0);
        CHECK (set_option (options, c.option, nullptr, 0) == (c.null_clears ? 0 : EINVAL));
        CHECK (get_text (options, c.option) == (c.null_clears ? std::string (1, '\0') : std::string ("x\0", 2)));
    }
}

TEST_CASE ("messages of the engine's making cannot be read back")
{
    Options options;
    for (const int option : {ZMQ_HELLO_MSG, ZMQ_DISCONNECT_MSG, ZMQ_HICCUP_MSG}) {
        CHECK (set_text (options, option, "hi") == 0);
        char buffer[10];
        std::size_t size = sizeof buffer;
        CHECK (get_option (options, option, buffer, &size) == EINVAL);
    }
    CHECK (options.hello_msg == "hi");
    CHECK (set_option (options, ZMQ_HELLO_MSG, nullptr, 0) == 0);
    CHECK (options.hello_msg.empty ());
    CHECK (set_option (options, ZMQ_HICCUP_MSG, "", 0) == 0);
    CHECK (options.hiccup_msg.empty ());
    CHECK (options.disconnect_msg == "hi");
}

TEST_CASE ("the mechanism is what the last security option implied")
{
    Options options;
    CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_NULL);
    CHECK (set_int (options, ZMQ_MECHANISM, ZMQ_PLAIN) == EINVAL);

    CHECK (set_int (options, ZMQ_PLAIN_SERVER, 1) == 0);
    CHECK (get_int (options, ZMQ_PLAIN_SERVER) == 1);
    CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_PLAIN);
    CHECK (set_int (options, ZMQ_PLAIN_SERVER, 2) == EINVAL);
    CHECK (set_int (options, ZMQ_PLAIN_SERVER, 0) == 0);
    CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_NULL);

    CHECK (set_int (options, ZMQ_CURVE_SERVER, 1) == 0);
    CHECK (set_text (options, ZMQ_PLAIN_USERNAME, "user") == 0);
    CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_PLAIN);
    CHECK_FALSE (options.as_server);
    CHECK (get_int (options, ZMQ_CURVE_SERVER) == 0);

    CHECK (set_option (options, ZMQ_PLAIN_USERNAME, nullptr, 0) == 0);
    CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_NULL);
    CHECK (get_text (options, ZMQ_PLAIN_USERNAME) == std::string ("user\0", 5));
    for (const int option : {ZMQ_PLAIN_USERNAME, ZMQ_PLAIN_PASSWORD}) {
        CHECK (set_option (options, option, "", 0) == EINVAL);
        CHECK (set_text (options, option, std::string (255, 'p')) == 0);
        CHECK (set_text (options, option, std::string (256, 'p')) == EINVAL);
        CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_PLAIN);
    }

    CHECK (set_int (options, ZMQ_PLAIN_SERVER, 1) == 0);
    CHECK (set_text (options, ZMQ_CURVE_PUBLICKEY, key_text) == 0);
    CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_CURVE);
    CHECK (get_int (options, ZMQ_CURVE_SERVER) == 1);
    CHECK (get_int (options, ZMQ_PLAIN_SERVER) == 0);
    CHECK (set_text (options, ZMQ_CURVE_SERVERKEY, key_text) == 0);
    CHECK (get_int (options, ZMQ_CURVE_SERVER) == 0);
    CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_CURVE);
    CHECK (set_int (options, ZMQ_CURVE_SERVER, 0) == 0);
    CHECK (get_int (options, ZMQ_MECHANISM) == ZMQ_NULL);
}

TEST_CASE ("CURVE keys are 32 bytes or Z85")
{
    for (const int option : {ZMQ_CURVE_PUBLICKEY, ZMQ_CURVE_SECRETKEY, ZMQ_CURVE_SERVERKEY}) {
        Options options;
        char buffer[64] = {};
        for (std::size_t size : {31, 33, 40, 42, 64})
            CHECK (get_option (options, option, buffer, &size) == EINVAL);
        CHECK (set_option (options, option, key_text, 40) == 0);
        std::size_t size = 41;
        CHECK (get_option (options, option, buffer, &size) == 0);
        CHECK (std::string (buffer) == key_text);
        size = 32;
        char binary[32];
        CHECK (get_option (options, option, binary, &size) == 0);

        Options other;
        CHECK (set_option (other, option, binary, 32) == 0);
        CHECK (get_option (other, option, buffer, &(size = 41)) == 0);
        CHECK (std::string (buffer) == key_text);
        CHECK (set_option (other, option, key_text, 41) == 0);
        CHECK (set_text (other, option, std::string (key_text) + "x") == EINVAL);
        CHECK (set_text (other, option, std::string (40, '~')) == EINVAL);
        for (const std::size_t wrong : {0, 31, 33, 39, 42})
            CHECK (set_option (other, option, std::string (64, 'a').data (), wrong) == EINVAL);
        CHECK (set_option (other, option, nullptr, 0) == EINVAL);

        Options fresh;
        CHECK (set_text (fresh, option, std::string (40, '~')) == EINVAL);
        CHECK (fresh.mechanism == ZMQ_NULL);
    }
}

TEST_CASE ("filters collect and NULL clears them")
{
    Options options;
    CHECK (set_text (options, ZMQ_TCP_ACCEPT_FILTER, "127.0.0.1") == 0);
    CHECK (set_text (options, ZMQ_TCP_ACCEPT_FILTER, "10.0.0.0/8") == 0);
    CHECK (options.tcp_accept_filters.size () == 2);
    for (const char *text : {"", "::1", "localhost", "127.0.0.1/33", "127.0.0.1/", "127.0.0.1/x", "127.0.0.1:80", "*"})
        CHECK (set_text (options, ZMQ_TCP_ACCEPT_FILTER, text) == EINVAL);
    CHECK (set_text (options, ZMQ_TCP_ACCEPT_FILTER, std::string (256, '1')) == EINVAL);
    CHECK (set_int (options, ZMQ_IPV6, 1) == 0);
    CHECK (set_text (options, ZMQ_TCP_ACCEPT_FILTER, "::1/128") == 0);
    CHECK (set_text (options, ZMQ_TCP_ACCEPT_FILTER, "::1/129") == EINVAL);
    CHECK (options.tcp_accept_filters.size () == 3);
    CHECK (set_option (options, ZMQ_TCP_ACCEPT_FILTER, nullptr, 0) == 0);
    CHECK (options.tcp_accept_filters.empty ());

    CHECK (set_int (options, ZMQ_IPC_FILTER_PID, 7) == 0);
    CHECK (set_int (options, ZMQ_IPC_FILTER_PID, 8) == 0);
    CHECK (options.ipc_filter_pid == std::vector<pid_t>{7, 8});
    CHECK (set_text (options, ZMQ_IPC_FILTER_PID, "12345678") == EINVAL);
    CHECK (set_option (options, ZMQ_IPC_FILTER_PID, "", 0) == EINVAL);
    CHECK (set_option (options, ZMQ_IPC_FILTER_PID, nullptr, 0) == 0);
    CHECK (options.ipc_filter_pid.empty ());
    CHECK (set_int (options, ZMQ_IPC_FILTER_UID, 0) == 0);
    CHECK (set_int (options, ZMQ_IPC_FILTER_GID, -1) == 0);
    CHECK (options.ipc_filter_uid.size () == 1);
    CHECK (options.ipc_filter_gid.size () == 1);
    int value = 0;
    std::size_t size = sizeof value;
    CHECK (get_option (options, ZMQ_IPC_FILTER_UID, &value, &size) == EINVAL);
}

TEST_CASE ("METADATA needs X-, a colon and a value; the first value of a name stays")
{
    Options options;
    for (const char *text : {"X-a:b", "X-a:other", "X-:vv", "X-b:c:d"})
        CHECK (set_text (options, ZMQ_METADATA, text) == 0);
    CHECK (options.metadata.size () == 3);
    CHECK (options.metadata.at ("X-a") == "b");
    CHECK (options.metadata.at ("X-b") == "c:d");
    for (const char *text : {"", "X-", "X-a", "X-a:", "X-ab:", "x-a:b", "a:b", "X-:v"})
        CHECK (set_text (options, ZMQ_METADATA, text) == EINVAL);
    CHECK (set_text (options, ZMQ_METADATA, "X-" + std::string (253, 'a') + ":v") == 0);
    CHECK (set_text (options, ZMQ_METADATA, "X-" + std::string (254, 'a') + ":v") == EINVAL);
    CHECK (set_option (options, ZMQ_METADATA, nullptr, 0) == EINVAL);
    CHECK (set_option (options, ZMQ_METADATA, nullptr, 5) == EINVAL);
}

TEST_CASE ("IPV4ONLY is the opposite of IPV6")
{
    Options options;
    CHECK (set_int (options, ZMQ_IPV4ONLY, 0) == 0);
    CHECK (get_int (options, ZMQ_IPV6) == 1);
    CHECK (set_int (options, ZMQ_IPV6, 0) == 0);
    CHECK (get_int (options, ZMQ_IPV4ONLY) == 1);
}

TEST_CASE ("notifications belong to their socket types")
{
    const ContextOptions context;
    for (const SocketType *row : socket_types ()) {
        CAPTURE (row->name);
        const int type = row->number;
        Options options = make_options (row, context);
        const bool routes = type == ZMQ_ROUTER || type == ZMQ_REP;
        CHECK (set_int (options, ZMQ_ROUTER_NOTIFY, 3) == (routes ? 0 : EINVAL));
        CHECK (set_int (options, ZMQ_ROUTER_NOTIFY, 4) == EINVAL);
        CHECK (get_int (options, ZMQ_ROUTER_NOTIFY) == (routes ? 3 : 0));
        CHECK (set_int (options, ZMQ_STREAM_NOTIFY, 0) == (type == ZMQ_STREAM ? 0 : EINVAL));
        CHECK (set_int (options, ZMQ_STREAM_NOTIFY, 2) == EINVAL);
        CHECK (get_int (options, ZMQ_TYPE) == type);
    }
}

TEST_CASE ("what is held elsewhere, unknown or read-only is refused")
{
    Options options;
    char buffer[300];
    for (const OptionRow &row : option_table ()) {
        if (row.owner == OptionOwner::options)
            continue;
        CAPTURE (row.name);
        std::size_t size = 4;
        CHECK (set_int (options, row.number, 1) == EINVAL);
        CHECK (get_option (options, row.number, buffer, &size) == EINVAL);
    }
    for (const int number : {0, 1, 20, 125, -1, 1000, INT_MAX, INT_MIN}) {
        std::size_t size = 4;
        CHECK (set_int (options, number, 1) == EINVAL);
        CHECK (get_option (options, number, buffer, &size) == EINVAL);
    }
    for (const int number : {ZMQ_TYPE, ZMQ_LAST_ENDPOINT, ZMQ_MECHANISM})
        CHECK (set_int (options, number, 1) == EINVAL);
}

TEST_CASE ("LAST_ENDPOINT reads as text")
{
    Options options;
    CHECK (get_text (options, ZMQ_LAST_ENDPOINT, 10) == std::string (1, '\0'));
    options.last_endpoint = "tcp://127.0.0.1:5555";
    CHECK (get_text (options, ZMQ_LAST_ENDPOINT) == options.last_endpoint + '\0');
}

TEST_CASE ("a new socket's defaults follow its type and its context")
{
    ContextOptions context;
    for (const SocketType *type : socket_types ()) {
        CAPTURE (type->name);
        const bool hears_only = type->number == ZMQ_SUB || type->number == ZMQ_XSUB || type->number == ZMQ_DISH;
        CHECK (make_options (type, context).linger == (hears_only ? 0 : -1));
        CHECK_FALSE (make_options (type, context).ipv6);
        CHECK (make_options (type, context).zero_copy_recv);
    }
    context.blocky = false;
    context.ipv6 = true;
    context.zero_copy_recv = false;
    const Options options = make_options (find_socket_type (ZMQ_DEALER), context);
    CHECK (options.linger == 0);
    CHECK (options.ipv6);
    CHECK_FALSE (options.zero_copy_recv);
}
