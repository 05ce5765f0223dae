// multipart.cpp - a message of several parts arrives whole or not at all.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("nothing is visible before the last part was sent")
{
    TempDir dir;
    Context ctx;
    for (const std::string &endpoint : {inproc_name (), "tcp://127.0.0.1:*"s, dir.ipc ()}) {
        CAPTURE (endpoint);
        Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
        push.connect (pull.bind (endpoint));
        CHECK (send_frame (push, "1", ZMQ_SNDMORE) == 1);
        CHECK (send_frame (push, "2", ZMQ_SNDMORE) == 1);
        CHECK (silent (pull));
        CHECK (send_frame (push, "3") == 1);
        CHECK (recv (pull) == Msg{"1", "2", "3"});
    }
}

TEST_CASE ("once the first part was received the others are there")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    peer.send (wire::frame ("1", 1) + wire::frame ("2", 1));
    CHECK (silent (pull));
    peer.send (wire::frame ("3"));
    CHECK (recv_frame (pull) == "1");
    CHECK (recv_frame (pull, ZMQ_DONTWAIT) == "2");
    CHECK (recv_frame (pull, ZMQ_DONTWAIT) == "3");
}

TEST_CASE ("RCVMORE speaks of the part received last")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind (inproc_name ()));
    send (push, Msg{"1", "2"});
    CHECK (pull.get (ZMQ_RCVMORE) == 0);
    CHECK (recv_frame (pull) == "1");
    CHECK (pull.get (ZMQ_RCVMORE) == 1);
    CHECK (pull.get (ZMQ_RCVMORE) == 1);
    CHECK (recv_frame (pull) == "2");
    CHECK (pull.get (ZMQ_RCVMORE) == 0);
}

TEST_CASE ("while a message is half read the next part comes from the same peer")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string name = pull.bind (inproc_name ());
    Socket a (ctx, ZMQ_PUSH), b (ctx, ZMQ_PUSH);
    a.connect (name);
    b.connect (name);
    for (int i = 0; i < 20; ++i) {
        send (a, Msg{"a", "a", "a"});
        send (b, Msg{"b", "b", "b"});
    }
    for (int i = 0; i < 40; ++i) {
        const Msg message = recv (pull);
        CHECK (message == Msg (3, message[0]));
    }
}

TEST_CASE ("while a message is half sent the next part goes to the same peer, and POLLOUT stays")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), a (ctx, ZMQ_PULL), b (ctx, ZMQ_PULL);
    push.connect (a.bind (inproc_name ())).connect (b.bind (inproc_name ()));
    CHECK (send_frame (push, "1", ZMQ_SNDMORE) == 1);
    CHECK (can_send (push));
    CHECK (send_frame (push, "2", ZMQ_SNDMORE) == 1);
    CHECK (send_frame (push, "3") == 1);
    CHECK (recv (a) == Msg{"1", "2", "3"});
    CHECK (silent (b, 5));
}

TEST_CASE ("a connection lost in mid-message takes the received parts with it")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string endpoint = pull.bind ();
    for (const bool reset : {false, true}) {
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("PUSH");
        peer.send (wire::frame ("whole") + wire::frame ("1", 1) + wire::frame ("2", 1));
        CHECK (recv (pull) == Msg{"whole"});
        if (reset)
            peer.reset ();
        else
            peer.close ();
        CHECK (silent (pull));
    }
    Peer next = Peer::connect (endpoint);
    next.handshake ("PUSH");
    next.send (wire::frame ("fresh"));
    CHECK (recv (pull) == Msg{"fresh"});
}

TEST_CASE ("a connection lost in mid-frame does so, too")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string endpoint = pull.bind ();
    const std::string bytes = wire::frame ("one", 1) + wire::frame (std::string (300, 'x')) + wire::frame ("end");
    for (const size_t cut : {size_t{1}, size_t{2}, size_t{4}, size_t{6}, size_t{10}, size_t{100}, bytes.size () - 5}) {
        CAPTURE (cut);
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("PUSH");
        peer.send (bytes.substr (0, cut));
        sleep_ms (5);
        peer.close ();
    }
    const bool first_two_were_whole = wait_for (pull, ZMQ_POLLIN, quiet);
    CHECK (first_two_were_whole);  // only the last cut was behind a whole message
    CHECK (recv (pull) == Msg{"one", std::string (300, 'x')});
    CHECK (silent (pull));
}

TEST_CASE ("a publisher's message of several parts reaches matching subscribers whole")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    sub.subscribe ("t").connect (pub.bind ());
    CHECK (recv (pub) == Msg{"\1t"});
    CHECK (send_frame (pub, "t", ZMQ_SNDMORE) == 1);
    CHECK (silent (sub));
    CHECK (send_frame (pub, "body") == 4);
    CHECK (recv (sub) == Msg{"t", "body"});
}

TEST_CASE ("a subscriber that joins in mid-message starts with the next one")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB);
    const std::string endpoint = pub.bind (inproc_name ());
    CHECK (send_frame (pub, "t1", ZMQ_SNDMORE) == 2);
    sub.subscribe ("").connect (endpoint);
    settle ({pub});
    CHECK (send_frame (pub, "tail") == 4);
    send (pub, Msg{"t2", "tail"});
    CHECK (recv (sub) == Msg{"t2", "tail"});
}

TEST_CASE ("200 parts of mixed sizes over tcp")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    Msg message;
    for (size_t i = 0; i < 200; ++i)
        message.push_back (std::string (i * i % 5000, static_cast<char> ('a' + i % 26)));
    for (int i = 0; i < 10; ++i)
        send (push, message);
    for (int i = 0; i < 10; ++i)
        CHECK (recv (pull) == message);
}

TEST_CASE ("a message half read when its socket closes is no trouble")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    const std::string endpoint = push.bind ();
    {
        Socket pull (ctx, ZMQ_PULL);
        pull.connect (endpoint);
        send (push, Msg{"1", "2", "3"});
        CHECK (recv_frame (pull) == "1");
    }
    Socket pull (ctx, ZMQ_PULL);
    pull.connect (endpoint);
    CHECK (wait_until ([&] { return try_send (push, "new") != -1 && wait_for (pull, ZMQ_POLLIN, 20); }));
    CHECK (recv (pull) == Msg{"new"});
}
