// option_rules.cpp - options whose values are text, keys or addresses, and options that act on each other.
#include "harness.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace conf;

TEST_CASE ("ROUTING_ID: 1 to 255 bytes of any value")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    CHECK (dealer.bytes (ZMQ_ROUTING_ID).empty ());
    CHECK_ERRNO (dealer.try_set (ZMQ_ROUTING_ID, ""), EINVAL);
    CHECK_ERRNO (dealer.try_set (ZMQ_ROUTING_ID, std::string (256, 'x')), EINVAL);
    for (const std::string &id : {"a"s, "\0zero"s, std::string (255, 'x'), "\xff\x00\x01"s}) {
        dealer.set (ZMQ_ROUTING_ID, id);
        CHECK (dealer.bytes (ZMQ_ROUTING_ID) == id);
    }
    char small[1];
    size_t size = sizeof small;
    CHECK_ERRNO (zmq_getsockopt (dealer, ZMQ_ROUTING_ID, small, &size), EINVAL);
}

TEST_CASE ("ROUTING_ID is accepted on every type")
{
    Context ctx;
    for (int type = ZMQ_PAIR; type < ZMQ_STREAM; ++type) {
        Socket socket (ctx, type);
        CHECK (socket.try_set (ZMQ_ROUTING_ID, "id") == 0);
        CHECK (socket.bytes (ZMQ_ROUTING_ID) == "id");
    }
}

TEST_CASE ("LAST_ENDPOINT of a fresh socket is an empty text")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PULL);
    CHECK (socket.bytes (ZMQ_LAST_ENDPOINT) == "\0"s);
    socket.bind (inproc_name ());
    char small[3];
    size_t size = sizeof small;
    CHECK_ERRNO (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, small, &size), EINVAL);
}

TEST_CASE ("text options: read back with their NUL, too small a buffer is EINVAL")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    for (const int option : {ZMQ_ZAP_DOMAIN, ZMQ_PLAIN_USERNAME, ZMQ_PLAIN_PASSWORD, ZMQ_SOCKS_PROXY}) {
        CAPTURE (option);
        CHECK (socket.bytes (option) == "\0"s);
        socket.set (option, "value");
        CHECK (socket.bytes (option) == "value\0"s);
        char small[5];
        size_t size = sizeof small;
        CHECK_ERRNO (zmq_getsockopt (socket, option, small, &size), EINVAL);
        CHECK_ERRNO (socket.try_set (option, ""), EINVAL);  // not NULL and empty
    }
}

TEST_CASE ("text options: 255 bytes fit, 256 do not")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    for (const int option : {ZMQ_ZAP_DOMAIN, ZMQ_PLAIN_USERNAME, ZMQ_PLAIN_PASSWORD}) {
        CAPTURE (option);
        CHECK (socket.try_set (option, std::string (255, 'x')) == 0);
        CHECK (socket.text (option).size () == 255);
        CHECK_ERRNO (socket.try_set (option, std::string (256, 'x')), EINVAL);
    }
}

TEST_CASE ("SOCKS_PROXY is cleared by NULL")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    socket.set (ZMQ_SOCKS_PROXY, "127.0.0.1:1080");
    CHECK (zmq_setsockopt (socket, ZMQ_SOCKS_PROXY, nullptr, 0) == 0);
    CHECK (socket.text (ZMQ_SOCKS_PROXY).empty ());
}

TEST_CASE ("BINDTODEVICE: up to 16 bytes, cleared by NULL")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    socket.set (ZMQ_BINDTODEVICE, "lo");
    CHECK (socket.text (ZMQ_BINDTODEVICE) == "lo");
    CHECK_ERRNO (socket.try_set (ZMQ_BINDTODEVICE, std::string (17, 'x')), EINVAL);
    CHECK (zmq_setsockopt (socket, ZMQ_BINDTODEVICE, nullptr, 0) == 0);
    CHECK (socket.text (ZMQ_BINDTODEVICE).empty ());
}

TEST_CASE ("the mechanism follows the last security option set")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_NULL);
    socket.set (ZMQ_PLAIN_SERVER, 1);
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_PLAIN);
    CHECK (socket.get (ZMQ_PLAIN_SERVER) == 1);
    socket.set (ZMQ_PLAIN_USERNAME, "user");
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_PLAIN);
    CHECK (socket.get (ZMQ_PLAIN_SERVER) == 0);  // client now
    socket.set (ZMQ_PLAIN_SERVER, 0);
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_NULL);
    CHECK (socket.text (ZMQ_PLAIN_USERNAME) == "user");
}

TEST_CASE ("PLAIN_USERNAME NULL goes back to NULL")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    socket.set (ZMQ_PLAIN_PASSWORD, "secret");
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_PLAIN);
    CHECK (zmq_setsockopt (socket, ZMQ_PLAIN_PASSWORD, nullptr, 0) == 0);
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_NULL);
    CHECK (socket.text (ZMQ_PLAIN_PASSWORD) == "secret");
}

static const char z85_key[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

TEST_CASE ("CURVE keys: 32 bytes, 40 or 41 characters; anything else EINVAL")
{
    if (!zmq_has ("curve"))
        return;  // the options are EINVAL then, see the next case
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    uint8_t key[32];
    REQUIRE (zmq_z85_decode (key, z85_key));
    const std::string binary (reinterpret_cast<char *> (key), sizeof key);
    for (const int option : {ZMQ_CURVE_PUBLICKEY, ZMQ_CURVE_SECRETKEY, ZMQ_CURVE_SERVERKEY}) {
        CAPTURE (option);
        for (const std::string &form : {binary, std::string (z85_key), std::string (z85_key) + '\0'}) {
            socket.set (option, form);
            char text[41];
            size_t size = 41;
            CHECK (zmq_getsockopt (socket, option, text, &size) == 0);
            CHECK (text == std::string (z85_key));
            size = 32;
            CHECK (zmq_getsockopt (socket, option, text, &size) == 0);
            CHECK (std::string (text, 32) == binary);
        }
        CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_CURVE);
        for (const size_t wrong : {0, 1, 31, 33, 39, 42})
            CHECK_ERRNO (socket.try_set (option, std::string (wrong, 'a')), EINVAL);
        char text[64];
        size_t size = 40;
        CHECK_ERRNO (zmq_getsockopt (socket, option, text, &size), EINVAL);
    }
}

TEST_CASE ("CURVE_SERVER 0 goes back to NULL")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    if (!zmq_has ("curve") && oracle ()) {
        CHECK_ERRNO (socket.try_set (ZMQ_CURVE_SERVER, 1), EINVAL);
        return;
    }
    // Ours keeps the option without the mechanism too, and refuses the bind or connect that would need it.
    CHECK_ERRNO (socket.try_set (ZMQ_CURVE_SERVER, 2), EINVAL);
    CHECK_ERRNO (socket.try_set (ZMQ_CURVE_SERVER, -1), EINVAL);
    socket.set (ZMQ_CURVE_SERVER, 1);
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_CURVE);
    CHECK (socket.get (ZMQ_CURVE_SERVER) == 1);
    socket.set (ZMQ_PLAIN_USERNAME, "u");
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_PLAIN);
    CHECK (socket.get (ZMQ_CURVE_SERVER) == 0);
    socket.set (ZMQ_CURVE_SERVER, 1);
    socket.set (ZMQ_CURVE_SERVER, 0);
    CHECK (socket.get (ZMQ_MECHANISM) == ZMQ_NULL);
}

TEST_CASE ("IPV4ONLY is the inverse of IPV6")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    socket.set (ZMQ_IPV6, 1);
    CHECK (socket.get (ZMQ_IPV4ONLY) == 0);
    socket.set (ZMQ_IPV4ONLY, 1);
    CHECK (socket.get (ZMQ_IPV6) == 0);
}

TEST_CASE ("HEARTBEAT_TTL is kept in tenths of a second")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    const int rows[][2] = {{99, 0}, {100, 100}, {199, 100}, {250, 200}, {6553599, 6553500}, {0, 0}};
    for (const auto &row : rows) {
        socket.set (ZMQ_HEARTBEAT_TTL, row[0]);
        CHECK (socket.get (ZMQ_HEARTBEAT_TTL) == row[1]);
    }
    CHECK (socket.try_set (ZMQ_HEARTBEAT_TTL, -99) == 0);
    CHECK_ERRNO (socket.try_set (ZMQ_HEARTBEAT_TTL, -100), EINVAL);
}

TEST_CASE ("HEARTBEAT_TIMEOUT cannot be set back to its default")
{
    Context ctx;
    Socket socket (ctx, ZMQ_DEALER);
    socket.set (ZMQ_HEARTBEAT_TIMEOUT, 500);
    CHECK_ERRNO (socket.try_set (ZMQ_HEARTBEAT_TIMEOUT, -1), EINVAL);
    CHECK (socket.get (ZMQ_HEARTBEAT_TIMEOUT) == 500);
}

TEST_CASE ("TCP_ACCEPT_FILTER: addresses with an optional mask")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PULL);
    for (const char *good : {"127.0.0.1", "127.0.0.1/32", "10.0.0.0/8", "0.0.0.0/0"}) {
        INFO (std::string (good));
        CHECK (socket.try_set (ZMQ_TCP_ACCEPT_FILTER, std::string (good)) == 0);
    }
    for (const char *bad : {"", "127.0.0.1/", "127.0.0.1/33", "host.invalid", "127.0.0.1/-1"}) {
        INFO (std::string (bad));
        CHECK_ERRNO (socket.try_set (ZMQ_TCP_ACCEPT_FILTER, std::string (bad)), EINVAL);
    }
    CHECK_ERRNO (socket.try_set (ZMQ_TCP_ACCEPT_FILTER, std::string (256, '1')), EINVAL);
    CHECK (zmq_setsockopt (socket, ZMQ_TCP_ACCEPT_FILTER, nullptr, 0) == 0);
}

TEST_CASE ("IPC_FILTER options take one identifier each and are cleared by NULL")
{
    Context ctx;
    Socket socket (ctx, ZMQ_PULL);
    for (const int option : {ZMQ_IPC_FILTER_PID, ZMQ_IPC_FILTER_UID, ZMQ_IPC_FILTER_GID}) {
        CAPTURE (option);
        CHECK (socket.try_set (option, 1) == 0);
        CHECK_ERRNO (socket.try_set (option, "12345678"), EINVAL);
        CHECK (zmq_setsockopt (socket, option, nullptr, 0) == 0);
    }
}

TEST_CASE ("CONNECT_ROUTING_ID must not be empty and exists on ROUTER and STREAM")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), stream (ctx, ZMQ_STREAM), dealer (ctx, ZMQ_DEALER);
    CHECK (router.try_set (ZMQ_CONNECT_ROUTING_ID, "a") == 0);
    CHECK (stream.try_set (ZMQ_CONNECT_ROUTING_ID, "a") == 0);
    CHECK_ERRNO (router.try_set (ZMQ_CONNECT_ROUTING_ID, ""), EINVAL);
    CHECK_ERRNO (dealer.try_set (ZMQ_CONNECT_ROUTING_ID, "a"), EINVAL);
}

TEST_CASE ("XPUB_WELCOME_MSG takes any bytes, none clears it")
{
    Context ctx;
    Socket xpub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    CHECK (xpub.try_set (ZMQ_XPUB_WELCOME_MSG, "W") == 0);
    CHECK (zmq_setsockopt (xpub, ZMQ_XPUB_WELCOME_MSG, nullptr, 0) == 0);
    CHECK_ERRNO (sub.try_set (ZMQ_XPUB_WELCOME_MSG, "W"), EINVAL);
}

TEST_CASE ("topics may be empty, NULL, long and binary")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB);
    CHECK (zmq_setsockopt (sub, ZMQ_SUBSCRIBE, nullptr, 0) == 0);
    CHECK (zmq_setsockopt (sub, ZMQ_UNSUBSCRIBE, nullptr, 0) == 0);
    CHECK (sub.try_set (ZMQ_SUBSCRIBE, "\0\xff"s) == 0);
    CHECK (sub.try_set (ZMQ_SUBSCRIBE, std::string (100000, 't')) == 0);
    CHECK (sub.try_set (ZMQ_UNSUBSCRIBE, "never subscribed") == 0);
}

TEST_CASE ("an application can hand a listening descriptor to bind")
{
    TempDir dir;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    CHECK (pull.get (ZMQ_USE_FD) == -1);
    pull.set (ZMQ_USE_FD, 33);
    CHECK (pull.get (ZMQ_USE_FD) == 33);
    pull.set (ZMQ_USE_FD, -1);
    CHECK (zmq_bind (pull, dir.ipc ().c_str ()) == 0);
}

TEST_CASE ("draft options of a stable build are refused by the oracle's rule: EINVAL on a wrong length everywhere")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    CHECK_ERRNO (router.try_set (opt_router_notify, "1"), EINVAL);
    CHECK_ERRNO (router.try_set (opt_router_notify, 4), EINVAL);
    CHECK_ERRNO (router.try_set (opt_router_notify, -1), EINVAL);
    CHECK_ERRNO (router.try_set (opt_in_batch_size, 0), EINVAL);
    CHECK_ERRNO (router.try_set (opt_in_batch_size, -1), EINVAL);
}

TEST_CASE ("a mechanism that zmq_has denies is never replaced by NULL on the wire")
{
    if (zmq_has ("curve"))
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.set (ZMQ_IMMEDIATE, 1);
    if (pull.try_set (ZMQ_CURVE_SERVER, 1) == -1)
        return;  // refused at once
    if (zmq_bind (pull, "tcp://127.0.0.1:*") == -1)
        return;  // refused at bind
    push.connect (pull.text (ZMQ_LAST_ENDPOINT));
    CHECK_FALSE (wait_for (push, ZMQ_POLLOUT, 100));
}
