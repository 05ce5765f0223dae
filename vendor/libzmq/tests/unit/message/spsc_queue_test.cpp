// The inproc queue: visibility, rollback, wake-ups; the stress test is the one to run under ThreadSanitizer.
#include "message/spsc_queue.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include <doctest/doctest.h>

using engine::Msg;
using engine::SpscQueue;

namespace {

Msg number (std::size_t value)
{
    const std::string text = std::to_string (value) + std::string (value % 50, '.');
    Msg message;
    static_cast<void> (message.init_copy (text.data (), text.size ()));
    return message;
}

}  // namespace

TEST_CASE ("frames are seen once published, and rolled back ones never")
{
    SpscQueue queue;
    Msg out;
    CHECK_FALSE (queue.pop (out));
    REQUIRE (queue.push (number (1)));
    CHECK (queue.size () == 0);
    CHECK_FALSE (queue.pop (out));
    CHECK_FALSE (queue.publish ());
    REQUIRE (queue.push (number (2)));
    queue.rollback ();
    CHECK_FALSE (queue.publish ());
    CHECK (queue.size () == 1);
    REQUIRE (queue.front ());
    CHECK (queue.front ()->view () == "1.");
    REQUIRE (queue.pop (out));
    CHECK (out.view () == "1.");
    CHECK_FALSE (queue.pop (out));
    CHECK (queue.published () == 1);
    CHECK (queue.popped () == 1);
}

TEST_CASE ("the queue agrees with a model across chunk borders")
{
    std::mt19937 random (3);
    for (int round = 0; round < 12; ++round) {
        SpscQueue queue;
        std::deque<std::string> seen;
        std::deque<std::string> pending;
        std::size_t next = 0;
        for (int step = 0; step < 2000; ++step) {
            switch (random () % 4) {
            case 0:
                for (std::size_t burst = random () % 100; burst > 0; --burst) {
                    Msg message = number (next++);
                    pending.emplace_back (message.view ());
                    REQUIRE (queue.push (std::move (message)));
                }
                break;
            case 1:
                if (random () % 3 == 0) {
                    queue.rollback ();
                    pending.clear ();
                }
                break;
            case 2:
                CHECK_FALSE (queue.publish ());
                seen.insert (seen.end (), pending.begin (), pending.end ());
                pending.clear ();
                break;
            default:
                for (std::size_t burst = random () % 100; burst > 0; --burst) {
                    Msg out;
                    REQUIRE (queue.pop (out) == !seen.empty ());
                    if (seen.empty ())
                        break;
                    CHECK (out.view () == seen.front ());
                    seen.pop_front ();
                }
            }
            CHECK (queue.size () == seen.size ());
        }
    }
}

TEST_CASE ("a waiting consumer is announced exactly once")
{
    SpscQueue queue;
    CHECK (queue.wait_prepare ());
    REQUIRE (queue.push (number (1)));
    CHECK (queue.publish ());
    REQUIRE (queue.push (number (2)));
    CHECK_FALSE (queue.publish ());
    CHECK_FALSE (queue.wait_prepare ());
    Msg out;
    CHECK (queue.pop (out));
    CHECK (queue.pop (out));
    CHECK (queue.wait_prepare ());
    REQUIRE (queue.push (number (3)));
    CHECK (queue.publish ());
}

TEST_CASE ("two threads lose neither messages nor wake-ups")
{
    constexpr std::size_t total = 60000;
    SpscQueue queue;
    std::mutex mutex;
    std::condition_variable wake;
    bool woken = false;

    std::thread consumer ([&] {
        Msg out;
        bool inside_message = false;
        for (std::size_t expected = 0; expected < total;) {
            if (queue.pop (out)) {
                if (out.view () != number (expected).view ()) {
                    FAIL_CHECK ("out of order at " << expected);
                    return;
                }
                inside_message = out.more ();
                ++expected;
            } else if (inside_message) {
                FAIL_CHECK ("half a message became visible");
                return;
            } else if (queue.wait_prepare ()) {
                std::unique_lock lock (mutex);
                // Without this wake-up nothing else would come: a lost one fails here.
                if (!wake.wait_for (lock, std::chrono::seconds (20), [&] { return woken; })) {
                    FAIL_CHECK ("lost a wake-up at " << expected);
                    return;
                }
                woken = false;
            }
        }
    });
    std::mt19937 random (11);
    for (std::size_t next = 0; next < total;) {
        const std::size_t parts = std::min<std::size_t> (1 + random () % 5, total - next);
        for (std::size_t part = 0; part < parts; ++part) {
            Msg message = number (next + part);
            message.set_more (part + 1 < parts);
            CHECK (queue.push (std::move (message)));
        }
        if (random () % 16 == 0) {
            queue.rollback ();
            continue;
        }
        next += parts;
        if (queue.publish ()) {
            const std::lock_guard lock (mutex);
            woken = true;
            wake.notify_one ();
        }
        if (random () % 64 == 0)
            std::this_thread::yield ();
    }
    consumer.join ();
    CHECK (queue.size () == 0);
}
