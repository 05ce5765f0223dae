// A network pipe without a stream, or between two connections: what counts against the high-water marks, what survives a loss.
#include "io/network_pipe.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "core/held_socket.hpp"

using namespace held;

namespace {

// Not one of its socket's, so that only the test touches it.
struct LoosePipe
{
    explicit LoosePipe (bool conflate = false)
        : pipe (std::make_unique<NetworkPipe> (socket.socket (), socket.socket ().pattern (), conflate))
    {}
    // The socket's lists of what is left to do must not name it any more.
    ~LoosePipe () { socket.next_call (); }

    bool write (std::string_view body, bool more = false)
    {
        Msg frame;
        frame.init_copy (body.data (), body.size ());
        frame.set_more (more);
        return pipe->write (frame);
    }
    bool receive (std::string_view body, bool more = false)
    {
        Msg frame;
        frame.init_copy (body.data (), body.size ());
        frame.set_more (more);
        return pipe->receive (frame);
    }
    // Next frame to be encoded, "+" behind it if more follow; "" if none.
    std::string encode ()
    {
        const Msg *const frame = pipe->next_outbound ();
        if (!frame)
            return "";
        const std::string found = text (*frame);
        pipe->outbound_taken ();
        return found;
    }
    std::string read ()
    {
        Msg frame;
        return pipe->read (frame) ? text (frame) : "";
    }
    static std::string text (const Msg &frame) { return std::string (frame.view ()) + (frame.more () ? "+" : ""); }

    HeldSocket socket{ZMQ_DEALER};
    std::unique_ptr<NetworkPipe> pipe;
};

}  // namespace

TEST_CASE ("network pipe: whole messages count against SNDHWM, and unfinished ones never stop")
{
    LoosePipe at;
    at.socket.socket ().options.sndhwm = 2;
    CHECK (at.write ("a", true));
    CHECK (at.write ("b", true));
    CHECK (at.write ("c", true));
    CHECK (at.pipe->outbound_messages () == 0);
    CHECK (at.pipe->outbound_empty ());
    CHECK (at.write ("d"));
    CHECK (at.pipe->outbound_messages () == 1);
    CHECK (at.write ("e"));
    CHECK_FALSE (at.pipe->writable ());
    CHECK_FALSE (at.write ("f"));
    CHECK (at.pipe->outbound_bytes () == 5 * (1 + 9));
    // A limit that grows, or goes, counts at once.
    at.socket.socket ().options.sndhwm = 3;
    CHECK (at.write ("f", true));
    CHECK (at.write ("g"));
    CHECK_FALSE (at.write ("h"));
    at.socket.socket ().options.sndhwm = 0;
    CHECK (at.write ("h"));
    for (const char *expected : {"a+", "b+", "c+", "d", "e", "f+", "g", "h", ""})
        CHECK (at.encode () == expected);
    CHECK (at.pipe->outbound_bytes () == 0);
    CHECK (at.pipe->outbound_messages () == 0);
}

TEST_CASE ("network pipe: nothing is encoded before its message is complete")
{
    LoosePipe at;
    at.write ("whole");
    at.write ("part", true);
    CHECK (at.encode () == "whole");
    CHECK (at.encode () == "");
    CHECK (at.pipe->outbound_empty ());
    at.write ("end");
    CHECK (at.encode () == "part+");
    CHECK (at.encode () == "end");
}

TEST_CASE ("network pipe: rollback takes back the unfinished message only")
{
    LoosePipe at;
    at.write ("whole");
    at.write ("a", true);
    at.write ("b", true);
    at.pipe->rollback ();
    CHECK (at.pipe->outbound_bytes () == 5 + 9);
    at.pipe->rollback ();
    CHECK (at.write ("next"));
    CHECK (at.encode () == "whole");
    CHECK (at.encode () == "next");
    CHECK (at.encode () == "");
}

TEST_CASE ("network pipe: what is unlimited passes a full queue, but not a closing one")
{
    LoosePipe at;
    at.socket.socket ().options.sndhwm = 1;
    CHECK (at.write ("a"));
    Msg frame;
    frame.init_copy ("b", 1);
    CHECK (at.pipe->write_unlimited (frame));
    CHECK (at.pipe->outbound_messages () == 2);
    at.pipe->close_writing ();
    CHECK (at.pipe->outbound_empty ());
    CHECK (at.pipe->outbound_bytes () == 0);
    frame.init_copy ("c", 1);
    CHECK_FALSE (at.pipe->write_unlimited (frame));
    CHECK (frame.view () == "c");
    CHECK_FALSE (at.write ("d"));
    CHECK_FALSE (at.pipe->writable ());
}

TEST_CASE ("network pipe: RCVHWM stops the stream, a closing or discarding pipe never does")
{
    LoosePipe at;
    at.socket.socket ().options.rcvhwm = 2;
    for (const char *body : {"a", "b"}) {
        CHECK (at.pipe->wants_more ());
        at.receive (body);
    }
    CHECK_FALSE (at.pipe->wants_more ());
    CHECK (at.socket.socket ().inbound_messages == 2);
    CHECK (at.read () == "a");
    CHECK (at.pipe->wants_more ());
    at.receive ("c", true);
    CHECK (at.pipe->wants_more ());  // c is no message yet
    at.receive ("d");
    CHECK_FALSE (at.pipe->wants_more ());
    at.socket.socket ().options.rcvhwm = 0;
    CHECK (at.pipe->wants_more ());
    at.socket.socket ().options.rcvhwm = 1;
    at.pipe->discard_inbound ();
    CHECK (at.pipe->wants_more ());
    CHECK (at.receive ("e"));
    CHECK (at.pipe->inbound_messages () == 0);
    CHECK (at.socket.socket ().inbound_messages == 0);
    CHECK (at.read () == "");
}

TEST_CASE ("network pipe: with CONFLATE only the newest counts, in each direction")
{
    LoosePipe at (true);
    at.socket.socket ().options.sndhwm = 1;
    for (const char *body : {"1", "22", "333"})
        CHECK (at.write (body));
    CHECK (at.pipe->outbound_messages () == 1);
    CHECK (at.pipe->outbound_bytes () == 3 + 9);
    CHECK (at.encode () == "333");
    CHECK (at.encode () == "");
    for (const char *body : {"1", "2", "3"})
        CHECK (at.receive (body));
    CHECK (at.socket.socket ().inbound_messages == 1);
    CHECK (at.pipe->wants_more ());
    CHECK (at.read () == "3");
    CHECK (at.read () == "");
    CHECK (at.socket.socket ().inbound_messages == 0);
    // Each part is a message of its own.
    CHECK (at.write ("a", true));
    CHECK (at.encode () == "a");
}

TEST_CASE ("network pipe: a loss drops what came of an unfinished message and what was being sent, nothing else")
{
    LoosePipe at;
    at.receive ("whole", true);
    at.receive ("message");
    at.receive ("half", true);
    at.receive ("of", true);
    CHECK (at.read () == "whole+");
    for (const char *body : {"sent", "rest", "of", "it"})
        at.write (body, std::string (body) != "it");
    at.write ("kept", true);
    at.write ("too");
    at.write ("begun", true);
    CHECK (at.encode () == "sent+");
    CHECK (at.encode () == "rest+");
    at.pipe->connection_lost ();
    // The next connection brings another message and takes what is left.
    at.receive ("new");
    CHECK (at.encode () == "kept+");
    at.write ("finished");
    CHECK (at.encode () == "too");
    CHECK (at.encode () == "begun+");
    CHECK (at.encode () == "finished");
    CHECK (at.encode () == "");
    CHECK (at.pipe->outbound_bytes () == 0);
    CHECK (at.pipe->outbound_messages () == 0);
    CHECK (at.read () == "message");
    CHECK (at.read () == "new");
    CHECK (at.read () == "");
}

TEST_CASE ("network pipe: two losses in the middle of the same queue")
{
    LoosePipe at;
    for (const char *body : {"a1", "b1", "c1"}) {
        at.write (body, true);
        at.write ("end");
    }
    CHECK (at.encode () == "a1+");
    at.pipe->connection_lost ();
    at.pipe->connection_lost ();
    CHECK (at.encode () == "b1+");
    at.pipe->connection_lost ();
    CHECK (at.encode () == "c1+");
    CHECK (at.encode () == "end");
    CHECK (at.encode () == "");
    at.pipe->connection_lost ();
    at.write ("d");
    CHECK (at.encode () == "d");
}

TEST_CASE ("network pipe: a loss before anything of the last message was queued behind it")
{
    LoosePipe at;
    at.write ("a", true);
    at.write ("b");
    CHECK (at.encode () == "a+");
    at.pipe->connection_lost ();
    CHECK (at.encode () == "");  // what is left of it is skipped, and then there is nothing
    at.write ("c");
    CHECK (at.encode () == "c");
}

TEST_CASE ("network pipe: ended by the peer, it stays until what came was read")
{
    LoosePipe at;
    at.receive ("a", true);
    at.receive ("b");
    at.pipe->connection_lost ();
    at.pipe->close_writing ();
    CHECK (at.pipe->closing ());
    CHECK_FALSE (at.pipe->drained ());
    CHECK (at.read () == "a+");
    CHECK_FALSE (at.pipe->drained ());
    CHECK (at.read () == "b");
    CHECK (at.pipe->drained ());
    CHECK_FALSE (at.pipe->terminate_requested ());
    at.pipe->terminate ();
    CHECK (at.pipe->terminate_requested ());
}

TEST_CASE ("network pipe: a borrowed body becomes its own copy, with flags and kind, others stay as they are")
{
    LoosePipe at;
    std::string lent (20000, 'l'), other (20000, 'o');
    const auto lend = [&] (const std::string &body, bool more) {
        Msg frame;
        frame.init_lent (body.data (), body.size ());
        frame.set_more (more);
        REQUIRE (at.pipe->write (frame));
    };
    lend (other, true);
    lend (lent, true);
    lend (lent, false);
    const std::string before = lent;
    REQUIRE (at.pipe->own_outbound (lent.data ()));
    const std::size_t bytes = at.pipe->outbound_bytes ();
    lent.assign (lent.size (), '!');
    const Msg *frame = at.pipe->next_outbound ();
    REQUIRE (frame);
    CHECK (static_cast<const void *> (frame->data ()) == other.data ());
    at.pipe->outbound_taken ();
    for (const bool more : {true, false}) {
        frame = at.pipe->next_outbound ();
        REQUIRE (frame);
        CHECK (frame->view () == before);
        CHECK (frame->more () == more);
        at.pipe->outbound_taken ();
    }
    CHECK (bytes == 3 * (20000 + 9));
    CHECK (at.pipe->outbound_bytes () == 0);
}

TEST_CASE ("network pipe: counters of what went through")
{
    LoosePipe at;
    at.write ("ab", true);
    at.write ("c");
    at.encode ();
    at.encode ();
    at.receive ("xyz", true);
    at.receive ("");
    at.read ();
    at.read ();
    const zmq_ext_stats_t &stats = at.socket.socket ().stats;
    CHECK (stats.messages_out == 1);
    CHECK (stats.bytes_out == 3);
    CHECK (stats.messages_in == 1);
    CHECK (stats.bytes_in == 3);
}

TEST_CASE ("network pipe: pieces of a stream count with their bytes as well")
{
    LoosePipe at;
    Options &options = at.socket.socket ().options;
    options.rcvhwm = 3;
    options.in_batch_size = 10;
    at.pipe->limit_bytes ();
    // So many bytes, in however few pieces ...
    CHECK (at.receive (std::string (29, 'a')));
    CHECK (at.pipe->wants_more ());
    CHECK (at.receive ("b"));
    CHECK_FALSE (at.pipe->wants_more ());
    at.read ();
    CHECK (at.pipe->wants_more ());
    // ... or so many pieces, however small.
    CHECK (at.receive ("c"));
    CHECK (at.receive ("d"));
    CHECK_FALSE (at.pipe->wants_more ());
    options.rcvhwm = 0;
    CHECK (at.receive (std::string (1000, 'e')));
    CHECK (at.pipe->wants_more ());
    options.rcvhwm = 3;
    CHECK_FALSE (at.pipe->wants_more ());
    at.pipe->discard_inbound ();
    CHECK (at.pipe->wants_more ());
}

TEST_CASE ("network pipe: one that stops writing still has out what was written, and still receives")
{
    LoosePipe at;
    CHECK (at.write ("whole"));
    CHECK (at.write ("unfinished", true));
    at.pipe->stop_writing ();
    CHECK (at.pipe->closing ());
    CHECK_FALSE (at.pipe->writable ());
    CHECK_FALSE (at.write ("more"));
    CHECK (at.receive ("in"));
    CHECK (at.encode () == "whole");
    CHECK (at.encode () == "");
    CHECK (at.read () == "in");
    CHECK_FALSE (at.pipe->take_finish_request ());
    at.pipe->finish ();
    CHECK (at.pipe->take_finish_request ());
    CHECK_FALSE (at.pipe->take_finish_request ());
}

TEST_CASE ("network pipe: what a connection gives back goes out first, and counts again")
{
    LoosePipe at;
    const auto back = [&] (const std::vector<std::pair<std::string, bool>> &frames, bool open = false) {
        Ring ring;
        for (const auto &[body, more] : frames) {
            Msg frame;
            REQUIRE (frame.init_copy (body.data (), body.size ()) == 0);
            frame.set_more (more);
            REQUIRE (ring.push (std::move (frame)));
        }
        at.pipe->take_back (ring, open);
    };
    for (const char *body : {"a", "b", "c"})
        at.write (body);
    at.write ("unfinished", true);
    CHECK (at.encode () == "a");
    CHECK (at.encode () == "b");
    back ({{"b", false}});
    at.pipe->connection_lost ();
    CHECK (at.pipe->outbound_messages () == 2);
    CHECK (at.pipe->outbound_bytes () == 2 * 10 + 19);
    CHECK (at.socket.socket ().stats.messages_out == 1);
    CHECK (at.socket.socket ().stats.bytes_out == 1);
    CHECK (at.encode () == "b");
    CHECK (at.encode () == "c");
    at.write ("end");
    // Half of it was encoded: it goes out whole.
    CHECK (at.encode () == "unfinished+");
    back ({{"unfinished", true}}, true);
    at.pipe->connection_lost ();
    CHECK (at.encode () == "unfinished+");
    CHECK (at.encode () == "end");
    // Half of it is lost for good: its other half is too.
    at.write ("x", true);
    at.write ("y");
    at.write ("z");
    CHECK (at.encode () == "x+");
    at.pipe->connection_lost ();
    CHECK (at.encode () == "z");
    CHECK (at.encode () == "");
}

TEST_CASE ("network pipe: of a conflated queue only the newest is wanted")
{
    for (const bool newer : {false, true}) {
        LoosePipe at (true);
        at.write ("old");
        CHECK (at.encode () == "old");
        if (newer)
            at.write ("new");
        Ring ring;
        Msg frame;
        REQUIRE (frame.init_copy ("old", 3) == 0);
        REQUIRE (ring.push (std::move (frame)));
        at.pipe->take_back (ring, false);
        CHECK (at.encode () == (newer ? "new" : "old"));
        CHECK (at.encode () == "");
    }
}
