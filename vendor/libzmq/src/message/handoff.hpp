// Hand-offs between two threads of which one is about to sleep: each side changes something of its own, then looks at what the other
// changed. If both looked too early a wake-up would be lost, and x86 alone is enough for that: a processor's store waits in its buffer
// while its next load goes ahead ("store buffering"). Here are the two forms in which the engine does it without a lock; where a mutex
// orders both sides (doorbells, the reactor's timers, a context's end), the place says so.
//
// The order of the accesses is all there is to it, so it is what the tests check: Atomic is std::atomic, or one whose values come from a
// model of C++'s memory that tries everything it allows (tests/unit/message/handoff_model_test.cpp). handoff_litmus_test.cpp beside it
// lets two threads run at each other.
#pragma once

#include <atomic>

namespace engine {

// A descriptor that sleepers wait for is written to once, until it was read again.
//   ringer:  stores what the owner shall see;  ring ();     true: writes the descriptor
//   owner:   reads the descriptor;             drained ();  looks at what ringers store
// Both exchange the same flag, and exchanges of one variable have one order: if the ringer's comes first, the owner's reads its `true`
// and so (acquire) sees what it stored; else the ringer reads `false`, and writes. (A plain store in drained() would let the owner's look
// go ahead of it.)
template <template <class> class Atomic = std::atomic>
class WakeFlag
{
  public:
    [[nodiscard]] bool ring () { return !rung_.exchange (true, std::memory_order_acq_rel); }
    void drained () { rung_.exchange (false, std::memory_order_acq_rel); }

  private:
    Atomic<bool> rung_{false};
};

// Who waits leaves a mark; who has something to tell takes it, and wakes whoever left it.
//   waiter:  set ();                     looks, seq_cst;  nothing: sleeps;  something: unset ()
//   teller:  stores the news, seq_cst;   take ()          true: wakes the waiter
// All four accesses are sequentially consistent: in their one order either the mark comes before the teller's look, or the news before the
// waiter's. Of several that tell at once one gets true. A waiter that was woken in vain sets the mark again.
template <template <class> class Atomic = std::atomic>
class WaitMark
{
  public:
    void set () { marked_.store (true, std::memory_order_seq_cst); }
    void unset () { marked_.store (false, std::memory_order_relaxed); }
    [[nodiscard]] bool take () { return marked_.load (std::memory_order_seq_cst) && marked_.exchange (false, std::memory_order_acq_rel); }

  private:
    Atomic<bool> marked_{false};
};

}  // namespace engine
