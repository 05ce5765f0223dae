// PUSH, PULL and DEALER: load balancing and fair queueing as an application sees them.
#include "fakes.hpp"

using namespace fakes;

TEST_CASE ("PUSH gives messages to its peers in turn")
{
    FakeSocket socket (ZMQ_PUSH);
    CHECK (socket.send ("early") == EAGAIN);
    FakePipe &a = socket.add ();
    FakePipe &b = socket.add ();
    FakePipe &c = socket.add ();
    for (const char *body : {"1", "2", "3", "4"})
        CHECK (socket.send (body) == 0);
    CHECK (socket.send_message ({"5", "6"}) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"1"}, {"4"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"2"}, {"5", "6"}});
    CHECK (c.take_sent () == std::vector<Frames>{{"3"}});
    CHECK (socket.recv_error () == ENOTSUP);
    CHECK_FALSE (socket.pattern->has_in ());
}

TEST_CASE ("PUSH passes over full peers, blocks when all are full, and goes on where there is room")
{
    FakeSocket socket (ZMQ_PUSH);
    FakePipe &a = socket.add ("", 1);
    FakePipe &b = socket.add ("", 3);
    for (const char *body : {"1", "2", "3", "4"})
        CHECK (socket.send (body) == 0);
    CHECK (socket.send ("5") == EAGAIN);
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK (socket.drain (a) == std::vector<Frames>{{"1"}});
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("5") == 0);
    CHECK (socket.send ("6") == EAGAIN);
    CHECK (a.take_sent () == std::vector<Frames>{{"5"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"2"}, {"3"}, {"4"}});
}

TEST_CASE ("PUSH sends nothing to a peer that left, and no peer a part of a message")
{
    FakeSocket socket (ZMQ_PUSH);
    FakePipe &a = socket.add ();
    FakePipe &b = socket.add ();
    FakePipe &c = socket.add ();
    SUBCASE ("the one in use goes")
    {
        CHECK (socket.send ("1", true) == 0);
        socket.remove (a);
        CHECK (socket.pattern->has_out ());
        CHECK (socket.send ("2", true) == 0);
        CHECK (socket.send ("3") == 0);
        CHECK (b.sent.empty ());
        CHECK (c.sent.empty ());
        CHECK (socket.host.dropped == 1);
        CHECK (socket.send ("whole") == 0);
        CHECK (b.sent.size () + c.sent.size () == 1);
    }
    SUBCASE ("the one in use starts closing")
    {
        CHECK (socket.send ("1", true) == 0);
        a.ended = true;
        CHECK (socket.send ("2", true) == 0);
        CHECK (a.partial.empty ());
        CHECK (socket.send ("3") == 0);
        CHECK (socket.host.dropped == 1);
        CHECK (b.sent.empty ());
        CHECK (c.sent.empty ());
    }
    SUBCASE ("another goes while the last one is in use")
    {
        CHECK (socket.send ("1") == 0);
        CHECK (socket.send ("2") == 0);
        CHECK (socket.send ("3", true) == 0);
        socket.remove (b);
        CHECK (socket.send ("4") == 0);
        CHECK (c.take_sent () == std::vector<Frames>{{"3", "4"}});
        CHECK (socket.host.dropped == 0);
    }
    SUBCASE ("a peer comes in mid-message")
    {
        CHECK (socket.send ("1", true) == 0);
        socket.add ();
        CHECK (socket.send ("2") == 0);
        CHECK (a.take_sent () == std::vector<Frames>{{"1", "2"}});
    }
}

TEST_CASE ("one message is lost with the last peer, whole, and none that another could take")
{
    for (const int type : {ZMQ_PUSH, ZMQ_DEALER, ZMQ_PAIR}) {
        FakeSocket socket (type);
        FakePipe &a = socket.add ("", 2);
        SUBCASE ("one of several parts")
        {
            a.ended = true;
            socket.pattern->lose_next (true);
            CHECK (socket.pattern->has_out ());
            CHECK (socket.send ("1", true) == 0);
            CHECK (socket.pattern->has_out ());
            CHECK (socket.send ("2") == 0);
            CHECK (socket.host.dropped == 1);
        }
        SUBCASE ("the one that was being sent")
        {
            CHECK (socket.send ("1", true) == 0);
            a.ended = true;
            socket.pattern->lose_next (true);
            CHECK (socket.send ("2") == 0);
            CHECK (socket.host.dropped == 1);
        }
        SUBCASE ("one with room takes what it can")
        {
            socket.pattern->lose_next (true);
            CHECK (socket.send ("1") == 0);
            CHECK (socket.host.dropped == 0);
            CHECK (a.take_sent () == std::vector<Frames>{{"1"}});
            socket.pattern->lose_next (false);
            a.ended = true;
        }
        CHECK (socket.send ("nobody") == EAGAIN);
        CHECK_FALSE (socket.pattern->has_out ());
    }
}

TEST_CASE ("PUSH does not let a peer fill its pipe")
{
    FakeSocket socket (ZMQ_PUSH);
    FakePipe &pipe = socket.add ();
    socket.deliver (pipe, {"nonsense", "more"});
    CHECK (pipe.in.empty ());
    CHECK_FALSE (socket.pattern->has_in ());
}

TEST_CASE ("PULL takes whole messages from its peers in turn")
{
    FakeSocket socket (ZMQ_PULL);
    FakePipe &a = socket.add ();
    FakePipe &b = socket.add ();
    FakePipe &c = socket.add ();
    for (const char *body : {"a1", "a2", "a3"})
        socket.deliver (a, {body});
    socket.deliver (b, {"b1", "b2"});
    CHECK (socket.pattern->has_in ());
    CHECK (socket.recv () == Frames{"a1"});
    CHECK (socket.recv () == Frames{"b1", "b2"});
    CHECK (socket.recv () == Frames{"a2"});
    socket.deliver (c, {"c1"});
    // The turn is with b, which is empty: the last active one, c, takes its place.
    CHECK (socket.recv () == Frames{"c1"});
    CHECK (socket.recv () == Frames{"a3"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    CHECK (socket.send ("x") == ENOTSUP);
    CHECK_FALSE (socket.pattern->has_out ());
}

TEST_CASE ("PULL sees data that comes after it looked in vain, by recv or by has_in")
{
    FakeSocket socket (ZMQ_PULL);
    FakePipe &pipe = socket.add ();
    SUBCASE ("recv") { CHECK (socket.recv_error () == EAGAIN); }
    SUBCASE ("has_in") { CHECK_FALSE (socket.pattern->has_in ()); }
    SUBCASE ("has_in twice")
    {
        CHECK_FALSE (socket.pattern->has_in ());
        CHECK_FALSE (socket.pattern->has_in ());
    }
    socket.deliver (pipe, {"m"});
    CHECK (socket.pattern->has_in ());
    CHECK (socket.recv () == Frames{"m"});
}

TEST_CASE ("DEALER leaves frames as they are")
{
    FakeSocket socket (ZMQ_DEALER);
    CHECK (socket.send ("early") == EAGAIN);
    FakePipe &a = socket.add ();
    FakePipe &b = socket.add ();
    CHECK (socket.send_message ({"", "1"}) == 0);
    CHECK (socket.send_message ({"2"}) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"", "1"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"2"}});
    socket.deliver (b, {"", "x"});
    CHECK (socket.recv () == Frames{"", "x"});
    CHECK (socket.pattern->has_out ());
}

TEST_CASE ("PROBE_ROUTER sends one empty message on each new pipe")
{
    for (const int type : {ZMQ_DEALER, ZMQ_REQ, ZMQ_ROUTER, ZMQ_REP}) {
        FakeSocket socket (type);
        CHECK (socket.add ("early").sent.empty ());
        CHECK (socket.set (ZMQ_PROBE_ROUTER, 1) == 0);
        CHECK (socket.add ("id").take_sent () == std::vector<Frames>{{""}});
        CHECK (socket.add_connected ().take_sent () == std::vector<Frames>{{""}});
        CHECK (socket.set (ZMQ_PROBE_ROUTER, -1) == EINVAL);
        CHECK (socket.set (ZMQ_PROBE_ROUTER, "1") == EINVAL);
    }
    FakeSocket push (ZMQ_PUSH);
    CHECK (push.set (ZMQ_PROBE_ROUTER, 1) == EINVAL);
}
