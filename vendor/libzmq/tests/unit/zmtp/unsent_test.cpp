// What a connection that ends gives back: every message that was not written to its last byte, whole, once and in order; no other.
#include "zmtp/unsent.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "message/msg.hpp"
#include "zmtp/batch.hpp"
#include "zmtp/encoder.hpp"

using namespace engine;

namespace {

using Frames = std::vector<std::string>;
using Framings = std::initializer_list<std::reference_wrapper<const Framing>>;

std::string body_of (std::size_t size, std::size_t seed)
{
    std::string body (size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        body[i] = static_cast<char> (i * 7 + seed);
    return body;
}

// A batch as a stream uses it.
struct Line
{
    explicit Line (const Framing &wire_, const std::string &before = "") : wire (wire_), encoder (wire_)
    {
        REQUIRE (batch.append (before.data (), before.size ()) == 0);
        batch.keep_messages ();
    }
    void frame (const std::string &body, bool more = false, Kind kind = Kind::data)
    {
        if (whole)
            batch.begin_message ();
        Msg one;
        REQUIRE (one.init_copy (body.data (), body.size ()) == 0);
        one.set_more (more);
        one.set_kind (kind);
        encode (one);
        if (kind == Kind::data)
            whole = !more;
    }
    void lend (const std::string &body)
    {
        batch.begin_message ();
        Msg one;
        one.init_lent (body.data (), body.size ());
        encode (one);
    }
    void encode (Msg &one) { REQUIRE (encoder.encode (one, batch) == 0); }
    void write (std::size_t count) { batch.written (std::min (count, batch.size ()), whole); }
    // The messages that come back, the last without its end if `open`.
    std::vector<Frames> ended (bool *open = nullptr)
    {
        Unsent unsent (batch.written_to ());
        unsent.add_frames (batch, wire);
        unsent.finish ();
        std::vector<Frames> found;
        bool begun = false;
        for (Msg frame; unsent.messages ().pop (frame);) {
            if (!begun)
                found.emplace_back ();
            found.back ().emplace_back (frame.view ());
            begun = frame.more ();
        }
        CHECK (begun == unsent.open ());
        if (open)
            *open = unsent.open ();
        return found;
    }

    const Framing &wire;
    Encoder encoder;
    Batch batch;
    bool whole = true;
};

}  // namespace

TEST_CASE ("unsent: a message counts as sent with its last byte, not before")
{
    for (const Framing &wire : Framings{zmtp::v1, zmtp::v2, zmtp::v3_0, zmtp::v3_1}) {
        Line line (wire);
        line.frame ("first");
        line.frame ("second");
        CHECK (line.ended () == std::vector<Frames>{{"first"}, {"second"}});
        line.write (6);
        CHECK (line.ended () == std::vector<Frames>{{"first"}, {"second"}});
        line.write (1);
        CHECK (line.ended () == std::vector<Frames>{{"second"}});
        line.write (7);
        CHECK (line.ended () == std::vector<Frames>{{"second"}});
        line.write (1);
        CHECK (line.ended ().empty ());
    }
}

TEST_CASE ("unsent: of a message with several frames all come back, also those that were written")
{
    Line line (zmtp::v3_1);
    line.frame ("before");
    line.frame ("one", true);
    line.frame (body_of (10000, 3), true);
    line.write (1000000);
    bool open = false;
    CHECK (line.ended (&open) == std::vector<Frames>{{"one", body_of (10000, 3)}});
    CHECK (open);
    line.frame ("end");
    CHECK (line.ended (&open) == std::vector<Frames>{{"one", body_of (10000, 3), "end"}});
    CHECK_FALSE (open);
    line.write (1000000);
    CHECK (line.ended ().empty ());
}

TEST_CASE ("unsent: what is no message does not come back")
{
    Line line (zmtp::v3_1, "greeting and hello");
    CHECK (line.ended ().empty ());
    line.frame ("ctx", false, Kind::ping);
    line.frame ("one", true);
    line.frame ("ctx", false, Kind::pong);
    line.frame ("two");
    CHECK (line.ended () == std::vector<Frames>{{"one", "two"}});
    line.write (3);
    CHECK (line.ended () == std::vector<Frames>{{"one", "two"}});
}

TEST_CASE ("unsent: a lent body comes back as long as it is there")
{
    const std::string lent = body_of (50000, 1);
    Line line (zmtp::v3_1);
    line.frame ("before");
    line.lend (lent);
    line.write (100);
    CHECK (line.ended () == std::vector<Frames>{{lent}});
    // Its memory is about to be used for something else: what was written is not copied.
    REQUIRE (line.batch.own_constants () == 0);
    CHECK_FALSE (line.batch.has_constants ());
    CHECK (line.ended ().empty ());
    line.frame ("after");
    CHECK (line.ended () == std::vector<Frames>{{"after"}});
    // Nothing of this one was written.
    Line next (zmtp::v3_1);
    next.lend (lent);
    next.frame ("after");
    REQUIRE (next.batch.own_constants () == 0);
    CHECK (next.ended () == std::vector<Frames>{{lent}, {"after"}});
}

TEST_CASE ("unsent: a batch that is never empty keeps no more than it must")
{
    Line line (zmtp::v3_1);
    line.frame (body_of (5000, 0));
    for (std::size_t i = 1; i < 2000; ++i) {
        line.frame (body_of (5000, i));
        line.write (5009);
    }
    CHECK (line.batch.end () - line.batch.kept_from () <= 4 * 5009);
    CHECK (line.ended () == std::vector<Frames>{{body_of (5000, 1999)}});
}

TEST_CASE ("unsent: any messages, written in any pieces, over every wire")
{
    std::mt19937 random (7);
    for (int round = 0; round < 400; ++round) {
        const Framing &wire = *std::array{&zmtp::v1, &zmtp::v2, &zmtp::v3_0, &zmtp::v3_1}[random () % 4];
        Line line (wire, std::string (random () % 100, 'g'));
        struct Sent
        {
            Frames frames;
            Batch::Position end;
        };
        std::vector<Sent> sent;
        bool begun = false;
        for (auto steps = random () % 60; steps > 0; --steps) {
            if (random () % 3 == 0) {
                line.write (random () % 4 == 0 ? SIZE_MAX : random () % 9000);
                continue;
            }
            static constexpr std::size_t limits[] = {40, 300, 5000, 20000, 70000};
            const std::string body = body_of (random () % limits[std::min (random () % 5, random () % 5)], random ());
            const bool more = random () % 3 == 0;
            line.frame (body, more);
            if (!begun)
                sent.emplace_back ();
            sent.back ().frames.push_back (body);
            sent.back ().end = line.batch.end ();
            begun = more;
        }
        std::vector<Frames> expected;
        for (const Sent &message : sent)
            if (message.end > line.batch.written_to () || (begun && &message == &sent.back ()))
                expected.push_back (message.frames);
        bool open = false;
        CHECK (line.ended (&open) == expected);
        CHECK (open == begun);
    }
}
