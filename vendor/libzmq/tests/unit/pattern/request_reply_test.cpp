// REQ and REP: envelopes, strict turns, and what becomes of a turn whose peer has gone.
#include <cstring>

#include "fakes.hpp"

using namespace fakes;

TEST_CASE ("REQ sends a request with an empty frame in front and takes the reply")
{
    FakeSocket socket (ZMQ_REQ);
    CHECK (socket.recv_error () == EFSM);
    CHECK (socket.send ("early") == EAGAIN);
    CHECK_FALSE (socket.pattern->has_out ());
    FakePipe &pipe = socket.add ();
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("a", true) == 0);
    CHECK (socket.recv_error () == EFSM);
    CHECK (socket.pattern->has_out ());
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.send ("b") == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"", "a", "b"}});

    CHECK (socket.send ("again") == EFSM);
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    socket.deliver (pipe, {"", "x", "y"});
    for (int times = 0; times < 3; ++times) {
        CHECK (socket.pattern->has_in ());
        CHECK_FALSE (socket.pattern->has_out ());
        CHECK (socket.send ("again") == EFSM);
    }
    Msg frame;
    CHECK (socket.pattern->recv (frame) == 0);
    CHECK (frame.view () == "x");
    CHECK (socket.pattern->has_in ());
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK (socket.send ("again") == EFSM);
    CHECK (socket.recv () == Frames{"y"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EFSM);
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("next") == 0);
}

TEST_CASE ("REQ gives requests to its peers in turn and listens to the one asked only")
{
    FakeSocket socket (ZMQ_REQ);
    FakePipe &a = socket.add ();
    FakePipe &b = socket.add ();
    CHECK (socket.send ("1") == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"", "1"}});
    socket.deliver (b, {"", "not asked"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    socket.deliver (a, {"no envelope"});
    socket.deliver (a, {"no", "envelope"});
    socket.deliver (a, {""});
    CHECK_FALSE (socket.pattern->has_in ());
    socket.deliver (a, {"", "1!"});
    CHECK (socket.recv () == Frames{"1!"});
    CHECK (socket.send ("2") == 0);
    CHECK (b.take_sent () == std::vector<Frames>{{"", "2"}});
    CHECK (a.sent.empty ());
}

TEST_CASE ("REQ discards what came before its request")
{
    FakeSocket socket (ZMQ_REQ);
    FakePipe &pipe = socket.add ();
    socket.deliver (pipe, {"", "stale"});
    CHECK (socket.send ("1") == 0);
    CHECK_FALSE (socket.pattern->has_in ());
    socket.deliver (pipe, {"", "fresh"});
    CHECK (socket.recv () == Frames{"fresh"});
}

TEST_CASE ("REQ whose peer died stays waiting; any peer may then answer")
{
    FakeSocket socket (ZMQ_REQ);
    FakePipe &a = socket.add ();
    FakePipe &b = socket.add ();
    CHECK (socket.send ("1") == 0);
    socket.remove (a);
    CHECK (socket.send ("2") == EFSM);
    CHECK (socket.recv_error () == EAGAIN);
    CHECK (b.sent.empty ());
    socket.deliver (b, {"", "answer"});
    CHECK (socket.recv () == Frames{"answer"});
    CHECK (socket.send ("2") == 0);
}

TEST_CASE ("REQ whose peer dies in mid-request drops the rest and waits")
{
    FakeSocket socket (ZMQ_REQ);
    FakePipe &a = socket.add ();
    FakePipe &b = socket.add ();
    CHECK (socket.send ("1", true) == 0);
    socket.remove (a);
    CHECK (socket.send ("2") == 0);
    CHECK (b.sent.empty ());
    CHECK (socket.recv_error () == EAGAIN);
    CHECK (socket.send ("3") == EFSM);
}

TEST_CASE ("REQ blocks while no peer has room, and nothing has changed then")
{
    FakeSocket socket (ZMQ_REQ);
    CHECK (socket.set (ZMQ_REQ_RELAXED, 1) == 0);
    FakePipe &pipe = socket.add ("", 1);
    CHECK (socket.send ("1") == 0);
    CHECK (socket.send ("2") == EAGAIN);
    socket.deliver (pipe, {"", "1!"});
    CHECK (socket.recv () == Frames{"1!"});
    CHECK (socket.send ("2") == EAGAIN);
    CHECK (socket.recv_error () == EFSM);
    CHECK (socket.drain (pipe) == std::vector<Frames>{{"", "1"}});
    CHECK (socket.send ("2") == 0);
}

TEST_CASE ("REQ_RELAXED gives a pending request up; REQ_CORRELATE tells replies apart")
{
    FakeSocket socket (ZMQ_REQ);
    CHECK (socket.set (ZMQ_REQ_RELAXED, 1) == 0);
    CHECK (socket.set (ZMQ_REQ_CORRELATE, 1) == 0);
    CHECK (socket.set (ZMQ_REQ_CORRELATE, -1) == EINVAL);
    CHECK (socket.set (ZMQ_ROUTER_MANDATORY, 1) == EINVAL);
    FakePipe &pipe = socket.add ();
    CHECK (socket.send ("1") == 0);
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("2") == 0);
    const auto sent = pipe.take_sent ();
    REQUIRE (sent.size () == 2);
    REQUIRE (sent[0].size () == 3);
    const std::string id1 = sent[0][0], id2 = sent[1][0];
    CHECK (sent[0] == Frames{id1, "", "1"});
    CHECK (sent[1] == Frames{id2, "", "2"});
    std::uint32_t number1, number2;
    REQUIRE (id1.size () == 4);
    std::memcpy (&number1, id1.data (), 4);
    std::memcpy (&number2, id2.data (), 4);
    CHECK (number2 == number1 + 1);

    socket.deliver (pipe, {id1, "", "late"});
    socket.deliver (pipe, {"", "no id"});
    socket.deliver (pipe, {id2});
    socket.deliver (pipe, {id2, "no delimiter", "x"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    socket.deliver (pipe, {id2, "", "2!", "2!!"});
    CHECK (socket.recv () == Frames{"2!", "2!!"});
    CHECK (socket.recv_error () == EFSM);

    // A reply that is half read is given up as well.
    CHECK (socket.send ("3") == 0);
    const std::string id3 = pipe.take_sent ()[0][0];
    socket.deliver (pipe, {id3, "", "half", "rest"});
    Msg frame;
    CHECK (socket.pattern->recv (frame) == 0);
    CHECK (frame.view () == "half");
    CHECK (socket.send ("4") == 0);
    const std::string id4 = pipe.take_sent ()[0][0];
    CHECK_FALSE (socket.pattern->has_in ());
    socket.deliver (pipe, {id4, "", "4!"});
    CHECK (socket.recv () == Frames{"4!"});
}

TEST_CASE ("REQ holds its connections to the form of a reply")
{
    const engine::SocketType &row = *engine::find_socket_type (ZMQ_REQ);
    REQUIRE (bool (row.make_frame_check));
    auto accepts = [&row] (const std::vector<std::pair<std::string, bool>> &frames) {
        const auto check = row.make_frame_check ();
        for (const auto &[body, more] : frames)
            if (!check->accept (make_frame (body, more)))
                return false;
        return true;
    };
    CHECK (accepts ({{"", true}, {"x", false}}));
    CHECK (accepts ({{"", true}, {"x", true}, {"", true}, {"y", false}, {"", true}, {"z", false}}));
    CHECK (accepts ({{"1234", true}, {"", true}, {"x", false}}));
    CHECK_FALSE (accepts ({{"x", false}}));
    CHECK_FALSE (accepts ({{"", false}}));
    CHECK_FALSE (accepts ({{"x", true}}));
    CHECK_FALSE (accepts ({{"1234", false}}));
    CHECK_FALSE (accepts ({{"1234", true}, {"x", true}}));
    CHECK_FALSE (accepts ({{"1234", true}, {"1234", true}}));
    CHECK_FALSE (accepts ({{"1234", true}, {"", false}}));
    CHECK_FALSE (accepts ({{"", true}, {"x", false}, {"y", false}}));
}

TEST_CASE ("REP answers whoever asked, with the envelope of the request")
{
    FakeSocket socket (ZMQ_REP);
    FakePipe &a = socket.add ("A");
    FakePipe &b = socket.add ("B");
    CHECK (socket.send ("early") == EFSM);
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK (socket.recv_error () == EAGAIN);
    socket.deliver (a, {"", "1", "2"});
    socket.deliver (b, {"hop1", "hop2", "", "3"});
    for (int times = 0; times < 3; ++times) {
        CHECK (socket.pattern->has_in ());
        CHECK_FALSE (socket.pattern->has_out ());
        CHECK (socket.send ("early") == EFSM);
    }
    Msg frame;
    CHECK (socket.pattern->recv (frame) == 0);
    CHECK (frame.view () == "1");
    CHECK (frame.more ());
    CHECK (socket.send ("early") == EFSM);
    CHECK (socket.recv () == Frames{"2"});
    CHECK (socket.recv_error () == EFSM);
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("x", true) == 0);
    CHECK (socket.recv_error () == EFSM);
    CHECK (socket.send ("y") == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"", "x", "y"}});

    CHECK (socket.recv () == Frames{"3"});
    CHECK (socket.send ("z") == 0);
    CHECK (b.take_sent () == std::vector<Frames>{{"hop1", "hop2", "", "z"}});
    CHECK (socket.send ("again") == EFSM);
}

TEST_CASE ("REP takes no notice of messages without an envelope, in poll neither")
{
    FakeSocket socket (ZMQ_REP);
    FakePipe &pipe = socket.add ("A");
    socket.deliver (pipe, {"x"});
    socket.deliver (pipe, {"x", "y"});
    socket.deliver (pipe, {""});
    socket.deliver (pipe, {"x", ""});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    socket.deliver (pipe, {"x"});
    socket.deliver (pipe, {"", "request"});
    CHECK (socket.recv () == Frames{"request"});
    CHECK (socket.send ("reply") == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"", "reply"}});
}

TEST_CASE ("REP drops a reply that cannot be delivered")
{
    FakeSocket socket (ZMQ_REP);
    FakePipe &a = socket.add ("A", 1);
    socket.deliver (a, {"", "1"});
    CHECK (socket.recv () == Frames{"1"});
    SUBCASE ("requester gone")
    {
        socket.remove (a);
        CHECK (socket.send ("x", true) == 0);
        CHECK (socket.send ("y") == 0);
    }
    SUBCASE ("requester closing")
    {
        a.ended = true;
        CHECK (socket.send ("x") == 0);
    }
    SUBCASE ("requester full")
    {
        a.sent.push_back ({"occupied"});
        CHECK (socket.send ("x", true) == 0);
        CHECK (socket.send ("y") == 0);
        CHECK (a.take_sent ().size () == 1);
    }
    SUBCASE ("gone in mid-reply")
    {
        CHECK (socket.send ("x", true) == 0);
        a.ended = true;
        CHECK (socket.send ("y", true) == 0);
        CHECK (a.partial.empty ());
        socket.remove (a);
        CHECK (socket.send ("z") == 0);
    }
    CHECK (socket.send ("again") == EFSM);
    FakePipe &b = socket.add ("B");
    socket.deliver (b, {"", "2"});
    CHECK (socket.recv () == Frames{"2"});
    CHECK (socket.send ("2!") == 0);
    CHECK (b.take_sent () == std::vector<Frames>{{"", "2!"}});
}

TEST_CASE ("REP delivers a request to its end though the requester has gone")
{
    FakeSocket socket (ZMQ_REP);
    FakePipe &a = socket.add ("A");
    FakePipe &b = socket.add ("B");
    socket.deliver (a, {"", "1", "2", "3"});
    Msg frame;
    CHECK (socket.pattern->recv (frame) == 0);
    socket.remove (a);
    socket.deliver (b, {"", "other"});
    CHECK (socket.pattern->has_in ());
    CHECK (socket.recv () == Frames{"2", "3"});
    CHECK (socket.send ("lost") == 0);
    CHECK (b.sent.empty ());
    CHECK (socket.recv () == Frames{"other"});
}

TEST_CASE ("REP and ROUTER tell whether a peer can be written to")
{
    for (const int type : {ZMQ_REP, ZMQ_ROUTER}) {
        FakeSocket socket (type);
        FakePipe &pipe = socket.add ("A", 1);
        int events = -1;
        CHECK (socket.pattern->peer_state ("A", 1, events) == 0);
        CHECK (events == ZMQ_POLLOUT);
        pipe.set_limit (0);
        CHECK (socket.pattern->peer_state ("A", 1, events) == 0);
        CHECK (events == 0);
        CHECK (socket.pattern->peer_state ("B", 1, events) == EHOSTUNREACH);
        CHECK (socket.pattern->peer_state (nullptr, 0, events) == EHOSTUNREACH);
        socket.remove (pipe);
        CHECK (socket.pattern->peer_state ("A", 1, events) == EHOSTUNREACH);
    }
    FakeSocket dealer (ZMQ_DEALER);
    int events = -1;
    CHECK (dealer.pattern->peer_state ("A", 1, events) == ENOTSUP);
}
