// Bursts: messages that are held back for a moment, to be written together, go out whatever the application does next, or does not.
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "io/wired_stream.hpp"

using namespace held;

namespace {

// All that is to be sent was encoded, and nothing of the last of it was written.
bool encoded_ahead (WiredStream &peer)
{
    return peer->established () && peer.pipe ().in_burst && peer.pipe ().outbound_empty () && peer->output_pending ();
}

// A publisher and its peers, all of which subscribe to everything.
struct Publisher
{
    explicit Publisher (int count)
    {
        socket.socket ().options.sndhwm = 0;
        for (int i = 0; i < count; ++i) {
            peers.push_back (std::make_unique<WiredStream> (socket, "SUB"));
            peers.back ()->far.write (frame ("\1"));
            peers.back ()->advance ();
            peers.back ()->advance ();
        }
    }
    // One after the other until the first peer's are encoded ahead: how many. (On a slow machine, or under a sanitizer, a burst is over
    // before that happens. What is to be seen then holds all the same.)
    int publish ()
    {
        int sent = 0;
        while (sent < 2000 && !encoded_ahead (*peers[0])) {
            REQUIRE (socket.send (std::to_string (sent)) == 0);
            ++sent;
        }
        return sent;
    }
    // A peer gets exactly the first `count` messages, while the application makes no call.
    void check (WiredStream &peer, int count)
    {
        std::string all;
        std::vector<Frames> expected;
        for (int i = 0; i < count; ++i)
            expected.push_back ({std::to_string (i)});
        std::size_t size = 0;
        for (const Frames &one : expected)
            size += message (one).size ();
        CHECK (socket.wait ([&] {
            all += peer.far.read ().value_or ("");
            return all.size () >= size;
        }));
        CHECK (messages_in (all) == expected);
    }

    HeldSocket socket{ZMQ_PUB};
    std::vector<std::unique_ptr<WiredStream>> peers;
};

}  // namespace

TEST_CASE ("burst: what is sent goes out without another call, also when memory runs out on the way")
{
    for (const int peers : {1, 3})
        for (int spare = 0;; ++spare) {
            CAPTURE (peers);
            CAPTURE (spare);
            REQUIRE (spare < 100);
            Publisher publisher (peers);
            bool failed = false;
            std::vector<int> sent;
            for (int i = 0; i < 3; ++i) {
                const FailingMemory memory (i == 0 ? 1000 : spare);  // the first is written at once
                Msg frame;
                frame.init_copy ("x", 1);
                CHECK (publisher.socket.socket ().try_send (frame) == 0);
                failed |= memory.failed ();
            }
            const std::uint64_t dropped = publisher.socket.socket ().stats.dropped_out;
            std::size_t arrived = 0;
            CHECK (publisher.socket.wait ([&] {
                for (const auto &peer : publisher.peers)
                    arrived += messages_in (peer->far.read ().value_or ("")).size ();
                return arrived + dropped >= 3u * static_cast<unsigned> (peers);
            }));
            if (!failed)
                break;
        }
}

TEST_CASE ("burst: what was encoded ahead goes out without another call")
{
    for (const int peers : {1, 3}) {
        CAPTURE (peers);
        Publisher publisher (peers);
        const int count = publisher.publish ();
        for (const auto &peer : publisher.peers)
            publisher.check (*peer, count);
    }
}

TEST_CASE ("burst: what was encoded ahead is delivered by a socket that is closed")
{
    for (const int peers : {1, 3}) {
        CAPTURE (peers);
        Publisher publisher (peers);
        publisher.socket.socket ().options.linger = -1;
        const int count = publisher.publish ();
        for (const auto &peer : publisher.peers)
            (*peer)->linger ();  // as a close does
        for (const auto &peer : publisher.peers)
            publisher.check (*peer, count);
        for (const auto &peer : publisher.peers)
            CHECK (publisher.socket.wait ([&] { return (*peer)->dead (); }));
    }
}

TEST_CASE ("burst: a peer that leaves in the middle takes only its own with it")
{
    Publisher publisher (3);
    int count = publisher.publish ();
    publisher.peers[0]->far.close ();
    for (int i = 0; i < 3; ++i)
        REQUIRE (publisher.socket.send (std::to_string (count++)) == 0);
    publisher.peers.erase (publisher.peers.begin ());
    for (const auto &peer : publisher.peers)
        publisher.check (*peer, count);
}
