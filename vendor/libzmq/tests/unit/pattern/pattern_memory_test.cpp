// Patterns when memory runs out: a pipe that goes is forgotten all the same, and what is left of a message never becomes another.
#include <new>

#include "controlled_memory.hpp"
#include "fakes.hpp"

using namespace fakes;

namespace {

// A socket that has read the first part of a message of ten, and its pipe.
struct HalfRead
{
    explicit HalfRead (int type) : socket (type), pipe (socket.add ("peer"))
    {
        if (type == ZMQ_SUB)
            CHECK (socket.set (ZMQ_SUBSCRIBE, "") == 0);
        if (type == ZMQ_REQ)
            CHECK (socket.send ("request") == 0);
        Frames parts (10, "part");
        if (type == ZMQ_REQ || type == ZMQ_REP)
            parts.insert (parts.begin (), "");
        CHECK_FALSE (socket.pattern->has_in ());
        socket.deliver (pipe, parts);
        Msg frame;
        CHECK (socket.pattern->recv (frame) == 0);
        if (type == ZMQ_ROUTER)
            CHECK (socket.pattern->recv (frame) == 0);
        CHECK (frame.view () == "part");
        CHECK (frame.more ());
    }
    FakeSocket socket;
    FakePipe &pipe;
};

}  // namespace

TEST_CASE ("without memory for the rest of a half read message its pipe is forgotten, and recv says that the message is lost")
{
    for (const int type : {ZMQ_PAIR, ZMQ_PULL, ZMQ_DEALER, ZMQ_ROUTER, ZMQ_REQ, ZMQ_REP, ZMQ_SUB, ZMQ_XSUB}) {
        bool failed = true;
        for (int spare = 0; failed; ++spare) {
            CAPTURE (type);
            CAPTURE (spare);
            REQUIRE (spare < 100);
            HalfRead at (type);
            FakePipe &other = at.socket.add ("other");
            {
                const FailingMemory memory (spare);
                CHECK_NOTHROW (at.socket.pattern->detach (at.pipe));
                failed = memory.failed ();
            }
            at.pipe.terminated = true;  // whatever is done to it from now on fails the test
            CHECK (at.socket.pattern->has_in ());
            Msg frame;
            if (failed)
                CHECK (at.socket.pattern->recv (frame) == ENOMEM);
            for (int parts = 2; !failed && parts <= 10; ++parts) {
                REQUIRE (at.socket.pattern->recv (frame) == 0);
                CHECK (frame.view () == "part");
                CHECK (frame.more () == (parts < 10));
            }
            CHECK_FALSE (at.socket.pattern->has_in ());
            at.socket.pattern->has_out ();
            if (type != ZMQ_PULL && type != ZMQ_SUB && (type != ZMQ_REP || !failed)) {
                Msg answer = make_frame ("answer");
                const int error = at.socket.pattern->send (answer);
                if (type == ZMQ_REQ || type == ZMQ_REP)
                    CHECK (error == 0);
            }
            // What comes next is read from its beginning.
            const Frames envelope = type == ZMQ_REQ || type == ZMQ_REP ? Frames{""} : Frames{};
            Frames next = envelope;
            next.insert (next.end (), {"next", "message"});
            if (type == ZMQ_PAIR)
                continue;  // whose second pipe was refused
            at.socket.deliver (other, next);
            Frames expected = {"next", "message"};
            if (type == ZMQ_ROUTER)
                expected.insert (expected.begin (), "other");
            CHECK (at.socket.recv () == expected);
        }
    }
}

TEST_CASE ("REP takes nothing that is left of a request without memory for its envelope for another request")
{
    bool failed = true;
    for (int spare = 0; failed; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        FakeSocket socket (ZMQ_REP);
        FakePipe &pipe = socket.add ("peer");
        CHECK_FALSE (socket.pattern->has_in ());
        socket.deliver (pipe, {"a1", "a2", "a3", "", "a"});
        socket.deliver (pipe, {"b1", "b2", "b3", "", "b"});
        int error = 0;
        Msg frame;
        {
            const FailingMemory memory (spare);
            try {
                error = socket.pattern->recv (frame);
            } catch (const std::bad_alloc &) {
                error = ENOMEM;
            }
            failed = memory.failed ();
        }
        CHECK (error == (failed ? ENOMEM : 0));
        if (error)
            REQUIRE (socket.pattern->recv (frame) == 0);
        const std::string id = error ? "b" : "a";
        CHECK (frame.view () == id);
        CHECK (socket.send ("reply") == 0);
        CHECK (pipe.take_sent () == std::vector<Frames>{{id + "1", id + "2", id + "3", "", "reply"}});
    }
}
