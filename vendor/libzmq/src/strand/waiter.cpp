#include "strand/waiter.hpp"

#include "strand/fork.hpp"

namespace engine {

Waiter &Waiter::current () noexcept
{
    static thread_local Waiter waiter;
    return waiter;
}

int Waiter::fd () noexcept
{
    const unsigned generation = fork_generation.load (std::memory_order_relaxed);
    if (wake_.is_open () && generation_ != generation) {
        // One that was inherited over fork is the parent's too: ringing it would wake the wrong process.
        wake_.close ();
        rung_.drained ();
    }
    if (!wake_.is_open ()) {
        wake_.open ();
        generation_ = generation;
    }
    return wake_.fd ();
}

void Waiter::ring () noexcept
{
    if (rung_.ring ())
        wake_.ring ();
}

void Waiter::drain () noexcept
{
    // Read, then clear: a ring in between is seen by the check that follows; one half done only wakes us once more.
    wake_.drain ();
    rung_.drained ();
}

}  // namespace engine
