// pair.cpp - PAIR: one peer at a time.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("both ends send and receive, over every transport")
{
    TempDir dir;
    Context ctx;
    for (const std::string &endpoint : {inproc_name (), "tcp://127.0.0.1:*"s, dir.ipc ()}) {
        CAPTURE (endpoint);
        Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
        b.connect (a.bind (endpoint));
        send (a, Msg{"one", "", "three"});
        CHECK (recv (b) == Msg{"one", "", "three"});
        send (b, "back");
        CHECK (recv (a) == Msg{"back"});
    }
}

TEST_CASE ("without a peer a send blocks")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR);
    CHECK_FALSE (can_send (a));
    CHECK_ERRNO (try_send (a, "x"), EAGAIN);
    a.bind ();
    CHECK_ERRNO (try_send (a, "x"), EAGAIN);
    a.set (ZMQ_SNDTIMEO, 20);
    CHECK_ERRNO (send_frame (a, "x"), EAGAIN);
}

TEST_CASE ("a blocked send goes on when a peer comes")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    const std::string endpoint = a.bind ();
    std::atomic<bool> sent{false};
    Background sender ([&] { sent = send_frame (a, "x") == 1; });
    CHECK_FALSE (sender.wait (quiet));
    b.connect (endpoint);
    CHECK (recv (b) == Msg{"x"});
    CHECK (sender.wait ());
    CHECK (sent);
}

TEST_CASE ("a second inproc peer is refused and cannot send")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR), c (ctx, ZMQ_PAIR);
    const std::string name = a.bind (inproc_name ());
    b.connect (name);
    send (b, "first");
    CHECK (recv (a) == Msg{"first"});
    c.connect (name);
    settle ({a, c});
    CHECK (wait_until ([&] {
        events (a);
        return !can_send (c);
    }));
    send (b, "still first");
    CHECK (recv (a) == Msg{"still first"});
    send (a, "answer");
    CHECK (recv (b) == Msg{"answer"});
    CHECK (silent (c));
}

TEST_CASE ("a second tcp peer's messages never arrive")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR), c (ctx, ZMQ_PAIR);
    const std::string endpoint = a.bind ();
    b.connect (endpoint);
    send (b, "first");
    CHECK (recv (a) == Msg{"first"});
    c.connect (endpoint);
    send (c, "intruder");
    CHECK (silent (a));
    send (a, "answer");
    CHECK (recv (b) == Msg{"answer"});
    CHECK (silent (c));
}

TEST_CASE ("when the peer has gone another may come")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR);
    const std::string endpoint = a.bind ();
    for (int i = 0; i < 3; ++i) {
        {
            Socket b (ctx, ZMQ_PAIR);
            b.connect (endpoint);
            send (b, std::to_string (i));
            CHECK (recv (a) == Msg{std::to_string (i)});
            send (a, "to " + std::to_string (i));
            CHECK (recv (b) == Msg{"to " + std::to_string (i)});
        }
        CHECK (wait_until ([&] { return !can_send (a); }));
    }
}

TEST_CASE ("unread messages of a peer that closed stay readable")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR);
    const std::string endpoint = a.bind ();
    {
        Socket b (ctx, ZMQ_PAIR);
        b.set (ZMQ_LINGER, -1);
        b.connect (endpoint);
        send (b, "one");
        send (b, "two");
    }
    CHECK (recv (a) == Msg{"one"});
    CHECK (recv (a) == Msg{"two"});
}

TEST_CASE ("a raw PAIR peer gets plain frames")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR);
    Peer peer = Peer::connect (a.bind ());
    CHECK (peer.handshake ("PAIR") == std::map<std::string, std::string>{{"Socket-Type", "PAIR"}});
    send (a, Msg{"x", "yz"});
    CHECK (peer.read_frame () == Frame{1, "x"});
    CHECK (peer.read_frame () == Frame{0, "yz"});
}

TEST_CASE ("messages of every size around the limits of frames and buffers")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind ());
    for (const size_t size : {0, 1, 32, 33, 34, 253, 254, 255, 256, 257, 8182, 8183, 8190, 8191, 8192, 8193, 65535, 65536, 1 << 20}) {
        CAPTURE (size);
        std::string body (size, 'x');
        for (size_t i = 0; i < size; i += 101)
            body[i] = static_cast<char> (i);
        send (a, body);
        CHECK (recv (b)[0] == body);
    }
}
