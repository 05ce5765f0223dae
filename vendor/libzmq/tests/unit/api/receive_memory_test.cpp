// Receiving when memory runs out: what is left of a message that was begun never passes for a message.
#include <string>

#include <doctest/doctest.h>

#include "api/ext_couple.hpp"
#include "controlled_memory.hpp"

using namespace ext;

namespace {

// A PULL socket that connects to two PUSH sockets, and has read the first of the three parts that the first of them sent.
struct HalfRead
{
    HalfRead () : context (zmq_ctx_new ())
    {
        for (int i = 0; i < 2; ++i) {
            from[i] = zmq_socket (context, ZMQ_PUSH);
            REQUIRE (zmq_bind (from[i], names[i]) == 0);
        }
        to = zmq_socket (context, ZMQ_PULL);
        set (to, ZMQ_RCVTIMEO, patience);
        REQUIRE (zmq_connect (to, names[0]) == 0);
        for (int i = 0; i < 3; ++i)
            REQUIRE (zmq_send (from[0], "part", 4, i < 2 ? ZMQ_SNDMORE : 0) == 4);
        char part[8];
        REQUIRE (zmq_recv (to, part, sizeof part, 0) == 4);
        REQUIRE (get (to, ZMQ_RCVMORE) == 1);
    }
    ~HalfRead ()
    {
        for (void *const socket : {from[0], from[1], to})
            zmq_close (socket);
        zmq_ctx_term (context);
    }
    HalfRead (const HalfRead &) = delete;
    HalfRead &operator= (const HalfRead &) = delete;

    // Ends the first pipe, in which something is left, while memory runs out; whether that was noticed.
    bool end_pipe (int spare)
    {
        const FailingMemory memory (spare);
        REQUIRE (zmq_disconnect (to, names[0]) == 0);
        return memory.failed ();
    }
    // A message from the other socket.
    void send_next ()
    {
        REQUIRE (zmq_connect (to, names[1]) == 0);
        REQUIRE (zmq_send (from[1], "next", 4, ZMQ_SNDMORE) == 4);
        REQUIRE (zmq_send (from[1], "message", 7, 0) == 7);
    }

    static constexpr const char *names[] = {"inproc://first", "inproc://second"};
    void *context;
    void *from[2];
    void *to;
};

}  // namespace

TEST_CASE ("without memory for the rest of a message that is half read, receiving it fails once and the next message is whole")
{
    enum Way
    {
        by_part,
        by_frames,
        by_messages
    };
    for (const Way way : {by_part, by_frames, by_messages}) {
        int losses = 0;
        bool failed = true;
        for (int spare = 0; failed; ++spare) {
            CAPTURE (way);
            CAPTURE (spare);
            REQUIRE (spare < 100);
            HalfRead at;
            failed = at.end_pipe (spare);
            at.send_next ();
            const auto receive = [&] () -> Taken {
                if (way == by_messages)
                    return take (at.to, 8, 1);
                Taken taken;
                Messages frames (2);
                taken.result = outcome (way == by_part ? zmq_msg_recv (frames.data (), at.to, 0) < 0 ? -1 : 1
                                                       : zmq_ext_recv_many (at.to, frames.data (), 2, 0));
                for (int i = 0; i < taken.result.value; ++i)
                    taken.parts.push_back (text (frames[static_cast<std::size_t> (i)]));
                return taken;
            };
            // Up to the end of the next message; or to an error.
            const auto collect = [&] {
                Bodies all;
                while (all.empty () || all.back () != "message") {
                    const Taken taken = receive ();
                    if (taken.result.value < 0) {
                        CHECK (taken.result == ext::failed (ENOMEM));
                        CHECK (get (at.to, ZMQ_RCVMORE) == 0);
                        ++losses;
                        break;
                    }
                    all.insert (all.end (), taken.parts.begin (), taken.parts.end ());
                }
                return all;
            };
            if (const Bodies first = collect (); first.empty ())
                CHECK (collect () == Bodies{"next+", "message"});
            else
                CHECK (first == Bodies{"part+", "part", "next+", "message"});
        }
        CHECK (losses > 0);
    }
}
