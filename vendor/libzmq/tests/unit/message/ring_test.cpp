// The pipe queue against std::deque, and its memory.
#include "message/ring.hpp"

#include <deque>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "message/backlog.hpp"

using engine::Msg;
using engine::Ring;

namespace {

Msg number (std::size_t value)
{
    const std::string text = std::to_string (value) + std::string (value % 60, '.');
    Msg message;
    CHECK (message.init_copy (text.data (), text.size ()) == 0);
    return message;
}

}  // namespace

TEST_CASE ("a ring is a queue")
{
    std::mt19937 random (1);
    Ring ring;
    std::deque<std::string> model;
    std::size_t next = 0;
    for (int phase = 0; phase < 60; ++phase) {
        const auto pushes = random () % 100;
        for (int step = 0; step < 300; ++step) {
            if (random () % 100 < pushes) {
                Msg message = number (next++);
                model.emplace_back (message.view ());
                REQUIRE (ring.push (std::move (message)));
                CHECK (message.size () == 0);
            } else {
                Msg out = number (5);
                REQUIRE (ring.pop (out) == !model.empty ());
                if (!model.empty ()) {
                    CHECK (out.view () == model.front ());
                    model.pop_front ();
                }
            }
            REQUIRE (ring.size () == model.size ());
            if (!model.empty ()) {
                CHECK (ring.front ().view () == model.front ());
                CHECK (ring.back ().view () == model.back ());
                const std::size_t at = random () % model.size ();
                CHECK (ring[at].view () == model[at]);
            }
        }
        if (phase % 7 == 0 && !model.empty ()) {
            ring.drop_back ();
            model.pop_back ();
        }
        if (phase % 13 == 0) {
            Ring other (std::move (ring));
            CHECK (ring.empty ());
            ring = std::move (other);
        }
    }
    ring.clear ();
    CHECK (ring.empty ());
    CHECK (ring.push (number (3)));
    CHECK (ring.front ().view () == "3...");
}

TEST_CASE ("a ring survives filling and emptying at every size")
{
    Ring ring;
    for (std::size_t count = 0; count < 300; ++count) {
        for (std::size_t at = 0; at < count; ++at)
            REQUIRE (ring.push (number (at)));
        Msg out;
        for (std::size_t at = 0; at < count; ++at) {
            REQUIRE (ring.pop (out));
            CHECK (out.view () == number (at).view ());
        }
        CHECK_FALSE (ring.pop (out));
    }
    for (std::size_t at = 0; at < 10000; ++at)
        REQUIRE (ring.push (number (at)));
    for (std::size_t at = 0; at < 10000; ++at) {
        Msg out;
        REQUIRE (ring.pop (out));
        CHECK (out.view () == number (at).view ());
    }
    ring.clear ();
    CHECK (ring.empty ());
}

TEST_CASE ("what is put before a ring's content comes first, wherever either stands in its memory")
{
    for (std::size_t earlier_count = 0; earlier_count < 20; ++earlier_count)
        for (std::size_t count = 0; count < 20; ++count)
            for (const std::size_t passed : {0u, 5u, 8u, 11u}) {
                Ring earlier, ring;
                std::size_t next = 0;
                for (Ring *one : {&earlier, &ring}) {
                    Msg out;
                    REQUIRE (one->push (number (0)));
                    for (std::size_t i = 0; i < passed; ++i) {
                        REQUIRE (one->push (number (0)));
                        REQUIRE (one->pop (out));
                    }
                    for (const std::size_t end = next + (one == &earlier ? earlier_count : count); next < end; ++next)
                        REQUIRE (one->push (number (next)));
                    REQUIRE (one->pop (out));
                }
                REQUIRE (ring.prepend (earlier));
                CHECK (earlier.empty ());
                REQUIRE (ring.size () == next);
                for (std::size_t i = 0; i < next; ++i) {
                    Msg out;
                    REQUIRE (ring.pop (out));
                    CHECK (out.view () == number (i).view ());
                }
                REQUIRE (earlier.push (number (1)));
            }
}

TEST_CASE ("a ring that was huge gives its memory back when little is left, and loses nothing")
{
    Ring ring;
    const std::size_t count = 4 * Ring::huge_capacity;
    for (std::size_t at = 0; at < count; ++at)
        REQUIRE (ring.push (number (at)));
    engine::Backlog::trim ();
    Msg out;
    std::size_t at = 0;
    for (; at < count - 5; ++at) {
        REQUIRE (ring.pop (out));
        CHECK (out.view () == number (at).view ());
    }
    CHECK (ring.size () == 5);
    CHECK (engine::Backlog::due ());
    // It stays in order while it goes up and down.
    std::size_t next = count;
    for (int round = 0; round < 3; ++round) {
        for (; next < count * static_cast<std::size_t> (round + 2); ++next)
            REQUIRE (ring.push (number (next)));
        for (; at < next - 3; ++at) {
            REQUIRE (ring.pop (out));
            CHECK (out.view () == number (at).view ());
        }
    }
    CHECK (ring.size () == 3);
}
