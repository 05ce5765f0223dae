// Sending when memory runs out: a message is refused or dropped whole, and the next ones go out as ever.
#include <algorithm>
#include <cerrno>
#include <string>

#include <doctest/doctest.h>
#include <zmq.h>

#include "api/transfer.hpp"
#include "controlled_memory.hpp"
#include "io/wired_stream.hpp"

using namespace held;

TEST_CASE ("sending: after a message for which there was no memory the others go out, whole")
{
    struct Kind
    {
        int type;
        const char *peer;
        const char *first;  // what the peer says to be sent to
    };
    for (const Kind &kind : {Kind{ZMQ_PUSH, "PULL", nullptr}, Kind{ZMQ_DEALER, "ROUTER", nullptr}, Kind{ZMQ_PUB, "SUB", "\1"},
                             Kind{ZMQ_XPUB, "SUB", "\1"}, Kind{ZMQ_XSUB, "PUB", nullptr}})
        for (const int parts : {1, 3})
            for (int spare = 0;; ++spare) {
                CAPTURE (kind.type);
                CAPTURE (parts);
                CAPTURE (spare);
                REQUIRE (spare < 100);
                HeldSocket socket (kind.type);
                WiredStream peer (socket, kind.peer);
                if (kind.first) {
                    peer.far.write (frame (kind.first));
                    peer.advance ();
                    peer.advance ();
                }
                bool alone = false;  // there was nobody to send to any more
                const auto send = [&] {
                    for (int part = 1; part <= parts; ++part) {
                        Msg frame;
                        frame.init_copy ("body", 4);
                        frame.set_more (part < parts);
                        if (const int error = socket.socket ().try_send (frame)) {
                            alone |= error == EAGAIN;
                            CHECK ((error == ENOMEM || error == EAGAIN));
                            CHECK (part == 1);
                            return;
                        }
                    }
                };
                bool failed = false;
                {
                    const FailingMemory memory (spare);
                    send ();
                    failed = memory.failed ();
                }
                for (int i = 0; i < 2; ++i)
                    send ();
                socket.next_call ();
                socket.socket ().batching ().flush ();
                bool ended = false;
                const auto messages = messages_in (peer.flush_all (&ended));
                // (Without memory for what goes over the wire, or comes, the connection ends.)
                CHECK ((ended ? failed : messages.size () >= 2));
                CHECK ((ended || !alone));
                for (const Frames &message : messages)
                    CHECK (message == Frames (static_cast<std::size_t> (parts), "body"));
                if (!failed) {
                    CHECK (messages.size () == 3);
                    break;
                }
            }
}

TEST_CASE ("sending: without memory for a copy of the caller's body nothing of it is written after the call")
{
    for (const bool queued : {false, true})
        for (int spare = 0;; ++spare) {
            CAPTURE (queued);
            CAPTURE (spare);
            REQUIRE (spare < 100);
            HeldSocket socket (ZMQ_PUSH);
            WiredStream peer (socket, "PULL");
            // The kernel takes no more; and, for the body to be queued, nor does the stream.
            while (!peer->blocked () || (queued && peer.pipe ().outbound_messages () < 3)) {
                REQUIRE (socket.send (std::string (60000, 'a')) == 0);
                socket.socket ().batching ().flush ();
            }
            std::string body (60000, 'b');
            bool failed = false;
            int error = 0;
            {
                const FailingMemory memory (spare, FailingMemory::ForGood{});
                error = send_bytes (socket.guard (), body.data (), body.size (), ZMQ_DONTWAIT);
                failed = memory.failed ();
            }
            // The socket does that for the streams that it owns, which the test's is not. (Where the call took long it looked for
            // input, and the stream encoded the body.)
            REQUIRE (peer->own_output ());
            std::fill (body.begin (), body.end (), '!');
            socket.next_call ();
            bool ended = false;
            std::string bytes = peer.flush_all (&ended);
            CHECK (bytes.find ('!') == std::string::npos);
            // EAGAIN: the connection has ended before, without memory for what might have come.
            CHECK ((ended ? error == ENOMEM || error == EAGAIN : error == 0));
            if (!failed)
                break;
        }
}
