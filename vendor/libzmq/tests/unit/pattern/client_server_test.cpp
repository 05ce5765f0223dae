// SERVER, CLIENT, PEER and CHANNEL: single frames, peers by number.
#include <set>

#include "fakes.hpp"

using namespace fakes;

namespace {

// As an application does that answers a message, or sends to whom it knows.
int send_to (FakeSocket &socket, std::uint32_t number, std::string_view body)
{
    Msg frame = make_frame (body);
    frame.set_routing_id (number);
    const int error = socket.pattern->send (frame);
    // What was not taken is still addressed.
    CHECK (frame.routing_id () == (error ? number : 0));
    CHECK (frame.size () == (error ? body.size () : 0));
    socket.reap ();
    return error;
}

// The number that comes with the next message.
std::uint32_t hear (FakeSocket &socket, std::string_view body)
{
    Msg frame;
    REQUIRE (socket.pattern->has_in ());
    REQUIRE (socket.pattern->recv (frame) == 0);
    CHECK (frame.view () == body);
    return frame.routing_id ();
}

}  // namespace

TEST_CASE ("SERVER and PEER: each peer has a number of its own, by which it is answered")
{
    for (const int type : {ZMQ_SERVER, ZMQ_PEER}) {
        CAPTURE (type);
        FakeSocket socket (type);
        CHECK (socket.pattern->has_out ());
        FakePipe &a = socket.add (), &b = socket.add ("", 1);
        socket.deliver (a, {"from a"});
        socket.deliver (b, {"from b"});
        const std::uint32_t to_a = hear (socket, "from a"), to_b = hear (socket, "from b");
        CHECK (to_a != 0);
        CHECK (to_b != 0);
        CHECK (to_a != to_b);
        CHECK (send_to (socket, to_b, "to b") == 0);
        CHECK (send_to (socket, to_a, "to a") == 0);
        CHECK (send_to (socket, to_b, "too much") == EAGAIN);
        CHECK (a.take_sent () == std::vector<Frames>{{"to a"}});
        CHECK (b.take_sent () == std::vector<Frames>{{"to b"}});
        CHECK (a.routing_ids == std::vector<std::uint32_t>{0});  // ours means nothing to the peer
        CHECK (send_to (socket, to_b, "again") == 0);
        CHECK (send_to (socket, 0, "nobody") == EHOSTUNREACH);
        CHECK (send_to (socket, to_a + 1000, "unknown") == EHOSTUNREACH);
        a.ended = true;
        CHECK (send_to (socket, to_a, "gone") == EHOSTUNREACH);
        socket.remove (a);
        CHECK (send_to (socket, to_a, "gone") == EHOSTUNREACH);
    }
}

TEST_CASE ("SERVER reads what a peer that has gone left, and gives nobody else its number meanwhile")
{
    FakeSocket socket (ZMQ_SERVER);
    FakePipe &pipe = socket.add ();
    socket.deliver (pipe, {"1"});
    CHECK (socket.pattern->has_in ());  // read ahead
    socket.remove (pipe);
    std::set<std::uint32_t> numbers{hear (socket, "1")};
    for (int i = 0; i < 100; ++i) {
        FakePipe &other = socket.add ();
        socket.deliver (other, {"x"});
        CHECK (numbers.insert (hear (socket, "x")).second);
    }
}

TEST_CASE ("SERVER and PEER: disconnect_peer ends a peer and forgets what it said")
{
    FakeSocket socket (ZMQ_PEER);
    FakePipe &a = socket.add (), &b = socket.add ();
    socket.deliver (a, {"1"});
    socket.deliver (a, {"2"});
    socket.deliver (b, {"other"});
    const std::uint32_t number = hear (socket, "1");
    CHECK (socket.pattern->disconnect_peer (number + 1000) == EHOSTUNREACH);
    // Whoever's turn it is now, is read ahead.
    CHECK (socket.pattern->has_in ());
    CHECK (socket.pattern->disconnect_peer (number) == 0);
    socket.reap ();
    CHECK (a.terminated);
    CHECK_FALSE (b.terminated);
    CHECK (socket.recv () == Frames{"other"});
    CHECK (socket.recv ().empty ());
    CHECK (socket.pattern->disconnect_peer (number) == EHOSTUNREACH);
    FakeSocket client (ZMQ_CLIENT);
    CHECK (client.pattern->disconnect_peer (1) == ENOTSUP);
}

TEST_CASE ("SERVER: a peer whose message was read ahead is ended, and the message with it")
{
    FakeSocket socket (ZMQ_SERVER);
    FakePipe &pipe = socket.add ();
    socket.deliver (pipe, {"1"});
    const std::uint32_t number = hear (socket, "1");
    socket.deliver (pipe, {"2"});
    CHECK (socket.pattern->has_in ());
    CHECK (socket.pattern->disconnect_peer (number) == 0);
    socket.reap ();
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv ().empty ());
}

TEST_CASE ("PEER knows whom it has connected to last")
{
    FakeSocket socket (ZMQ_PEER);
    CHECK (socket.row.connects_to_number);
    socket.add ();
    CHECK (socket.pattern->connected_peer () == 0);
    FakePipe &first = socket.add_connected ();
    const std::uint32_t number = socket.pattern->connected_peer ();
    CHECK (number != 0);
    socket.add ();
    CHECK (socket.pattern->connected_peer () == number);
    CHECK (send_to (socket, number, "x") == 0);
    CHECK (first.take_sent () == std::vector<Frames>{{"x"}});
    socket.add_connected ();
    CHECK (socket.pattern->connected_peer () != number);
}

TEST_CASE ("CLIENT sends to its peers in turn, hears them in turn, and numbers none")
{
    FakeSocket socket (ZMQ_CLIENT);
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK (socket.send ("early") == EAGAIN);
    FakePipe &a = socket.add (), &b = socket.add ();
    for (const char *body : {"1", "2", "3"})
        CHECK (socket.send (body) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"1"}, {"3"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"2"}});
    for (const char *body : {"x", "y"}) {
        Msg frame = make_frame (body);
        frame.set_routing_id (7);  // as an inproc peer of another kind may leave it
        socket.deliver_frame (a, std::move (frame));
        CHECK (hear (socket, body) == 0);
    }
}

TEST_CASE ("single frame types: parts are refused when sent, and messages of several dropped when received")
{
    for (const int type : {ZMQ_SERVER, ZMQ_CLIENT, ZMQ_PEER, ZMQ_CHANNEL, ZMQ_GATHER, ZMQ_SCATTER, ZMQ_RADIO}) {
        CAPTURE (type);
        FakeSocket socket (type);
        FakePipe &pipe = socket.add ();
        CHECK (socket.send ("part", true) == (type == ZMQ_GATHER ? ENOTSUP : EINVAL));
        CHECK (pipe.sent.empty ());
        CHECK (pipe.partial.empty ());
        socket.deliver (pipe, {"a", "b", "c"});
        CHECK_FALSE (socket.pattern->has_in ());
        CHECK (socket.recv_error () == (type == ZMQ_SCATTER || type == ZMQ_RADIO ? ENOTSUP : EAGAIN));
        if (type == ZMQ_SCATTER || type == ZMQ_RADIO) {
            CHECK (pipe.in.empty ());
            continue;
        }
        socket.deliver (pipe, {"a", "b"});
        socket.deliver_frame (pipe, make_frame ("topic", false, Kind::subscribe));
        socket.deliver (pipe, {"whole"});
        CHECK (socket.pattern->has_in ());
        CHECK (socket.recv () == Frames{"whole"});
        CHECK (socket.recv ().empty ());
    }
}

TEST_CASE ("CHANNEL has one peer and ends the connection of a second")
{
    FakeSocket socket (ZMQ_CHANNEL);
    CHECK (socket.send ("early") == EAGAIN);
    FakePipe &first = socket.add ("", 1);
    FakePipe &second = socket.add ();
    CHECK (second.terminated);
    CHECK (socket.send ("1") == 0);
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK (socket.send ("2") == EAGAIN);
    CHECK (socket.drain (first) == std::vector<Frames>{{"1"}});
    CHECK (socket.send ("2") == 0);
    socket.deliver (first, {"x"});
    CHECK (hear (socket, "x") == 0);
    socket.remove (first);
    CHECK_FALSE (socket.add ().terminated);
}

TEST_CASE ("SCATTER gives its messages out in turn, GATHER takes them in turn")
{
    FakeSocket scatter (ZMQ_SCATTER), gather (ZMQ_GATHER);
    CHECK (scatter.send ("early") == EAGAIN);
    FakePipe &a = scatter.add (), &b = scatter.add ();
    for (const char *body : {"1", "2", "3", "4"})
        CHECK (scatter.send (body) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"1"}, {"3"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"2"}, {"4"}});
    CHECK (scatter.recv_error () == ENOTSUP);

    FakePipe &c = gather.add (), &d = gather.add ();
    for (const char *body : {"1", "3"})
        gather.deliver (c, {body});
    gather.deliver (d, {"2"});
    for (const char *body : {"1", "2", "3"})
        CHECK (gather.recv () == Frames{body});
    CHECK (gather.send ("x") == ENOTSUP);
    CHECK_FALSE (gather.pattern->has_out ());
}
