// DGRAM: an address and a body, through one port at a time.
#include "fakes.hpp"

using namespace fakes;

TEST_CASE ("DGRAM sends an address and a body, and nothing else")
{
    FakeSocket dgram (ZMQ_DGRAM);
    CHECK_FALSE (dgram.pattern->has_out ());
    CHECK (dgram.send ("address", true) == EAGAIN);
    FakePipe &pipe = dgram.add ("", 1);
    CHECK (dgram.pattern->has_out ());
    CHECK (dgram.send ("no body") == EINVAL);
    CHECK (dgram.send ("address", true) == 0);
    CHECK (dgram.pattern->has_out ());
    CHECK (dgram.send ("more", true) == EINVAL);
    CHECK (dgram.send ("body") == 0);
    CHECK (pipe.sent == std::vector<Frames>{{"address", "body"}});
    CHECK (dgram.send ("address", true) == EAGAIN);
    CHECK_FALSE (dgram.pattern->has_out ());
    dgram.drain (pipe);
    CHECK (dgram.send_message ({"address", "again"}) == 0);
}

TEST_CASE ("DGRAM receives what comes, and nobody is asked for it")
{
    FakeSocket dgram (ZMQ_DGRAM);
    FakePipe &pipe = dgram.add ();
    CHECK (dgram.recv ().empty ());
    dgram.deliver (pipe, {"from", "one"});
    dgram.deliver (pipe, {"from", "two"});
    CHECK (dgram.pattern->has_in ());
    CHECK (dgram.recv () == Frames{"from", "one"});
    CHECK (dgram.recv () == Frames{"from", "two"});
    CHECK (dgram.recv_error () == EAGAIN);
}

TEST_CASE ("DGRAM refuses a second port, and takes another when the first has gone, whose messages stay")
{
    FakeSocket dgram (ZMQ_DGRAM);
    FakePipe &first = dgram.add ();
    CHECK (dgram.add ().terminated);
    CHECK_FALSE (first.terminated);
    dgram.deliver (first, {"from", "first"});
    first.ended = true;
    CHECK (dgram.send ("address", true) == EAGAIN);
    FakePipe &next = dgram.add ();
    CHECK_FALSE (next.terminated);
    CHECK (dgram.send_message ({"address", "body"}) == 0);
    CHECK (next.sent.size () == 1);
    dgram.deliver (next, {"from", "next"});
    CHECK (dgram.recv () == Frames{"from", "first"});
    CHECK (dgram.recv () == Frames{"from", "next"});
    dgram.remove (first);
    dgram.remove (next);
    CHECK_FALSE (dgram.pattern->has_out ());
    CHECK_FALSE (dgram.add ().terminated);
}

TEST_CASE ("DGRAM: a port that goes in mid-message takes the message with it")
{
    FakeSocket dgram (ZMQ_DGRAM);
    FakePipe &pipe = dgram.add ();
    CHECK (dgram.send ("address", true) == 0);
    dgram.remove (pipe);
    CHECK (dgram.send ("body") == 0);  // to nobody
    CHECK (dgram.host.dropped == 1);
    CHECK (dgram.send ("address", true) == EAGAIN);
}
