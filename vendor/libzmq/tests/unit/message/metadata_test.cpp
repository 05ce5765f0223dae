// The stock of references: however they come back, the object is destroyed exactly once, and not before the last has gone. (What the
// properties say is tested with messages, in msg_test.cpp.)
#include "message/metadata.hpp"

#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "controlled_memory.hpp"
#include "message/msg.hpp"
#include "zmtp/decoder.hpp"

using namespace engine;

namespace {

// A Metadata with one reference, the test's, and what has become of it.
class Watched
{
  public:
    Watched ()
    {
        const std::array<Metadata::Property, 1> properties{{{"Name", "value"}}};
        object_ = Metadata::create (properties, 7);
        REQUIRE (object_);
        block_.emplace (object_);
    }
    ~Watched () { CHECK (ends () == 1); }
    Watched (const Watched &) = delete;
    Watched &operator= (const Watched &) = delete;

    int ends () const { return block_->ends (); }
    Metadata *operator->() { return object_; }
    Metadata *get () { return object_; }

    // What the Decoder does for a frame.
    Msg lend ()
    {
        object_->lend ();
        Msg frame;
        frame.init_metadata (object_);
        return frame;
    }

  private:
    Metadata *object_;
    std::optional<WatchedBlock> block_;
};

const int here = 0, elsewhere = 0;  // two sockets

}  // namespace

TEST_CASE ("metadata: plain references")
{
    Watched metadata;
    metadata->acquire ();
    metadata->acquire (3);
    metadata->release (2);
    metadata->release ();
    metadata->release ();
    CHECK (metadata.ends () == 0);
    metadata->release ();
    CHECK (metadata.ends () == 1);
}

TEST_CASE ("metadata: a stock that was never used ends with its one reference")
{
    Watched metadata;
    metadata->open_stock (&here);
    metadata->close_stock ();
    CHECK (metadata.ends () == 1);
}

TEST_CASE ("metadata: what was lent and given back on the socket comes out even, any number of times")
{
    // More than are taken into the stock at once, at one time or one after another.
    for (const int at_once : {1, 3, 4096, 4097, 10000}) {
        CAPTURE (at_once);
        Watched metadata;
        metadata->open_stock (&here);
        for (int i = 0; i < 3; ++i) {
            std::vector<Msg> frames;
            for (int k = 0; k < at_once; ++k)
                frames.push_back (metadata.lend ());
            for (Msg &frame : frames)
                frame.drop_metadata (&here);
            for (const Msg &frame : frames)
                CHECK (frame.metadata () == nullptr);
        }
        CHECK (metadata.ends () == 0);
        metadata->close_stock ();
        CHECK (metadata.ends () == 1);
    }
}

TEST_CASE ("metadata: messages outlive the connection, and are given back after it")
{
    Watched metadata;
    metadata->open_stock (&here);
    Msg first = metadata.lend (), second = metadata.lend (), third = metadata.lend ();
    metadata->close_stock ();
    CHECK (metadata.ends () == 0);
    first.drop_metadata (&here);
    second.reset ();
    CHECK (metadata.ends () == 0);
    CHECK (third.metadata ()->get ("Name") == std::string_view ("value"));
    third.drop_metadata (&here);
    CHECK (metadata.ends () == 1);
}

TEST_CASE ("metadata: another socket, and whoever closes a message, gives up the reference itself")
{
    Watched metadata;
    metadata->open_stock (&here);
    {
        Msg moved = metadata.lend (), closed = metadata.lend (), reset = metadata.lend (), own = metadata.lend (),
            copied = metadata.lend ();
        Msg copy;
        REQUIRE (copy.copy_from (copied) == 0);
        moved.drop_metadata (&elsewhere);
        closed.close ();
        reset.set_metadata (nullptr);
        own.drop_metadata (&here);
        copy.drop_metadata (&here);  // a reference is a reference, wherever it came from
    }
    CHECK (metadata.ends () == 0);
    metadata->close_stock ();
    CHECK (metadata.ends () == 1);
}

TEST_CASE ("metadata: the stock before it is opened, and other references beside it")
{
    Watched metadata;
    metadata->acquire ();
    Msg before = metadata.lend ();
    before.drop_metadata (&here);  // nobody's stock yet
    metadata->open_stock (&here);
    Msg after = metadata.lend ();
    after.drop_metadata (&here);
    metadata->close_stock ();
    CHECK (metadata.ends () == 0);
    metadata->release ();
    CHECK (metadata.ends () == 1);
}

TEST_CASE ("metadata: a decoder lends to its frames, and its end, a move or an assignment is one reference")
{
    Watched metadata;
    metadata->open_stock (&here);
    std::vector<Msg> frames;
    {
        Decoder decoder (zmtp::v3_1, -1, true, metadata.get ());
        metadata->release ();  // now the decoder's alone
        std::string bytes;
        for (int i = 0; i < 5000; ++i)
            bytes += std::string ("\0\1x", 3);
        const auto decode = [&] (Decoder &from) {
            for (std::size_t at = 0; at < bytes.size ();) {
                const Decoder::Space space = from.space ();
                const std::size_t count = std::min (space.size (), bytes.size () - at);
                space.put (reinterpret_cast<const std::uint8_t *> (bytes.data ()) + at, count);
                from.filled (count);
                at += count;
                for (Msg frame; from.next (frame) == Decoder::Result::frame;)
                    frames.push_back (std::move (frame));
            }
        };
        decode (decoder);
        Decoder other (std::move (decoder));
        decode (other);
        decoder = std::move (other);
        decode (decoder);
        CHECK (frames.size () == 15000);
        for (std::size_t i = 0; i < frames.size (); i += 2)
            frames[i].drop_metadata (&here);
        decoder = Decoder (zmtp::v3_1, -1, false, nullptr);
        CHECK (metadata.ends () == 0);
    }
    CHECK (metadata.ends () == 0);
    for (std::size_t i = 1; i < frames.size (); i += 2)
        frames[i].drop_metadata (&here);
    CHECK (metadata.ends () == 1);
}

TEST_CASE ("metadata: messages that end in other threads while the socket lends and takes back")
{
    constexpr int rounds = 200, batch = 64;
    Watched metadata;
    metadata->open_stock (&here);
    std::atomic<int> ready{0}, taken{0};
    std::vector<Msg> given (batch);
    std::thread other ([&] {
        for (int i = 1; i <= rounds; ++i) {
            while (ready.load (std::memory_order_acquire) < i)
                std::this_thread::yield ();
            std::vector<Msg> mine (batch);
            for (int k = 0; k < batch; ++k)
                mine[static_cast<std::size_t> (k)] = std::move (given[static_cast<std::size_t> (k)]);
            taken.store (i, std::memory_order_release);
            // Closed while the socket goes on.
            for (int k = 0; k < batch; ++k)
                if (k % 2)
                    mine[static_cast<std::size_t> (k)].drop_metadata (&elsewhere);
        }
    });
    for (int i = 1; i <= rounds; ++i) {
        for (Msg &frame : given)
            frame = metadata.lend ();
        ready.store (i, std::memory_order_release);
        for (int k = 0; k < 2 * batch; ++k)
            metadata.lend ().drop_metadata (&here);
        while (taken.load (std::memory_order_acquire) < i)
            std::this_thread::yield ();
    }
    CHECK (metadata.ends () == 0);
    metadata->close_stock ();
    other.join ();
    CHECK (metadata.ends () == 1);
}
