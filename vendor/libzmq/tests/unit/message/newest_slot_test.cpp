// The slot of a conflating direction: the newest is kept, who waits is woken, and nobody sleeps while something is there.
#include "message/newest_slot.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

using engine::Msg;
using engine::NewestSlot;

namespace {

Msg number (int value)
{
    const std::string text = std::to_string (value);
    Msg message;
    REQUIRE (message.init_copy (text.data (), text.size ()) == 0);
    return message;
}

int value_of (const Msg &message) { return std::stoi (std::string (message.view ())); }

}  // namespace

TEST_CASE ("newest slot: keeps the newest, and tells a waiting reader once")
{
    NewestSlot slot;
    Msg out;
    CHECK (slot.empty ());
    CHECK_FALSE (slot.take (out));
    CHECK_FALSE (slot.put (number (1)));
    CHECK_FALSE (slot.wait_prepare ());
    CHECK_FALSE (slot.put (number (2)));
    CHECK (slot.take (out));
    CHECK (value_of (out) == 2);
    CHECK (slot.wait_prepare ());
    CHECK (slot.wait_prepare ());
    CHECK (slot.put (number (3)));
    CHECK_FALSE (slot.put (number (4)));
    CHECK (slot.take (out));
    CHECK (value_of (out) == 4);
    CHECK (slot.empty ());
}

TEST_CASE ("newest slot: between two threads the last message arrives, in order and without a lost wake-up")
{
    constexpr int count = 100000;
    NewestSlot slot;
    std::atomic<int> bell{0}, seen{-1};
    std::atomic<bool> given_up{false};
    const auto deadline = std::chrono::steady_clock::now () + std::chrono::seconds (60);
    const auto late = [&] { return given_up || std::chrono::steady_clock::now () > deadline; };
    std::thread writer ([&] {
        unsigned random = 1;
        for (int i = 0; i < count; ++i) {
            const std::string text = std::to_string (i);
            Msg message;
            (void) message.init_copy (text.data (), text.size ());
            if (slot.put (std::move (message)))
                bell.fetch_add (1);
            random = random * 1664525 + 1013904223;
            for (unsigned pause = random >> 25; pause > 0; --pause)
                std::atomic_signal_fence (std::memory_order_seq_cst);
            // The last before a rest must be read though nothing follows it.
            if (i % 1000 == 999)
                while (seen.load () != i && !late ())
                    std::this_thread::yield ();
        }
    });
    int last = -1, rung = 0;
    while (last < count - 1 && !late ()) {
        Msg out;
        if (slot.take (out)) {
            const int next = value_of (out);
            if (next <= last)
                break;
            last = next;
            seen = next;
        } else if (slot.wait_prepare ()) {
            while (bell.load () == rung && !late ())
                std::this_thread::yield ();
            rung = bell.load ();
        }
    }
    given_up = last != count - 1;
    writer.join ();
    CHECK (last == count - 1);
    CHECK (slot.empty ());
}
