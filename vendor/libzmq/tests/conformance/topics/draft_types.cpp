// draft_types.cpp - what all draft socket types have in common: who talks to whom, directions, options, and what other types say of it.
#include "draft.hpp"
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("every pair of draft types: those that fit stay, the others are dropped")
{
    NEEDS_DRAFTS ();
    Context ctx;
    for (const DraftType &own : draft_types) {
        Socket socket (ctx, own.number);
        CHECK (socket.get (ZMQ_TYPE) == own.number);
        const std::string endpoint = socket.bind ();
        Monitor monitor (ctx, socket, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
        const auto try_type = [&] (const std::string &name, bool fits) {
            const std::string pair = own.name + " and "s + name;
            CAPTURE (pair);
            Peer peer = Peer::connect (endpoint);
            peer.send (wire::greeting () + wire::ready (name));
            CHECK (monitor.next ().event == (fits ? ZMQ_EVENT_HANDSHAKE_SUCCEEDED : ZMQ_EVENT_DISCONNECTED));
            if (fits)
                CHECK (peer.read_ready () == std::map<std::string, std::string>{{"Socket-Type", own.name}});
            peer.close ();
            if (fits)
                CHECK (monitor.next ().event == ZMQ_EVENT_DISCONNECTED);
        };
        for (const DraftType &other : draft_types)
            try_type (other.name, own.peer == other.number);
        for (const char *name : {"PAIR", "DEALER", "ROUTER", "PULL", "PUSH", "PUB", "SUB", "DGRAM"})
            try_type (name, false);
    }
}

TEST_CASE ("ZMQ_THREAD_SAFE is 1, ZMQ_FD refused, and RCVMORE 0, on these types and no others")
{
    NEEDS_DRAFTS ();
    Context ctx;
    const auto descriptor = [] (void *socket) {
        int fd = -1;
        size_t size = sizeof fd;
        return zmq_getsockopt (socket, ZMQ_FD, &fd, &size);
    };
    for (const DraftType &type : draft_types) {
        CAPTURE (std::string (type.name));
        Socket socket (ctx, type.number);
        CHECK (socket.get (ZMQ_THREAD_SAFE) == 1);
        CHECK_ERRNO (descriptor (socket), EINVAL);
        CHECK (socket.get (ZMQ_RCVMORE) == 0);
        CHECK (socket.get (ZMQ_LINGER) == 0);  // by the test's Socket
    }
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; ++type) {
        Socket socket (ctx, type);
        CHECK (socket.get (ZMQ_THREAD_SAFE) == 0);
        CHECK (descriptor (socket) == 0);
        CHECK_ERRNO (join (socket, "group"), ENOTSUP);
        CHECK_ERRNO (leave (socket, "group"), ENOTSUP);
    }
}

TEST_CASE ("LINGER's default is 0 on DISH, -1 on the others")
{
    NEEDS_DRAFTS ();
    Context ctx;
    for (const DraftType &type : draft_types) {
        CAPTURE (std::string (type.name));
        void *const socket = zmq_socket (ctx, type.number);
        int linger = 7;
        size_t size = sizeof linger;
        CHECK (zmq_getsockopt (socket, ZMQ_LINGER, &linger, &size) == 0);
        CHECK (linger == (type.number == type_dish ? 0 : -1));
        zmq_close (socket);
    }
}

TEST_CASE ("who only sends cannot receive, and who only receives cannot send")
{
    NEEDS_DRAFTS ();
    for (const DraftType &type : draft_types) {
        CAPTURE (std::string (type.name));
        Context ctx;
        Socket own (ctx, type.number), peer (ctx, type.peer);
        own.connect (peer.bind (inproc_name ()));
        char byte;
        if (!type.receives)
            CHECK_ERRNO (zmq_recv (own, &byte, 1, ZMQ_DONTWAIT), ENOTSUP);
        else
            CHECK_ERRNO (zmq_recv (own, &byte, 1, ZMQ_DONTWAIT), EAGAIN);
        if (!type.sends)
            CHECK_ERRNO (try_send (own, "x"), ENOTSUP);
        if (type.number != type_dish)
            CHECK_ERRNO (join (own, "group"), ENOTSUP);
        CHECK_FALSE (can_recv (own));
    }
}

TEST_CASE ("options of other types are refused")
{
    NEEDS_DRAFTS ();
    Context ctx;
    for (const DraftType &type : draft_types) {
        CAPTURE (std::string (type.name));
        Socket socket (ctx, type.number);
        for (const int option : {ZMQ_ROUTER_MANDATORY, ZMQ_ROUTER_HANDOVER, ZMQ_XPUB_VERBOSE, ZMQ_PROBE_ROUTER, ZMQ_REQ_RELAXED,
                                 ZMQ_STREAM_NOTIFY, opt_router_notify})
            CHECK_ERRNO (socket.try_set (option, 1), EINVAL);
        CHECK_ERRNO (socket.try_set (ZMQ_SUBSCRIBE, "topic"), EINVAL);
        if (type.number == type_radio)
            CHECK (socket.try_set (ZMQ_XPUB_NODROP, 1) == 0);
        else
            CHECK_ERRNO (socket.try_set (ZMQ_XPUB_NODROP, 1), EINVAL);
    }
}

TEST_CASE ("with a mechanism, draft types talk as well")
{
    NEEDS_DRAFTS ();
    if (!zmq_has ("curve"))
        return;
    char server_key[41], server_secret[41], client_key[41], client_secret[41];
    REQUIRE (zmq_curve_keypair (server_key, server_secret) == 0);
    REQUIRE (zmq_curve_keypair (client_key, client_secret) == 0);
    Context ctx;
    const auto secure = [&] (Socket &bound, Socket &connecting) {
        bound.set (ZMQ_CURVE_SERVER, 1).set (ZMQ_CURVE_SECRETKEY, std::string_view (server_secret));
        connecting.set (ZMQ_CURVE_SERVERKEY, std::string_view (server_key));
        connecting.set (ZMQ_CURVE_PUBLICKEY, std::string_view (client_key)).set (ZMQ_CURVE_SECRETKEY, std::string_view (client_secret));
        connecting.connect (bound.bind ());
    };
    Socket server (ctx, type_server), client (ctx, type_client), radio (ctx, type_radio), dish (ctx, type_dish);
    secure (server, client);
    secure (radio, dish);
    send (client, "sealed");
    const Letter letter = recv_letter (server);
    CHECK (letter.body == "sealed");
    send_letter (server, {"back", letter.routing_id});
    CHECK (recv_letter (client).body == "back");
    CHECK (join (dish, "group") == 0);
    dish.set (ZMQ_RCVTIMEO, 10);
    std::string heard;
    CHECK (wait_until ([&] {
        send_letter (radio, {"sealed", 0, "group"});
        char buffer[16];
        const int size = zmq_recv (dish, buffer, sizeof buffer, 0);
        heard.assign (buffer, size > 0 ? static_cast<size_t> (size) : 0);
        return size >= 0;
    }));
    CHECK (heard == "sealed");
}
