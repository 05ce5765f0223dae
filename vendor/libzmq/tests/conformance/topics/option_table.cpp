// option_table.cpp - one row per socket option: default, values accepted, values refused, and wrong lengths for all.
// What an option does is tested in the topic it belongs to; security options and text options are in option_rules.cpp.
#include "harness.hpp"

#include <climits>

using namespace conf;

namespace {
enum Access
{
    get = 1,
    set = 2,
    both = 3
};

constexpr int none = INT_MIN;  // "no such value" in a row

struct IntOption
{
    const char *name;
    int number, access, socket_type, fallback;  // fallback: value of a fresh socket, none when it cannot be read
    int good[4];                                // accepted; read back as they are unless `boolean`
    int bad[4];                                 // EINVAL
    bool boolean;                               // reads back as 0 or 1
};

#define NAMED(option) #option, option

constexpr int any = ZMQ_DEALER;
constexpr IntOption int_options[] = {
  {NAMED (ZMQ_RATE), both, any, 100, {1, 1000, INT_MAX, none}, {0, -1, INT_MIN + 1, none}, false},
  {NAMED (ZMQ_RECOVERY_IVL), both, any, 10000, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_SNDBUF), both, any, -1, {0, 1, 65536, -1}, {-2, none}, false},
  {NAMED (ZMQ_RCVBUF), both, any, -1, {0, 1, 65536, -1}, {-2, none}, false},
  {NAMED (ZMQ_LINGER), both, any, -1, {0, 1, INT_MAX, -1}, {-2, none}, false},
  {NAMED (ZMQ_LINGER), both, ZMQ_SUB, 0, {-1, 0, 5, none}, {-2, none}, false},
  {NAMED (ZMQ_LINGER), both, ZMQ_XSUB, 0, {-1, 0, 5, none}, {-2, none}, false},
  {NAMED (ZMQ_LINGER), both, ZMQ_PUB, -1, {0, none}, {-2, none}, false},
  {NAMED (ZMQ_RECONNECT_IVL), both, any, 100, {-1, 0, 1, INT_MAX}, {-2, none}, false},
  {NAMED (ZMQ_RECONNECT_IVL_MAX), both, any, 0, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_BACKLOG), both, any, 100, {0, 1, 5000, none}, {-1, none}, false},
  {NAMED (ZMQ_SNDHWM), both, any, 1000, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_RCVHWM), both, any, 1000, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_MULTICAST_HOPS), both, any, 1, {1, 255, none}, {0, -1, none}, false},
  {NAMED (ZMQ_MULTICAST_MAXTPDU), both, any, 1500, {1, 9000, none}, {0, -1, none}, false},
  {NAMED (ZMQ_RCVTIMEO), both, any, -1, {-1, 0, 1, INT_MAX}, {-2, none}, false},
  {NAMED (ZMQ_SNDTIMEO), both, any, -1, {-1, 0, 1, INT_MAX}, {-2, none}, false},
  {NAMED (ZMQ_IPV6), both, any, 0, {0, 1, none}, {-1, 2, none}, false},
  {NAMED (ZMQ_IPV4ONLY), both, any, 1, {0, 1, none}, {-1, 2, none}, false},
  {NAMED (ZMQ_TCP_KEEPALIVE), both, any, -1, {0, 1, -1, none}, {-2, 2, none}, false},
  {NAMED (ZMQ_TCP_KEEPALIVE_CNT), both, any, -1, {0, 1, 100, -1}, {-2, none}, false},
  {NAMED (ZMQ_TCP_KEEPALIVE_IDLE), both, any, -1, {0, 1, 100, -1}, {-2, none}, false},
  {NAMED (ZMQ_TCP_KEEPALIVE_INTVL), both, any, -1, {0, 1, 100, -1}, {-2, none}, false},
  {NAMED (ZMQ_IMMEDIATE), both, any, 0, {0, 1, none}, {-1, 2, none}, false},
  {NAMED (ZMQ_CONFLATE), both, any, 0, {0, 1, none}, {-1, 2, none}, false},
  {NAMED (ZMQ_TOS), both, any, 0, {0, 8, 255, none}, {-1, none}, false},
  {NAMED (ZMQ_HANDSHAKE_IVL), both, any, 30000, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_CONNECT_TIMEOUT), both, any, 0, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_TCP_MAXRT), both, any, 0, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_HEARTBEAT_IVL), both, any, 0, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_HEARTBEAT_TTL), both, any, 0, {0, 100, 6553500, none}, {-100, 6553600, INT_MAX, none}, false},
  {NAMED (ZMQ_HEARTBEAT_TIMEOUT), both, any, -1, {0, 1, INT_MAX, none}, {-1, none}, false},
  {NAMED (ZMQ_USE_FD), both, any, -1, {-1, 0, 5, none}, {-2, none}, false},
  {NAMED (ZMQ_INVERT_MATCHING), both, ZMQ_PUB, 0, {0, 1, 7, -1}, {none}, true},
  {NAMED (ZMQ_INVERT_MATCHING), both, ZMQ_SUB, 0, {0, 1, 7, -1}, {none}, true},
  {NAMED (ZMQ_INVERT_MATCHING), both, ZMQ_XPUB, 0, {0, 1, none}, {none}, true},
  {NAMED (ZMQ_PLAIN_SERVER), both, any, 0, {1, 0, none}, {-1, 2, none}, false},
  {NAMED (opt_reconnect_stop), both, any, 0, {0, 1, 3, -1}, {none}, false},
  {NAMED (ZMQ_ROUTER_MANDATORY), set, ZMQ_ROUTER, none, {0, 1, 2, INT_MAX}, {-1, none}, false},
  {NAMED (ZMQ_ROUTER_MANDATORY), set, ZMQ_REP, none, {0, none}, {-1, none}, false},
  {NAMED (ZMQ_ROUTER_HANDOVER), set, ZMQ_ROUTER, none, {0, 1, 2, none}, {-1, none}, false},
  {NAMED (ZMQ_ROUTER_RAW), set, ZMQ_ROUTER, none, {0, 1, none}, {-1, none}, false},
  {NAMED (ZMQ_PROBE_ROUTER), set, ZMQ_ROUTER, none, {0, 1, 2, none}, {-1, none}, false},
  {NAMED (ZMQ_PROBE_ROUTER), set, ZMQ_DEALER, none, {0, 1, none}, {-1, none}, false},
  {NAMED (ZMQ_PROBE_ROUTER), set, ZMQ_REQ, none, {0, 1, none}, {-1, none}, false},
  {NAMED (ZMQ_REQ_CORRELATE), set, ZMQ_REQ, none, {0, 1, 2, none}, {-1, none}, false},
  {NAMED (ZMQ_REQ_RELAXED), set, ZMQ_REQ, none, {0, 1, 2, none}, {-1, none}, false},
  {NAMED (ZMQ_XPUB_VERBOSE), set, ZMQ_XPUB, none, {0, 1, 2, none}, {-1, none}, false},
  {NAMED (ZMQ_XPUB_VERBOSER), set, ZMQ_XPUB, none, {0, 1, 2, none}, {-1, none}, false},
  {NAMED (ZMQ_XPUB_NODROP), set, ZMQ_XPUB, none, {0, 1, 2, none}, {-1, none}, false},
  {NAMED (ZMQ_XPUB_MANUAL), set, ZMQ_XPUB, none, {0, 1, 2, none}, {-1, none}, false},
  {NAMED (ZMQ_XPUB_VERBOSE), set, ZMQ_PUB, none, {0, 1, none}, {-1, none}, false},
  {NAMED (ZMQ_XPUB_NODROP), set, ZMQ_PUB, none, {0, 1, none}, {-1, none}, false},
  {NAMED (opt_only_first_subscribe), set, ZMQ_XPUB, none, {0, 1, none}, {-1, none}, false},
  {NAMED (opt_only_first_subscribe), set, ZMQ_XSUB, none, {0, 1, none}, {-1, none}, false},
  {NAMED (ZMQ_STREAM_NOTIFY), set, ZMQ_STREAM, none, {0, 1, none}, {-1, 2, none}, false},
  {NAMED (ZMQ_RCVMORE), get, any, 0, {none}, {none}, false},
  {NAMED (ZMQ_TYPE), get, any, ZMQ_DEALER, {none}, {none}, false},
  {NAMED (ZMQ_EVENTS), get, any, 0, {none}, {none}, false},
  {NAMED (ZMQ_MECHANISM), get, any, ZMQ_NULL, {none}, {none}, false},
  {NAMED (ZMQ_THREAD_SAFE), get, any, 0, {none}, {none}, false},
};

// A socket as zmq_socket gives it, without the harness's time-outs.
struct Plain
{
    Context ctx;
    void *socket;
    explicit Plain (int type) : socket (zmq_socket (ctx, type)) { REQUIRE (socket); }
    ~Plain () { zmq_close (socket); }
    int get (int option)
    {
        int value = none;
        size_t size = sizeof value;
        return zmq_getsockopt (socket, option, &value, &size) == 0 && size == sizeof value ? value : none;
    }
    int set (int option, int value) { return zmq_setsockopt (socket, option, &value, sizeof value); }
};
}  // namespace

TEST_CASE ("integer options: defaults")
{
    for (const IntOption &row : int_options) {
        if (!(row.access & get))
            continue;
        INFO (std::string (row.name));
        CAPTURE (row.socket_type);
        Plain plain (row.socket_type);
        CHECK (plain.get (row.number) == row.fallback);
    }
}

TEST_CASE ("integer options: accepted values read back")
{
    for (const IntOption &row : int_options) {
        INFO (std::string (row.name));
        CAPTURE (row.socket_type);
        Plain plain (row.socket_type);
        for (const int value : row.good) {
            if (value == none || !(row.access & set))
                break;
            CAPTURE (value);
            CHECK (plain.set (row.number, value) == 0);
            if (row.access & get)
                CHECK (plain.get (row.number) == (row.boolean ? value != 0 : value));
        }
    }
}

TEST_CASE ("integer options: refused values are EINVAL and change nothing")
{
    for (const IntOption &row : int_options) {
        INFO (std::string (row.name));
        CAPTURE (row.socket_type);
        Plain plain (row.socket_type);
        for (const int value : row.bad) {
            if (value == none)
                break;
            CAPTURE (value);
            CHECK_ERRNO (plain.set (row.number, value), EINVAL);
            if (row.access & get)
                CHECK (plain.get (row.number) == row.fallback);
        }
    }
}

TEST_CASE ("integer options: wrong lengths are EINVAL when setting")
{
    for (const IntOption &row : int_options) {
        if (!(row.access & set))
            continue;
        INFO (std::string (row.name));
        Plain plain (row.socket_type);
        const int64_t wide = 1;
        for (const size_t size : {0, 1, 2, 3, 5, 8}) {
            CAPTURE (size);
            CHECK_ERRNO (zmq_setsockopt (plain.socket, row.number, &wide, size), EINVAL);
        }
    }
}

TEST_CASE ("integer options: a short buffer is EINVAL when reading")
{
    for (const IntOption &row : int_options) {
        if (!(row.access & get))
            continue;
        INFO (std::string (row.name));
        Plain plain (row.socket_type);
        int64_t wide = 0;
        for (const size_t size : {0, 1, 3}) {
            CAPTURE (size);
            size_t length = size;
            CHECK_ERRNO (zmq_getsockopt (plain.socket, row.number, &wide, &length), EINVAL);
        }
    }
}

TEST_CASE ("a larger buffer is EINVAL for generic options and fine for state")
{
    Plain plain (ZMQ_DEALER);
    int64_t wide = 0;
    for (const int option : {ZMQ_LINGER, ZMQ_SNDHWM, ZMQ_TYPE, ZMQ_RCVTIMEO, ZMQ_IPV6}) {
        CAPTURE (option);
        size_t size = sizeof wide;
        CHECK_ERRNO (zmq_getsockopt (plain.socket, option, &wide, &size), EINVAL);
    }
    for (const int option : {ZMQ_RCVMORE, ZMQ_FD, ZMQ_EVENTS, ZMQ_THREAD_SAFE}) {
        CAPTURE (option);
        size_t size = sizeof wide;
        CHECK (zmq_getsockopt (plain.socket, option, &wide, &size) == 0);
        CHECK (size == sizeof (int));
    }
}

TEST_CASE ("options that can only be set are EINVAL when read")
{
    for (const IntOption &row : int_options) {
        if (row.access & get)
            continue;
        INFO (std::string (row.name));
        Plain plain (row.socket_type);
        int value = 0;
        size_t size = sizeof value;
        CHECK_ERRNO (zmq_getsockopt (plain.socket, row.number, &value, &size), EINVAL);
    }
}

TEST_CASE ("options that can only be read are EINVAL when set")
{
    Plain plain (ZMQ_DEALER);
    for (const int option : {ZMQ_RCVMORE, ZMQ_FD, ZMQ_EVENTS, ZMQ_TYPE, ZMQ_MECHANISM, ZMQ_THREAD_SAFE, ZMQ_LAST_ENDPOINT}) {
        CAPTURE (option);
        CHECK_ERRNO (plain.set (option, 0), EINVAL);
    }
}

TEST_CASE ("numbers that name no option are EINVAL")
{
    Plain plain (ZMQ_DEALER);
    for (const int option : {-1, 0, 1, 2, 3, 10, 20, 26, 29, 30, 67, 70, 82, 83, 5000}) {
        CAPTURE (option);
        CHECK_ERRNO (plain.set (option, 1), EINVAL);
        int value = 0;
        size_t size = sizeof value;
        CHECK_ERRNO (zmq_getsockopt (plain.socket, option, &value, &size), EINVAL);
    }
}

TEST_CASE ("an option of another socket type is EINVAL")
{
    const struct
    {
        int type, option;
    } rows[] = {{ZMQ_PAIR, ZMQ_ROUTER_MANDATORY}, {ZMQ_DEALER, ZMQ_ROUTER_MANDATORY}, {ZMQ_DEALER, ZMQ_ROUTER_HANDOVER},
                {ZMQ_DEALER, ZMQ_REQ_RELAXED},    {ZMQ_ROUTER, ZMQ_REQ_CORRELATE},    {ZMQ_PUSH, ZMQ_PROBE_ROUTER},
                {ZMQ_SUB, ZMQ_XPUB_VERBOSE},      {ZMQ_XSUB, ZMQ_XPUB_NODROP},        {ZMQ_ROUTER, ZMQ_STREAM_NOTIFY},
                {ZMQ_PULL, ZMQ_XPUB_MANUAL},      {ZMQ_SUB, opt_only_first_subscribe}};
    for (const auto &row : rows) {
        CAPTURE (row.type);
        CAPTURE (row.option);
        Plain plain (row.type);
        CHECK_ERRNO (plain.set (row.option, 1), EINVAL);
    }
}

TEST_CASE ("SUBSCRIBE belongs to SUB")
{
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; ++type) {
        CAPTURE (type);
        Plain plain (type);
        if (type == ZMQ_SUB) {
            CHECK (zmq_setsockopt (plain.socket, ZMQ_SUBSCRIBE, "a", 1) == 0);
            CHECK (zmq_setsockopt (plain.socket, ZMQ_UNSUBSCRIBE, "a", 1) == 0);
        } else {
            CHECK_ERRNO (zmq_setsockopt (plain.socket, ZMQ_SUBSCRIBE, "a", 1), EINVAL);
            CHECK_ERRNO (zmq_setsockopt (plain.socket, ZMQ_UNSUBSCRIBE, "a", 1), EINVAL);
        }
    }
}

TEST_CASE ("64-bit options: defaults, values, lengths")
{
    Plain plain (ZMQ_DEALER);
    int64_t value = 5;
    size_t size = sizeof value;
    CHECK (zmq_getsockopt (plain.socket, ZMQ_MAXMSGSIZE, &value, &size) == 0);
    CHECK (value == -1);
    CHECK (zmq_getsockopt (plain.socket, ZMQ_AFFINITY, &value, &size) == 0);
    CHECK (value == 0);
    for (const int option : {ZMQ_MAXMSGSIZE, ZMQ_AFFINITY}) {
        for (const int64_t wanted : {int64_t{0}, int64_t{1}, int64_t{-1}, INT64_MAX, INT64_MIN, int64_t{1} << 40}) {
            CAPTURE (wanted);
            CHECK (zmq_setsockopt (plain.socket, option, &wanted, sizeof wanted) == 0);
            CHECK (zmq_getsockopt (plain.socket, option, &value, &size) == 0);
            CHECK (value == wanted);
        }
        CHECK_ERRNO (zmq_setsockopt (plain.socket, option, &value, 4), EINVAL);
        CHECK_ERRNO (zmq_setsockopt (plain.socket, option, &value, 0), EINVAL);
        size_t four = 4;
        CHECK_ERRNO (zmq_getsockopt (plain.socket, option, &value, &four), EINVAL);
    }
}

TEST_CASE ("options stay writable and readable on a connected socket")
{
    Context ctx;
    Socket a (ctx, ZMQ_DEALER), b (ctx, ZMQ_DEALER);
    b.connect (a.bind ());
    for (const int option : {ZMQ_LINGER, ZMQ_SNDHWM, ZMQ_RCVHWM, ZMQ_RECONNECT_IVL, ZMQ_HANDSHAKE_IVL, ZMQ_RCVTIMEO}) {
        CAPTURE (option);
        a.set (option, 17);
        CHECK (a.get (option) == 17);
    }
}
