// Mutex: exclusion under every mixture of sleepers, and an end to waiting for one that another thread gives back only to take it again.
#include "base/sync.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "base/clock.hpp"

namespace {

using engine::Mutex;
using engine::Nanoseconds;
using engine::now;

void hold_for (Nanoseconds time)
{
    for (const Nanoseconds end = now () + time; now () < end;) {
    }
}

// Takes the mutex again at once whenever it has given it back, until the others are done; returns how often.
long hog (Mutex &mutex, const std::atomic<int> &others, Nanoseconds hold)
{
    long rounds = 0;
    for (; others.load () > 0; ++rounds) {
        mutex.lock ();
        hold_for (hold);
        mutex.unlock ();
    }
    return rounds;
}

}  // namespace

TEST_CASE ("A mutex that one thread takes again at once is had by others that wait for it")
{
    constexpr int times = 5;
    constexpr int waiters = 2;
    constexpr Nanoseconds hold = 300 * engine::microsecond;
    Mutex mutex;
    std::atomic<int> waiting{waiters};
    std::vector<std::thread> threads;
    for (int i = 0; i < waiters; ++i)
        threads.emplace_back ([&] {
            for (int at = 0; at < times; ++at) {
                mutex.lock ();
                mutex.unlock ();
            }
            waiting.fetch_sub (1);
        });
    const long rounds = hog (mutex, waiting, hold);
    for (std::thread &thread : threads)
        thread.join ();
    // Some 35 holds to lose patience in and one or two to be handed it: by luck alone it takes several hundred each time.
    CHECK (rounds < 150L * times * waiters);
}

TEST_CASE ("A mutex keeps others out, whether it is taken free, contended or handed over")
{
    Mutex mutex;
    long counter = 0;
    constexpr int threads_count = 4;
    constexpr int rounds = 300;
    std::vector<std::thread> threads;
    for (int id = 0; id < threads_count; ++id)
        threads.emplace_back ([&, id] {
            for (int at = 0; at < rounds; ++at) {
                mutex.lock ();
                const long seen = counter;
                // Long enough, now and then, for the others to lose patience.
                if (at % 64 == id)
                    hold_for (12 * engine::millisecond);
                counter = seen + 1;
                mutex.unlock ();
            }
        });
    for (std::thread &thread : threads)
        thread.join ();
    CHECK (counter == threads_count * rounds);
    const bool free = mutex.try_lock ();
    CHECK (free);
    if (free)
        mutex.unlock ();
}
