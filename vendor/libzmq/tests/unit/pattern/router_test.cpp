// ROUTER: addressing, ids and their duplicates, unroutable messages, raw mode.
#include "fakes.hpp"

using namespace fakes;

namespace {
// The id that the application sees in front of what this pipe sends.
std::string id_of (FakeSocket &socket, FakePipe &pipe)
{
    socket.deliver (pipe, {"probe"});
    const Frames frames = socket.recv ();
    REQUIRE (frames.size () == 2);
    CHECK (frames[1] == "probe");
    return frames[0];
}
}  // namespace

TEST_CASE ("ROUTER puts ids in front and sends by them")
{
    FakeSocket socket (ZMQ_ROUTER);
    const std::string long_id (200, 'L');
    FakePipe &a = socket.add ("A");
    FakePipe &b = socket.add (long_id);
    socket.deliver (b, {"", "x"});
    socket.deliver (a, {"y"});
    CHECK (socket.pattern->has_in ());
    CHECK (socket.recv () == Frames{"A", "y"});
    CHECK (socket.recv () == Frames{long_id, "", "x"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    CHECK (socket.send_message ({long_id, "1", "2"}) == 0);
    CHECK (socket.send_message ({"A", "3"}) == 0);
    CHECK (socket.send_message ({"A", ""}) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"3"}, {""}});
    CHECK (b.take_sent () == std::vector<Frames>{{"1", "2"}});
    CHECK (socket.pattern->has_out ());
}

TEST_CASE ("ROUTER names nameless peers with 5 bytes, 00 and a counter")
{
    FakeSocket socket (ZMQ_ROUTER);
    FakePipe &a = socket.add ();
    FakePipe &b = socket.add ();
    const std::string first = id_of (socket, a), second = id_of (socket, b);
    CHECK (first == std::string ("\0\1\2\3\4", 5));
    CHECK (second == std::string ("\0\1\2\3\5", 5));
    CHECK (socket.send_message ({second, "x"}) == 0);
    CHECK (a.sent.empty ());
    CHECK (b.take_sent () == std::vector<Frames>{{"x"}});

    // An automatic id is never one that is in use.
    FakeSocket other (ZMQ_ROUTER);
    other.add (first);
    CHECK (id_of (other, other.add ()) == second);
}

TEST_CASE ("ROUTER uses a connecting pipe once its peer has a name, and keeps the first name")
{
    FakeSocket socket (ZMQ_ROUTER);
    FakePipe &pipe = socket.add_connected ();
    pipe.put ({"x"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    pipe.peer_routing_id = "A";
    socket.pattern->identified (pipe);
    CHECK (socket.recv () == Frames{"A", "x"});
    pipe.peer_routing_id = "B";
    socket.pattern->identified (pipe);
    socket.deliver (pipe, {"y"});
    CHECK (socket.recv () == Frames{"A", "y"});
}

TEST_CASE ("ROUTER learns the name of an inproc peer that binds after the connect")
{
    FakeSocket socket (ZMQ_ROUTER);
    auto made = std::make_unique<FakePipe> ();
    made->connected_by_us = made->is_inproc = true;
    FakePipe &pipe = socket.attach (std::move (made));
    pipe.peer_routing_id = "bound";
    socket.pattern->identified (pipe);
    CHECK (socket.send_message ({"bound", "x"}) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"x"}});
    CHECK (id_of (socket, pipe) == "bound");
}

TEST_CASE ("CONNECT_ROUTING_ID names the next connected pipe, once")
{
    FakeSocket socket (ZMQ_ROUTER);
    CHECK (socket.set (ZMQ_CONNECT_ROUTING_ID, "") == EINVAL);
    CHECK (socket.set (ZMQ_CONNECT_ROUTING_ID, "S") == 0);
    CHECK (socket.pattern->check_connect () == 0);
    socket.add ("accepted");
    FakePipe &named = socket.add_connected ();
    CHECK (socket.send_message ({"S", "at once"}) == 0);
    CHECK (named.take_sent () == std::vector<Frames>{{"at once"}});
    named.peer_routing_id = "own name";
    socket.pattern->identified (named);
    CHECK (id_of (socket, named) == "S");

    FakePipe &next = socket.add_connected ();
    next.peer_routing_id = "N";
    socket.pattern->identified (next);
    CHECK (id_of (socket, next) == "N");

    CHECK (socket.set (ZMQ_CONNECT_ROUTING_ID, "S") == 0);
    CHECK (socket.pattern->check_connect () == EINVAL);
    CHECK (socket.pattern->check_connect () == 0);
}

TEST_CASE ("ROUTER drops what it cannot route")
{
    FakeSocket socket (ZMQ_ROUTER);
    FakePipe &a = socket.add ("A", 1);
    CHECK (socket.send_message ({"nobody", "1", "2"}) == 0);
    CHECK (socket.host.dropped == 1);
    CHECK (socket.send ("A") == 0);  // an id alone
    CHECK (socket.send_message ({"A", "1"}) == 0);
    CHECK (socket.send_message ({"A", "2", "3"}) == 0);
    CHECK (socket.host.dropped == 2);
    CHECK (socket.drain (a) == std::vector<Frames>{{"1"}});
    CHECK (socket.send_message ({"A", "4"}) == 0);
    CHECK (socket.drain (a) == std::vector<Frames>{{"4"}});
    a.ended = true;
    CHECK (socket.send_message ({"A", "5"}) == 0);
    CHECK (a.sent.empty ());
    CHECK (socket.host.dropped == 3);
}

TEST_CASE ("ROUTER drops the rest of a message whose peer goes")
{
    FakeSocket socket (ZMQ_ROUTER);
    FakePipe &a = socket.add ("A");
    CHECK (socket.send ("A", true) == 0);
    SUBCASE ("pipe gone before the first frame") { socket.remove (a); }
    SUBCASE ("pipe gone in mid-message")
    {
        CHECK (socket.send ("1", true) == 0);
        socket.remove (a);
    }
    SUBCASE ("pipe closing")
    {
        CHECK (socket.send ("1", true) == 0);
        a.ended = true;
        CHECK (socket.send ("2", true) == 0);
        CHECK (a.partial.empty ());
        socket.remove (a);
    }
    FakePipe &again = socket.add ("A");
    CHECK (socket.send ("3", true) == 0);
    CHECK (socket.send ("4") == 0);
    CHECK (again.sent.empty ());
    CHECK (socket.host.dropped == 1);
    CHECK (socket.send_message ({"A", "5"}) == 0);
    CHECK (again.take_sent () == std::vector<Frames>{{"5"}});
}

TEST_CASE ("ROUTER_MANDATORY reports what cannot be routed, on the id frame")
{
    FakeSocket socket (ZMQ_ROUTER);
    CHECK (socket.set (ZMQ_ROUTER_MANDATORY, 1) == 0);
    CHECK_FALSE (socket.pattern->has_out ());
    FakePipe &a = socket.add ("A", 1);
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("nobody", true) == EHOSTUNREACH);
    CHECK (socket.send_message ({"A", "1"}) == 0);
    CHECK (socket.send ("A", true) == EAGAIN);
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK (socket.drain (a) == std::vector<Frames>{{"1"}});
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("A", true) == 0);
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("2") == 0);
    CHECK (socket.drain (a) == std::vector<Frames>{{"2"}});
    a.ended = true;
    CHECK (socket.send ("A", true) == EHOSTUNREACH);
    CHECK (socket.host.dropped == 0);
    CHECK (socket.send ("A") == 0);
}

TEST_CASE ("ROUTER ignores a second peer of the same id, for good")
{
    FakeSocket socket (ZMQ_ROUTER);
    FakePipe &first = socket.add ("A");
    FakePipe &second = socket.add ("A");
    CHECK_FALSE (second.terminated);
    socket.deliver (second, {"x"});
    second.put ({"y"});
    socket.pattern->read_activated (second);
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.send_message ({"A", "1"}) == 0);
    CHECK (first.take_sent () == std::vector<Frames>{{"1"}});
    socket.remove (first);
    CHECK (socket.send_message ({"A", "2"}) == 0);
    CHECK (second.sent.empty ());
    CHECK_FALSE (socket.pattern->has_in ());
    FakePipe &third = socket.add ("A");
    CHECK (socket.send_message ({"A", "3"}) == 0);
    CHECK (third.take_sent () == std::vector<Frames>{{"3"}});
    socket.remove (second);
    CHECK (id_of (socket, third) == "A");
}

TEST_CASE ("ROUTER gives the id of a dead peer to a new one and still delivers what the dead one sent")
{
    FakeSocket socket (ZMQ_ROUTER);
    FakePipe &first = socket.add ("A");
    socket.deliver (first, {"last words"});
    first.ended = true;
    FakePipe &second = socket.add ("A");
    CHECK (socket.recv () == Frames{"A", "last words"});
    CHECK (socket.send_message ({"A", "1"}) == 0);
    CHECK (second.take_sent () == std::vector<Frames>{{"1"}});
    socket.remove (first);
    CHECK (socket.send_message ({"A", "2"}) == 0);
    CHECK (second.take_sent () == std::vector<Frames>{{"2"}});
    CHECK (id_of (socket, second) == "A");
}

TEST_CASE ("ROUTER_HANDOVER gives the id to the newest peer and ends the old connection")
{
    FakeSocket socket (ZMQ_ROUTER);
    CHECK (socket.set (ZMQ_ROUTER_HANDOVER, 1) == 0);
    FakePipe &first = socket.add ("A");
    socket.deliver (first, {"a", "b", "c"});
    socket.deliver (first, {"discarded"});
    Msg frame;
    SUBCASE ("between messages")
    {
        FakePipe &second = socket.add ("A");
        CHECK (first.terminated);
        CHECK_FALSE (socket.pattern->has_in ());
        CHECK (id_of (socket, second) == "A");
    }
    SUBCASE ("while a message is received")
    {
        CHECK (socket.pattern->recv (frame) == 0);
        CHECK (socket.pattern->recv (frame) == 0);
        CHECK (frame.view () == "a");
        FakePipe &second = socket.add ("A");
        socket.deliver (second, {"new"});
        CHECK (socket.recv () == Frames{"b", "c"});
        CHECK (socket.recv () == Frames{"A", "new"});
    }
    SUBCASE ("after the id frame was received")
    {
        CHECK (socket.pattern->recv (frame) == 0);
        CHECK (frame.view () == "A");
        socket.add ("A");
        CHECK (socket.pattern->has_in ());
        CHECK (socket.recv () == Frames{"a", "b", "c"});
        CHECK_FALSE (socket.pattern->has_in ());
    }
    SUBCASE ("while a message is sent")
    {
        CHECK (socket.send ("A", true) == 0);
        CHECK (socket.send ("1", true) == 0);
        FakePipe &second = socket.add ("A");
        CHECK (socket.send ("2") == 0);
        CHECK (second.sent.empty ());
        CHECK (socket.send_message ({"A", "3"}) == 0);
        CHECK (second.take_sent () == std::vector<Frames>{{"3"}});
    }
}

TEST_CASE ("ROUTER takes turns between peers")
{
    FakeSocket socket (ZMQ_ROUTER);
    FakePipe &a = socket.add ("A");
    FakePipe &b = socket.add ("B");
    for (int times = 0; times < 2; ++times) {
        socket.deliver (a, {"m"});
        socket.deliver (b, {"m"});
    }
    std::string order;
    for (int times = 0; times < 4; ++times)
        order += socket.recv ().front ();
    CHECK (order == "ABAB");
}

TEST_CASE ("ROUTER_RAW carries bytes, and an empty chunk closes")
{
    FakeSocket socket (ZMQ_ROUTER);
    CHECK_FALSE (socket.pattern->raw ());
    CHECK (socket.set (ZMQ_ROUTER_RAW, 1) == 0);
    CHECK (socket.set (ZMQ_ROUTER_RAW, 0) == 0);
    CHECK (socket.pattern->raw ());
    FakePipe &pipe = socket.add ("announced");
    socket.deliver (pipe, {""});
    const std::string id ("\0\1\2\3\4", 5);
    CHECK (socket.recv () == Frames{id, ""});
    socket.deliver (pipe, {"GET /"});
    CHECK (socket.recv () == Frames{id, "GET /"});
    CHECK (socket.send_message ({id, "200"}) == 0);
    CHECK (socket.send (id, true) == 0);
    CHECK (socket.send ("flags do not matter", true) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"200"}, {"flags do not matter"}});
    CHECK (socket.send_message ({id, ""}) == 0);
    CHECK (pipe.terminated);
    CHECK (socket.send_message ({id, "dropped"}) == 0);
    CHECK (socket.host.dropped == 1);
}

TEST_CASE ("ROUTER options are checked")
{
    FakeSocket socket (ZMQ_ROUTER);
    for (const int option : {ZMQ_ROUTER_MANDATORY, ZMQ_ROUTER_HANDOVER, ZMQ_ROUTER_RAW, ZMQ_PROBE_ROUTER}) {
        CHECK (socket.set (option, 2) == 0);
        CHECK (socket.set (option, -1) == EINVAL);
        CHECK (socket.set (option, "12345") == EINVAL);
        CHECK (socket.pattern->set_option (option, nullptr, 4) == EINVAL);
        CHECK (socket.get (option) == -1);
    }
    CHECK (socket.set (ZMQ_XPUB_VERBOSE, 1) == EINVAL);
}
