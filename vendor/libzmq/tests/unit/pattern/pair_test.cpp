// PAIR: one peer; what becomes of messages that lose it.
#include "fakes.hpp"

using namespace fakes;

TEST_CASE ("PAIR carries messages both ways")
{
    FakeSocket socket (ZMQ_PAIR);
    CHECK (socket.send ("early") == EAGAIN);
    CHECK (socket.recv_error () == EAGAIN);
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK_FALSE (socket.pattern->has_out ());

    FakePipe &pipe = socket.add ();
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send_message ({"a", "b"}) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"a", "b"}});
    socket.deliver (pipe, {"x", "y"});
    CHECK (socket.pattern->has_in ());
    CHECK (socket.recv () == Frames{"x", "y"});
    CHECK_FALSE (socket.pattern->has_in ());
    socket.deliver (pipe, {"z"});
    CHECK (socket.recv () == Frames{"z"});
}

TEST_CASE ("PAIR blocks while its pipe is full")
{
    FakeSocket socket (ZMQ_PAIR);
    FakePipe &pipe = socket.add ("", 1);
    CHECK (socket.send ("1") == 0);
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK (socket.send ("2") == EAGAIN);
    CHECK (socket.drain (pipe) == std::vector<Frames>{{"1"}});
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("2") == 0);
}

TEST_CASE ("PAIR ends the connection of a second peer and takes a new one when the first has gone")
{
    FakeSocket socket (ZMQ_PAIR);
    FakePipe &first = socket.add ();
    FakePipe &second = socket.add ();
    CHECK (second.terminated);
    CHECK_FALSE (socket.has (second));
    CHECK_FALSE (first.terminated);
    socket.remove (first);
    CHECK (socket.send ("m") == EAGAIN);
    FakePipe &third = socket.add ();
    CHECK_FALSE (third.terminated);
    CHECK (socket.send ("m") == 0);
    CHECK (third.take_sent () == std::vector<Frames>{{"m"}});
}

TEST_CASE ("PAIR drops the rest of a message whose peer has gone, and nothing of it reaches the next peer")
{
    FakeSocket socket (ZMQ_PAIR);
    FakePipe &first = socket.add ();
    CHECK (socket.send ("a", true) == 0);
    SUBCASE ("pipe gone") { socket.remove (first); }
    SUBCASE ("pipe closing")
    {
        first.ended = true;
        CHECK (socket.send ("b", true) == 0);
        CHECK (first.partial.empty ());
        socket.remove (first);
    }
    CHECK (socket.pattern->has_out ());
    FakePipe &second = socket.add ();
    CHECK (socket.send ("c") == 0);
    CHECK (second.sent.empty ());
    CHECK (socket.host.dropped == 1);
    CHECK (socket.send ("whole") == 0);
    CHECK (second.take_sent () == std::vector<Frames>{{"whole"}});
}

TEST_CASE ("PAIR gives a half read message to its end")
{
    FakeSocket socket (ZMQ_PAIR);
    FakePipe &first = socket.add ();
    socket.deliver (first, {"a", "b", "c"});
    socket.deliver (first, {"discarded"});
    Msg frame;
    CHECK (socket.pattern->recv (frame) == 0);
    socket.remove (first);
    FakePipe &second = socket.add ();
    socket.deliver (second, {"next"});
    CHECK (socket.recv () == Frames{"b", "c"});
    CHECK (socket.recv () == Frames{"next"});
    CHECK (socket.recv ().empty ());
}

TEST_CASE ("PAIR reads what a dead peer left")
{
    FakeSocket socket (ZMQ_PAIR);
    FakePipe &pipe = socket.add ();
    socket.deliver (pipe, {"1"});
    socket.deliver (pipe, {"2"});
    pipe.ended = true;
    CHECK_FALSE (socket.pattern->has_out ());
    CHECK (socket.send ("m") == EAGAIN);
    CHECK (socket.recv () == Frames{"1"});
    CHECK (socket.recv () == Frames{"2"});
}
