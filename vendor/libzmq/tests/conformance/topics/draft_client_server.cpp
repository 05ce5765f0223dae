// draft_client_server.cpp - SERVER, CLIENT and PEER: routing ids of messages, connect_peer and disconnect_peer.
#include "draft.hpp"
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("SERVER answers each CLIENT by the routing id that came with its message")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket server (ctx, type_server), a (ctx, type_client), b (ctx, type_client);
        const std::string bound = server.bind (endpoint);
        a.connect (bound);
        b.connect (bound);
        send (a, "from a");
        const Letter first = recv_letter (server);
        CHECK (first.body == "from a");
        CHECK (first.routing_id != 0);
        send (b, "from b");
        const Letter second = recv_letter (server);
        CHECK (second.body == "from b");
        CHECK (second.routing_id != 0);
        CHECK (second.routing_id != first.routing_id);
        send_letter (server, {"to b", second.routing_id});
        send_letter (server, {"to a", first.routing_id});
        CHECK (recv_letter (a) == Letter{"to a"});
        CHECK (recv_letter (b) == Letter{"to b"});
        // The id stays.
        send (a, "again");
        CHECK (recv_letter (server) == Letter{"again", first.routing_id});
    }
}

TEST_CASE ("SERVER: no routing id, an unknown one, and one whose peer has gone, are EHOSTUNREACH")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket server (ctx, type_server), client (ctx, type_client);
        client.connect (server.bind (endpoint));
        send (client, "x");
        const uint32_t id = recv_letter (server).routing_id;
        CHECK_ERRNO (try_send (server, "nobody"), EHOSTUNREACH);
        CHECK_ERRNO (send_frame (server, "nobody"), EHOSTUNREACH);
        CHECK_ERRNO (try_send_letter (server, {"unknown", id + 1000}), EHOSTUNREACH);
        client.close ();
        CHECK (wait_until ([&] {
            events (server);
            return try_send_letter (server, {"gone", id}) == -1;
        }));
        CHECK_ERRNO (try_send_letter (server, {"gone", id}), EHOSTUNREACH);
        CHECK_ERRNO (try_send_letter (server, {"gone", id}, 0), EHOSTUNREACH);
    }
}

TEST_CASE ("SERVER: a full peer is EAGAIN, and one that reads ends the wait")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket server (ctx, type_server), client (ctx, type_client);
        server.set (ZMQ_SNDHWM, 2).set (ZMQ_SNDBUF, 4096);
        client.set (ZMQ_RCVHWM, 2).set (ZMQ_RCVBUF, 4096);
        client.connect (server.bind (endpoint));
        send (client, "x");
        const uint32_t id = recv_letter (server).routing_id;
        const std::string body (100000, 'b');
        // What the kernels pass on makes room for a while.
        int taken = 0;
        for (int refused = 0; refused < 3 && taken < 1000;)
            if (try_send_letter (server, {body, id}) != -1) {
                ++taken;
                refused = 0;
            } else {
                CHECK (zmq_errno () == EAGAIN);
                ++refused;
                sleep_ms (10);
            }
        CHECK (taken < 1000);
        CHECK (can_send (server));  // of SERVER that says nothing
        Background sender ([&] { send_letter (server, {"last", id}); });
        int whole = 0;
        for (int i = 0; i < taken; ++i)
            whole += recv_letter (client).body.size () == body.size ();
        CHECK (whole == taken);
        CHECK (recv_letter (client).body.size () == 4);
        CHECK (sender.wait ());
    }
}

TEST_CASE ("CLIENT gives its messages to its SERVERs in turn, and waits while there is none")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket client (ctx, type_client), a (ctx, type_server), b (ctx, type_server);
    CHECK_ERRNO (try_send (client, "x"), EAGAIN);
    CHECK_FALSE (can_send (client));
    client.connect (a.bind (inproc_name ()));
    client.connect (b.bind (inproc_name ()));
    for (int i = 0; i < 10; ++i)
        send (client, std::to_string (i));
    for (int i = 0; i < 5; ++i) {
        CHECK (recv_letter (a).body == std::to_string (2 * i));
        CHECK (recv_letter (b).body == std::to_string (2 * i + 1));
    }
}

TEST_CASE ("CLIENT may bind and SERVER connect; the id lasts over a reconnect")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket server (ctx, type_server);
    server.set (ZMQ_RECONNECT_IVL, 10);
    auto client = std::make_unique<Socket> (ctx, type_client);
    const std::string endpoint = client->bind ();
    server.connect (endpoint);
    send (*client, "x");
    const uint32_t id = recv_letter (server).routing_id;
    client.reset ();
    client = std::make_unique<Socket> (ctx, type_client);
    REQUIRE (wait_until ([&] { return zmq_bind (*client, endpoint.c_str ()) == 0; }));
    send (*client, "y");
    CHECK (recv_letter (server) == Letter{"y", id});
    send_letter (server, {"z", id});
    CHECK (recv_letter (*client).body == "z");
}

TEST_CASE ("SERVER and CLIENT: a message of several frames is refused when sent")
{
    NEEDS_DRAFTS ();
    for (const DraftType &type : draft_types) {
        CAPTURE (std::string (type.name));
        Context ctx;
        Socket own (ctx, type.number), peer (ctx, type.peer);
        own.connect (peer.bind (inproc_name ()));
        if (!type.sends)
            CHECK_ERRNO (send_frame (own, "part", ZMQ_SNDMORE), ENOTSUP);
        else
            CHECK_ERRNO (send_frame (own, "part", ZMQ_SNDMORE), EINVAL);
    }
}

TEST_CASE ("PEER: whoever connects knows the peer at once, the other learns of it by its message")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket a (ctx, type_peer), b (ctx, type_peer), c (ctx, type_peer);
        const uint32_t to_b = connect_peer (a, b.bind (endpoint));
        const uint32_t to_c = connect_peer (a, c.bind (inproc_name ()));
        REQUIRE (to_b != 0);
        REQUIRE (to_c != 0);
        CHECK (to_b != to_c);
        send_letter (a, {"to c", to_c});
        send_letter (a, {"to b", to_b});
        const Letter heard = recv_letter (b);
        CHECK (heard.body == "to b");
        CHECK (recv_letter (c).body == "to c");
        send_letter (b, {"back", heard.routing_id});
        CHECK (recv_letter (a) == Letter{"back", to_b});
    }
}

TEST_CASE ("connect_peer: its errors, and zmq_connect's")
{
    NEEDS_DRAFTS ();
    Context ctx;
    const auto refused = [] (void *socket, const std::string &endpoint) {
        errno = 0;
        return connect_peer (socket, endpoint) == 0 ? zmq_errno () : 0;
    };
    Socket peer (ctx, type_peer), other (ctx, type_peer), server (ctx, type_server);
    CHECK (refused (server, inproc_name ()) == ENOTSUP);
    CHECK (refused (peer, "tcp://") == EINVAL);
    CHECK (refused (peer, "nothing://x") == EPROTONOSUPPORT);
    CHECK (refused (nullptr, inproc_name ()) == ENOTSOCK);
    peer.set (ZMQ_IMMEDIATE, 1);
    CHECK (refused (peer, inproc_name ()) == EFAULT);
    peer.set (ZMQ_IMMEDIATE, 0);
    CHECK (refused (peer, other.bind ()) == 0);
    zmq_ctx_shutdown (ctx);
    CHECK (refused (peer, inproc_name ()) == ETERM);
}

TEST_CASE ("disconnect_peer ends one peer")
{
    NEEDS_DRAFTS ();
    if (!find_symbol ("zmq_disconnect_peer"))
        return;
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket server (ctx, type_server), a (ctx, type_client), b (ctx, type_client);
        const std::string bound = server.bind (endpoint);
        a.set (ZMQ_RECONNECT_IVL, -1).connect (bound);
        b.connect (bound);
        send (a, "x");
        const uint32_t to_a = recv_letter (server).routing_id;
        send (b, "x");
        const uint32_t to_b = recv_letter (server).routing_id;
        CHECK (disconnect_peer (server, to_a) == 0);
        CHECK_ERRNO (disconnect_peer (server, to_a), EHOSTUNREACH);
        CHECK_ERRNO (try_send_letter (server, {"gone", to_a}), EHOSTUNREACH);
        CHECK (wait_until ([&] { return !can_send (a); }));
        send_letter (server, {"still", to_b});
        CHECK (recv_letter (b).body == "still");
        CHECK_ERRNO (disconnect_peer (a, 1), ENOTSUP);
    }
}

TEST_CASE ("on the wire: one frame, without the id, and a message of several is dropped")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket server (ctx, type_server);
    Peer peer = Peer::connect (server.bind ());
    CHECK (peer.handshake ("CLIENT") == std::map<std::string, std::string>{{"Socket-Type", "SERVER"}});
    peer.send (wire::frame ("a", 1) + wire::frame ("b", 1) + wire::frame ("c") + wire::frame ("whole"));
    const Letter letter = recv_letter (server);
    CHECK (letter.body == "whole");
    send_letter (server, {"answer", letter.routing_id});
    CHECK (peer.read_frame () == Frame{0, "answer"});
    // Commands that mean nothing to it.
    peer.send (wire::command ("JOIN", "group") + wire::command ("SUBSCRIBE", "topic") + wire::frame ("next"));
    CHECK (recv_letter (server) == Letter{"next", letter.routing_id});
    CHECK (peer.open ());
}
