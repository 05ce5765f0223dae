// wire_frames.cpp - message frames and subscriptions of ZMTP 3 on the wire: sizes, flags, limits, commands in between.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("a body up to 255 bytes has a short size, above a long one")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    Peer peer = Peer::connect (push.bind ());
    peer.handshake ("PULL");
    send (push, std::string (255, 'x'));
    CHECK (wire::hex (peer.read (2)) == "00 ff");
    CHECK (peer.read (255) == std::string (255, 'x'));
    send (push, std::string (256, 'y'));
    CHECK (wire::hex (peer.read (9)) == "02 00 00 00 00 00 00 01 00");
    CHECK (peer.read (256) == std::string (256, 'y'));
    send (push, Msg{std::string (300, 'a'), ""});
    CHECK (wire::hex (peer.read (9)) == "03 00 00 00 00 00 00 01 2c");
    CHECK (peer.read (300) == std::string (300, 'a'));
    CHECK (wire::hex (peer.read (2)) == "00 00");
}

TEST_CASE ("the long form is accepted for small sizes, unknown flag bits are ignored")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    peer.send ("\2"s + wire::u64 (3) + "abc");
    CHECK (recv (pull) == Msg{"abc"});
    peer.send ("\3"s + wire::u64 (0) + "\xf8\1z"s);
    CHECK (recv (pull) == Msg{"", "z"});
}

TEST_CASE ("frames may come in pieces of any size")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    const std::string bytes = wire::frame ("", 1) + wire::frame (std::string (300, 'b'), 1) + wire::frame ("end");
    for (const size_t piece : {1, 2, 3, 7, 64}) {
        CAPTURE (piece);
        for (size_t at = 0; at < bytes.size (); at += piece)
            peer.send (bytes.substr (at, piece));
        CHECK (recv (pull) == Msg{"", std::string (300, 'b'), "end"});
    }
}

TEST_CASE ("MAXMSGSIZE: a frame of that size passes, a larger one ends the connection before its body")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_MAXMSGSIZE, int64_t{1000});
    const std::string endpoint = pull.bind ();
    Peer peer = Peer::connect (endpoint);
    peer.handshake ("PUSH");
    peer.send (wire::frame (std::string (1000, 'x')));
    CHECK (recv (pull) == Msg{std::string (1000, 'x')});
    peer.send (wire::frame (std::string (900, 'a'), 1) + wire::frame (std::string (900, 'b')));  // the limit is per frame
    CHECK (recv (pull).size () == 2);
    peer.send ("\2"s + wire::u64 (1001));
    CHECK (peer.closed ());
    CHECK (silent (pull, 5));
}

TEST_CASE ("MAXMSGSIZE 0 lets only empty frames through; the handshake counts, too")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_MAXMSGSIZE, int64_t{0});
    Peer peer = Peer::connect (pull.bind ());
    peer.send (wire::greeting () + wire::ready ("PUSH"));
    CHECK (peer.closed ());
}

TEST_CASE ("sizes no machine has end the connection")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string endpoint = pull.bind ();
    for (const uint64_t size : {UINT64_MAX, uint64_t{1} << 63, (uint64_t{1} << 63) - 1}) {
        CAPTURE (size);
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("PUSH");
        peer.send ("\2"s + wire::u64 (size) + "x");
        CHECK (peer.closed ());
    }
    Peer peer = Peer::connect (endpoint);
    peer.handshake ("PUSH");
    peer.send (wire::frame ("alive"));
    CHECK (recv (pull) == Msg{"alive"});
}

TEST_CASE ("an announced gigabyte that never comes costs nothing and ends with the connection")
{
    if (oracle ())  // 4.3.4 allocates it at once
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string endpoint = pull.bind ();
    std::vector<Peer> peers;
    for (int i = 0; i < 16; ++i) {
        peers.push_back (Peer::connect (endpoint));
        peers.back ().handshake ("PUSH");
        peers.back ().send ("\2"s + wire::u64 (uint64_t{1} << 36) + "x");
    }
    Peer good = Peer::connect (endpoint);
    good.handshake ("PUSH");
    good.send (wire::frame ("alive"));
    CHECK (recv (pull) == Msg{"alive"});
}

TEST_CASE ("PING is answered by PONG with its context, also between the parts of a message")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    peer.send (wire::command ("PING", "\0\0"s));
    CHECK (peer.read_frame () == Frame{4, "\4PONG"});
    peer.send (wire::command ("PING", "\0\0context"s));
    CHECK (peer.read_frame () == Frame{4, "\4PONGcontext"});
    peer.send (wire::command ("PING", "\0\0"s + "0123456789abcdefXXXX"));  // 16 bytes come back
    CHECK (peer.read_frame () == Frame{4, "\4PONG0123456789abcdef"});
    peer.send (wire::frame ("one", 1) + wire::command ("PING", "\0\0mid"s) + wire::frame ("two"));
    CHECK (peer.read_frame () == Frame{4, "\4PONGmid"});
    CHECK (recv (pull) == Msg{"one", "two"});
}

TEST_CASE ("PONG goes out before queued messages")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    Peer peer = Peer::connect (push.bind ());
    peer.handshake ("PULL");
    peer.send (wire::command ("PING", "\0\0now"s));
    CHECK (peer.read_frame () == Frame{4, "\4PONGnow"});
    send (push, "message");
    CHECK (peer.read_frame () == Frame{0, "message"});
}

TEST_CASE ("a PING too short to hold a ttl harms nobody")
{
    if (oracle ())  // 4.3.4 reads past its end
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    peer.send (wire::command ("PING") + wire::command ("PING", "\1") + wire::frame ("alive"));
    CHECK (recv (pull) == Msg{"alive"});
}

TEST_CASE ("PONG and commands of others are ignored")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    Peer peer = Peer::connect (dealer.bind ());
    peer.handshake ("DEALER");
    peer.send (wire::command ("PONG", "unasked") + wire::command ("JOIN", "g") + wire::command ("NEW") + wire::frame ("ok"));
    CHECK (recv (dealer) == Msg{"ok"});
}

TEST_CASE ("subscriptions to a 3.1 publisher are commands")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB);
    Peer peer = Peer::connect (sub.bind ());
    peer.handshake ("XPUB");
    CHECK (wait_until ([&] { return events (sub) == 0; }));
    sub.subscribe ("topic");
    sub.subscribe ("");
    CHECK (wait_serving ({sub}, [&] { return peer.waiting (2); }));
    std::vector<std::string> seen{wire::hex (peer.read_frame ().body), wire::hex (peer.read_frame ().body)};
    std::sort (seen.begin (), seen.end ());
    CHECK (seen[0] == wire::hex ("\tSUBSCRIBE"));
    CHECK (seen[1] == wire::hex ("\tSUBSCRIBEtopic"));
    sub.unsubscribe ("topic");
    CHECK (peer.read_frame () == Frame{4, "\6CANCELtopic"});
}

TEST_CASE ("long topics are framed rightly")
{
    Context ctx;
    Socket sub (ctx, ZMQ_SUB);
    Peer peer = Peer::connect (sub.bind ());
    peer.handshake ("PUB");
    for (const size_t size : {245, 246, 250, 255, 256, 1000}) {
        CAPTURE (size);
        if (oracle () && size >= 246 && size <= 255)
            continue;  // 4.3.4 writes a corrupt frame then
        sub.subscribe (std::string (size, 't'));
        CHECK (wait_serving ({sub}, [&] { return peer.waiting (2); }));
        const Frame frame = peer.read_frame ();
        CHECK (frame.command ());
        CHECK (frame.body == "\tSUBSCRIBE" + std::string (size, 't'));
    }
}

TEST_CASE ("a publisher understands both forms of a subscription from a peer of either version")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB);
    const std::string endpoint = pub.bind ();
    for (const uint8_t minor : {0, 1})
        for (const bool as_command : {true, false}) {
            const std::string topic = "t" + std::to_string (minor) + std::to_string (as_command);
            Peer peer = Peer::connect (endpoint);
            peer.handshake ("SUB", minor);
            peer.send (as_command ? wire::command ("SUBSCRIBE", topic) : wire::frame ("\1" + topic));
            CHECK (recv (pub) == Msg{"\1" + topic});
            send (pub, topic);
            CHECK (peer.read_frame () == Frame{0, topic});
            peer.send (as_command ? wire::command ("CANCEL", topic) : wire::frame ("\0"s + topic));
            CHECK (recv (pub) == Msg{"\0"s + topic});
        }
}

TEST_CASE ("SUBSCRIBE to a socket that publishes nothing does no harm")
{
    Context ctx;
    Socket dealer (ctx, ZMQ_DEALER);
    Peer peer = Peer::connect (dealer.bind ());
    peer.handshake ("DEALER");
    peer.send (wire::command ("SUBSCRIBE", "t") + wire::frame ("ok"));
    if (oracle ())  // 4.3.4 hands the command's body to the application
        CHECK (recv (dealer) == Msg{"\tSUBSCRIBEt"});
    CHECK (recv (dealer) == Msg{"ok"});
}

TEST_CASE ("thousands of small frames in one write")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (ZMQ_RCVHWM, 0);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    std::string bytes;
    for (int i = 0; i < 5000; ++i)
        bytes += wire::frame (std::to_string (i));
    peer.send (bytes);
    for (int i = 0; i < 5000; ++i)
        if (recv (pull) != Msg{std::to_string (i)})
            FAIL ("frame " << i);
}
