// Who does a socket's input and output: what becomes of connections that could not be taken on.
#include "io/attendance.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "io/wired_stream.hpp"

using namespace held;

TEST_CASE ("attendance: a connection lost for want of memory is watched no more, though its descriptor was inherited by somebody")
{
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        HeldSocket socket (ZMQ_PULL);
        WiredStream stream (socket);
        const FarEnd inherited (::dup (stream->fd ()));
        stream.far.write (greeting () + ready ("PUSH"));
        bool failed = false;
        {
            const FailingMemory memory (spare);
            stream.advance ();
            failed = memory.failed ();
        }
        if (!stream->dead ()) {
            CHECK (stream->established ());
            if (!failed)
                break;
            continue;
        }
        stream.far.write ("anything");  // so that its descriptor is readable
        WiredStream second (socket, "PUSH");
        WiredStream third (socket, "PUSH");
        pollfd entry{};
        REQUIRE (socket.socket ().attendance ().fill_pollfd (&entry) == 1);
        CHECK (::poll (&entry, 1, 0) == 0);
        third.far.write (message ({"hello"}));
        CHECK (::poll (&entry, 1, 0) == 1);
        socket.socket ().poll_input ();
        CHECK (socket.recv () == Frames{"hello"});
    }
}

TEST_CASE ("attendance: who takes the lease without memory leaves the reading to the reactor")
{
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        HeldSocket socket (ZMQ_PULL);
        WiredStream stream (socket);
        stream.far.write (greeting () + ready ("PUSH"));
        CHECK (socket.wait ([&] { return stream->established (); }));
        bool failed = false;
        {
            const FailingMemory memory (spare);
            socket.socket ().poll_input ();
            failed = memory.failed ();
        }
        // No memory for what may be read ends the connection.
        if (stream->dead ()) {
            CHECK (failed);
            continue;
        }
        stream.far.write (message ({"hello"}));
        CHECK (socket.wait ([&] { return socket.socket ().inbound_messages == 1; }));
        if (!failed)
            break;
    }
}
