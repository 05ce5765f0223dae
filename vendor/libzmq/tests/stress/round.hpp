// round.hpp - one run of a case: its contexts, endpoints and threads, and the watch over them.
// Owns: when new messages end, telling a hang from slowness, what is known of a round that failed, ending the contexts.
// Leaves to others: what the threads do (cases/), sockets (end.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "plan.hpp"
#include "random.hpp"

namespace stress {

// A thread of a round. The counters are what the watch looks at.
struct Actor
{
    Actor (std::string name_, std::uint64_t seed) : name (std::move (name_)), random (seed) {}
    // Another message done.
    static void count (std::atomic<std::uint64_t> &counter) noexcept { counter.fetch_add (1, std::memory_order_relaxed); }

    const std::string name;
    Random random;
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> vain{0};     // told that there is something, and there was nothing
    std::atomic<std::uint64_t> sockets{0};  // made and closed
    std::atomic<const char *> doing{"starting"};
    std::atomic<bool> over{false};
    std::thread thread;
};

// What applies to every round of the program.
struct Watch
{
    int patience = 20;  // seconds without any progress
    bool keep = false;  // stop there for a debugger instead of ending the program
};

class Round
{
  public:
    Round (const Plan &plan, std::string name, const Watch &watch);
    ~Round ();
    Round (const Round &) = delete;
    Round &operator= (const Round &) = delete;

    const Plan &plan () const noexcept { return _plan; }
    // Side 0 or 1; with inproc both are one.
    void *context (int side) noexcept { return _contexts[_plan.transport == Transport::inproc ? 0 : side]; }
    // To bind: ephemeral where the transport can do that, else a name that no other endpoint has. One thread at a time.
    std::string new_endpoint ();

    // Bodies that were lent to the library and have not come back. None may be left when the contexts have ended.
    std::atomic<long> lent{0};

    // Starts a thread. A Failure it throws is the round's.
    void start (const std::string &name, std::function<void (Actor &)> body);
    // No new messages are to be made.
    bool time_is_up () const noexcept { return _stop.load (std::memory_order_relaxed) || std::chrono::steady_clock::now () >= _end; }
    // Some thread failed, or the round is being ended: whoever waits for others in a loop of his own gives up.
    bool ending () const noexcept { return _stop.load (std::memory_order_acquire); }
    // For threads that never stop by themselves: once this is true the contexts are shut down.
    void shut_down_when (std::function<bool ()> condition) { _condition = std::move (condition); }

    // What else is to be printed of a round that failed.
    void explain_with (std::function<std::string ()> explain) { _explain = std::move (explain); }

    // Waits for all threads and ends the contexts. False: it hung or failed, and what is known is printed; the round's threads may
    // still be running then, so that the program has to be left with _exit(2).
    bool run ();

  private:
    bool watch_over (const std::function<bool ()> &done);
    std::uint64_t progress () const noexcept;
    void fail (const std::string &text);
    void report (const std::string &what) const;

    const Plan _plan;
    const std::string _name;
    const Watch _watch;
    void *_contexts[2] = {};
    std::string _folder;  // of ipc's files
    int _endpoints = 0;
    std::chrono::steady_clock::time_point _end;
    std::deque<Actor> _actors;
    std::function<bool ()> _condition;
    std::function<std::string ()> _explain;

    std::mutex _mutex;
    std::condition_variable _changed;
    std::atomic<bool> _stop{false};
    std::string _failure;  // the first; under _mutex
};

}  // namespace stress
