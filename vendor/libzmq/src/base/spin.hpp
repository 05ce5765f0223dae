// Polling for a moment before sleeping: when it pays, and when to stop. Who waits for what is in core/wait.hpp and api/poll*.cpp.
//
// Between two looks the thread calls sched_yield(2), so that a peer on the same processor can run. Where other programs compete for
// the processors a yield gives them a whole time slice, milliseconds, while a thread that sleeps is woken ahead of them: a yield that
// took that long ends the spinning of the whole process for a while. Subscribers that receive, or poll for nothing else, go on all the
// same: theirs is a one-way stream, nobody waits for them, and a wake-up for every few messages costs more than it gains (16 of them on
// two processors: a third of the messages).
#pragma once

#include <utility>

#include "base/clock.hpp"

namespace engine {

// Lets others run. False: it took so long that sleeping would have been better.
bool yield_processor () noexcept;
// Whether a long yield has ended the spinning for now.
bool processors_contended (Nanoseconds time) noexcept;

// Whether it pays to spin: learnt by each thread from how its last waits ended.
class SpinMemory
{
  public:
    static SpinMemory &current () noexcept;
    bool worth_it () noexcept;
    void ended (bool in_time) noexcept;
    // A wait slept and then found what it waited for, or nothing: would spinning for `limit` have caught it?
    void slept (Nanoseconds from, bool found, Nanoseconds limit) noexcept { ended (found && now () - from < limit); }
    // zmq_ext_spin has polled for the next blocking call already.
    void spin_is_done () noexcept { done_ = true; }
    bool take_done () noexcept { return std::exchange (done_, false); }

  private:
    int score_ = 8;
    int skipped_ = 0;
    bool done_ = false;
};

// The spinning of one call: `while (spin.going ()) { spin.yield (); look; found? spin.succeeded (); }`.
class Spin
{
  public:
    // For `limit` at most and not beyond the deadline; not at all where it does not pay or was done already.
    Spin (Nanoseconds limit, Nanoseconds deadline, bool subscriber = false) noexcept;
    bool going () const noexcept { return time_ < stop_; }
    void yield () noexcept;
    void succeeded () noexcept;

  private:
    Nanoseconds time_ = 0;
    Nanoseconds stop_ = 0;
    const bool subscriber_;
};

}  // namespace engine
