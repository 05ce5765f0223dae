#include "base/spin.hpp"

#include <algorithm>
#include <atomic>

#include <sched.h>

namespace engine {

namespace {

constexpr int best_score = 16;
constexpr int retry_every = 32;  // waits that sleep at once before spinning is tried again

// More than a few peers need that share the processor, less than the shortest time slice.
constexpr Nanoseconds long_yield = 500 * microsecond;
constexpr Nanoseconds shortest_pause = 16 * millisecond;
constexpr Nanoseconds longest_pause = 1024 * millisecond;

// Of all threads: the processors are the same for all. Races between threads cost a pause that is too short, no more.
std::atomic<Nanoseconds> pause_start{0};
std::atomic<Nanoseconds> pause_end{0};

// Each pause is twice as long as the one before, unless as much time as that one took went well since.
void pause_spinning (Nanoseconds time) noexcept
{
    const Nanoseconds end = pause_end.load (std::memory_order_relaxed);
    const Nanoseconds last = end - pause_start.load (std::memory_order_relaxed);
    if (time < end)
        return;
    const Nanoseconds pause = time - end > last ? shortest_pause : std::min (last * 2, longest_pause);
    pause_start.store (time, std::memory_order_relaxed);
    pause_end.store (time + pause, std::memory_order_relaxed);
}

}  // namespace

bool yield_processor () noexcept
{
    const Nanoseconds before = now ();
    ::sched_yield ();
    const Nanoseconds after = now ();
    return after - before < long_yield;
}

bool processors_contended (Nanoseconds time) noexcept { return time < pause_end.load (std::memory_order_relaxed); }

SpinMemory &SpinMemory::current () noexcept
{
    static thread_local SpinMemory memory;
    return memory;
}

bool SpinMemory::worth_it () noexcept
{
    if (score_ > 0)
        return true;
    if (++skipped_ < retry_every)
        return false;
    skipped_ = 0;
    return true;
}

void SpinMemory::ended (bool in_time) noexcept
{
    if (in_time)
        score_ = score_ < best_score ? score_ + 1 : best_score;
    else
        score_ = score_ > 2 ? score_ - 2 : 0;
}

Spin::Spin (Nanoseconds limit, Nanoseconds deadline, bool subscriber) noexcept : subscriber_ (subscriber)
{
    if (SpinMemory::current ().take_done () || limit <= 0)
        return;
    time_ = now ();
    if ((subscriber || !processors_contended (time_)) && SpinMemory::current ().worth_it ())
        stop_ = deadline - time_ < limit ? deadline : time_ + limit;
}

void Spin::yield () noexcept
{
    const bool short_enough = yield_processor ();
    time_ = now ();
    if (short_enough || subscriber_) [[likely]]
        return;
    pause_spinning (time_);
    stop_ = time_;
}

void Spin::succeeded () noexcept { SpinMemory::current ().ended (true); }

}  // namespace engine
