// draft_pipeline.cpp - SCATTER, GATHER and CHANNEL: single frames, otherwise as PUSH, PULL and PAIR.
#include "draft.hpp"
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("SCATTER gives its messages to its GATHERs in turn")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket scatter (ctx, type_scatter), a (ctx, type_gather), b (ctx, type_gather);
        CHECK_ERRNO (try_send (scatter, "early"), EAGAIN);
        scatter.connect (a.bind (endpoint));
        scatter.connect (b.bind (inproc_name ()));
        for (int i = 0; i < 10; ++i)
            send (scatter, std::to_string (i));
        for (int i = 0; i < 5; ++i) {
            CHECK (recv_letter (a) == Letter{std::to_string (2 * i)});
            CHECK (recv_letter (b) == Letter{std::to_string (2 * i + 1)});
        }
    }
}

TEST_CASE ("GATHER takes from its SCATTERs in turn; a full one makes them wait")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket gather (ctx, type_gather), a (ctx, type_scatter), b (ctx, type_scatter);
        gather.set (ZMQ_RCVHWM, 5);
        const std::string bound = gather.bind (endpoint);
        for (Socket *socket : {&a, &b})
            socket->set (ZMQ_SNDHWM, 5).connect (bound);
        Background first ([&] {
            for (int i = 0; i < 200; ++i)
                send (a, "a" + std::to_string (i));
        });
        Background second ([&] {
            for (int i = 0; i < 200; ++i)
                send (b, "b" + std::to_string (i));
        });
        int next_a = 0, next_b = 0;
        for (int i = 0; i < 400; ++i) {
            const std::string body = recv_letter (gather).body;
            int &next = body[0] == 'a' ? next_a : next_b;
            CHECK (body.substr (1) == std::to_string (next++));
        }
        CHECK (next_a == 200);
    }
}

TEST_CASE ("CHANNEL carries single frames both ways between two")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket a (ctx, type_channel), b (ctx, type_channel), c (ctx, type_channel);
        CHECK_ERRNO (try_send (a, "early"), EAGAIN);
        const std::string bound = a.bind (endpoint);
        b.connect (bound);
        for (int i = 0; i < 10; ++i) {
            send (a, "a" + std::to_string (i));
            send (b, "b" + std::to_string (i));
        }
        for (int i = 0; i < 10; ++i) {
            CHECK (recv_letter (b) == Letter{"a" + std::to_string (i)});
            CHECK (recv_letter (a) == Letter{"b" + std::to_string (i)});
        }
        c.connect (bound);
        zmq_send (c, "intruder", 8, ZMQ_DONTWAIT);
        CHECK (silent (a));
        send (b, "still");
        CHECK (recv_letter (a).body == "still");
    }
}

TEST_CASE ("on the wire: CHANNEL and GATHER drop messages of several frames and keep the connection")
{
    NEEDS_DRAFTS ();
    Context ctx;
    for (const auto &[of, peer_name] : {std::pair{type_channel, "CHANNEL"}, std::pair{type_gather, "SCATTER"}}) {
        const int type = of;  // clang before 16 captures no structured bindings
        CAPTURE (type);
        Socket socket (ctx, type);
        Peer peer = Peer::connect (socket.bind ());
        peer.handshake (peer_name);
        peer.send (wire::frame ("a", 1) + wire::frame ("b"));
        CHECK (silent (socket));
        CHECK_FALSE (can_recv (socket));
        peer.send (wire::frame ("a", 1) + wire::frame ("b") + wire::frame ("whole"));
        CHECK (wait_for (socket, ZMQ_POLLIN));
        CHECK (recv (socket) == Msg{"whole"});
        CHECK (peer.open ());
    }
}
