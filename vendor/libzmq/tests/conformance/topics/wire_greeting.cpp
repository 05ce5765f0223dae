// wire_greeting.cpp - the first bytes of a connection, byte for byte, against peers of every version.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("ten bytes are sent without waiting for the peer")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    CHECK (wire::hex (peer.read (10)) == "ff 00 00 00 00 00 00 00 01 7f");
    CHECK (peer.read_available ().empty ());
}

TEST_CASE ("the second step comes with the peer's signature, the third with its major version")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.read (10);
    const std::string mine = wire::greeting ();
    peer.send (mine.substr (0, 9));
    CHECK (peer.read_available (10).empty ());
    peer.send (mine.substr (9, 1));
    CHECK (wire::hex (peer.read (1)) == "03");
    CHECK (peer.read_available (10).empty ());
    peer.send (mine.substr (10, 1));
    const std::string rest = peer.read (53);
    CHECK (rest.substr (0, 5) == "\1NULL");
    CHECK (rest.substr (5) == std::string (48, '\0'));
    peer.send (mine.substr (11) + wire::ready ("PUSH"));
    CHECK (peer.read_frame ().body.starts_with ("\5READY"));
}

TEST_CASE ("the connecting side sends the same")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    Listener listener;
    push.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    CHECK (wire::hex (peer.read (10)) == "ff 00 00 00 00 00 00 00 01 7f");
    peer.send (wire::greeting () + wire::ready ("PULL"));
    CHECK (peer.read (54).substr (0, 6) == "\3\1NULL");
    CHECK (peer.read_frame ().body.starts_with ("\5READY"));
}

TEST_CASE ("the routing id's length shows in the signature")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    dealer.set (ZMQ_ROUTING_ID, "abc");
    Peer peer = Peer::connect (dealer.bind ());
    CHECK (wire::hex (peer.read (10)) == "ff 00 00 00 00 00 00 00 04 7f");
}

TEST_CASE ("a greeting in single bytes works like one in a piece")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    for (const char byte : wire::greeting () + wire::ready ("PUSH"))
        peer.send (std::string (1, byte));
    peer.read_ready ();
    for (const char byte : wire::frame ("slow"))
        peer.send (std::string (1, byte));
    CHECK (recv (pull) == Msg{"slow"});
}

TEST_CASE ("greeting and handshake in one packet, several messages in the next")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.send (wire::greeting () + wire::ready ("PUSH"));
    peer.read_ready ();  // messages may follow only when both READYs have crossed
    peer.send (wire::frame ("a", 1) + wire::frame ("b") + wire::frame ("c"));
    CHECK (recv (pull) == Msg{"a", "b"});
    CHECK (recv (pull) == Msg{"c"});
}

TEST_CASE ("fields of the greeting that do not matter")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string endpoint = pull.bind ();
    std::vector<std::string> greetings (4, wire::greeting ());
    greetings[0][32] = 1;                                  // as-server
    greetings[1].replace (33, 31, std::string (31, 'f'));  // filler
    greetings[2].replace (1, 8, "\xff\xff\xff\xff\xff\xff\xff\xff"s);
    greetings[3][9] = 1;  // of the tenth byte only the lowest bit counts
    for (const std::string &greeting : greetings) {
        Peer peer = Peer::connect (endpoint);
        peer.send (greeting + wire::ready ("PUSH"));
        peer.read_ready ();
        peer.send (wire::frame ("ok"));
        CHECK (recv (pull) == Msg{"ok"});
    }
}

TEST_CASE ("versions above 3.1 are spoken to as 3.1")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB);
    sub.subscribe ("t");
    const std::string endpoint = sub.bind ();
    const uint8_t versions[][2] = {{3, 1}, {3, 2}, {3, 255}, {4, 0}, {255, 0}, {2, 0}};
    for (const auto &version : versions) {
        CAPTURE (int (version[0]));
        Peer peer = Peer::connect (endpoint);
        peer.send (wire::greeting (version[1], "NULL", version[0]) + wire::ready ("PUB"));
        peer.read_ready ();
        CHECK (wait_serving ({sub}, [&] { return peer.waiting (2); }));
        CHECK (peer.read_frame () == Frame{4, "\tSUBSCRIBEt"});
    }
}

TEST_CASE ("a 3.0 peer gets subscriptions as messages")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB);
    sub.subscribe ("t");
    Peer peer = Peer::connect (sub.bind ());
    peer.handshake ("PUB", 0);
    CHECK (wait_serving ({sub}, [&] { return peer.waiting (2); }));
    CHECK (peer.read_frame () == Frame{0, "\1t"});
    sub.unsubscribe ("t");
    CHECK (peer.read_frame () == Frame{0, "\0t"s});
}

TEST_CASE ("another mechanism ends the connection with an event")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Monitor monitor (ctx, pull, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED);
    const std::string endpoint = pull.bind ();
    for (const char *mechanism : {"PLAIN", "CURVE", "null", "NULLX", "", "XYZ"}) {
        INFO (std::string (mechanism));
        Peer peer = Peer::connect (endpoint);
        peer.send (wire::greeting (1, mechanism));
        const Event failed = monitor.next ();
        CHECK (failed.event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
        CHECK (failed.value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
        CHECK (monitor.next ().event == ZMQ_EVENT_DISCONNECTED);
        CHECK (peer.closed ());
    }
}

TEST_CASE ("a connecting socket gives up after a mechanism mismatch")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 10);
    Listener listener;
    push.connect (listener.endpoint ());
    {
        Peer peer = listener.accept ();
        peer.send (wire::greeting (1, "PLAIN"));
        CHECK (peer.closed ());
    }
    CHECK (listener.nobody (100));
    CHECK (wait_until ([&] { return try_send (push, "x") == -1; }));  // (topic refused)
    CHECK (zmq_disconnect (push, listener.endpoint ().c_str ()) == 0);
}

TEST_CASE ("a peer that says nothing is dropped after HANDSHAKE_IVL, not earlier")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HANDSHAKE_IVL, 100);
    const std::string endpoint = pull.bind ();
    for (const std::string &start : {""s, "\xff"s, wire::greeting ().substr (0, 10), wire::greeting (), wire::greeting () + "\4\x26\5REA"})
    {
        CAPTURE (start.size ());
        const Timer timer;
        Peer peer = Peer::connect (endpoint);
        peer.send (start);
        CHECK (peer.closed ());
        CHECK (timer.reached (95));
        CHECK (timer.ms () < 3000);
    }
}

TEST_CASE ("the handshake timer stops with the handshake")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_HANDSHAKE_IVL, 60);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    CHECK (peer.open (150));
    peer.send (wire::frame ("still here"));
    CHECK (recv (pull) == Msg{"still here"});
}

TEST_CASE ("a connecting socket whose peer says nothing tries again after HANDSHAKE_IVL")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_HANDSHAKE_IVL, 50).set (ZMQ_RECONNECT_IVL, 10);
    Listener listener;
    push.connect (listener.endpoint ());
    Peer mute = listener.accept ();
    Peer second = listener.accept ();
    second.handshake ("PULL");
    send (push, "x");
    CHECK (second.read_frame () == Frame{0, "x"});
}
