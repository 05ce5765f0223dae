// Mutex under every interleaving and every value that C++'s memory model lets a load see (memory_model.hpp), with waiters that may lose
// patience at any time: nobody is in it together with another, everybody sees what was done in it before, and nobody sleeps for ever.
#include "base/mutex_wait.hpp"

#include <cstdlib>

#include <doctest/doctest.h>

#include "memory_model.hpp"

namespace {

// Which threads are in haste: handed it by the next unlock.
bool hasty[3];
// Which threads lose patience when first woken in vain; the others never do, or (`any`) whenever it is worst.
bool impatient[3];
bool any;

// Every waiter sleeps at once: yielding adds nothing but states.
class ModelPace
{
  public:
    static constexpr bool steady = false;
    static constexpr int most_yields = 0;
    static bool yield () { return false; }
    bool lost_patience () const { return any ? model::choose () : impatient[model::running_thread ()]; }
};

bool takes_turns (int threads, int rounds)
{
    using model::Atomic;
    model::reset ();
    engine::BasicMutex<Atomic, ModelPace> mutex;
    Atomic<int> guarded{0};
    model::Descriptor never_written;
    const model::Outcome outcome = model::explore (model::Threads (static_cast<std::size_t> (threads), [&] {
        for (int i = 0; i < rounds; ++i) {
            if (!hasty[model::running_thread ()])
                mutex.lock ();
            else if (!mutex.try_lock ())
                mutex.lock_hastily ();
            const int seen = guarded.load (std::memory_order_relaxed);
            // Another thread in here, or one whose change is not seen, would have made it more.
            if (guarded.fetch_add (1, std::memory_order_relaxed) != seen)
                never_written.sleep ();
            mutex.unlock ();
        }
    }));
    return outcome.stuck.empty ();
}

}  // namespace

TEST_CASE ("a mutex excludes, shows what was done before, and leaves nobody asleep, whatever the order")
{
    any = true;
    CHECK (takes_turns (2, 2));
    // With this variable, as thorough as it gets: half a million states.
    any = std::getenv ("ZMQ_LITMUS_ROUNDS") != nullptr;
    impatient[0] = true;
    CHECK (takes_turns (3, 1));
}

TEST_CASE ("a mutex leaves nobody asleep beside one who is in haste")
{
    any = true;
    hasty[0] = true;
    CHECK (takes_turns (2, 2));
    any = false;
    impatient[0] = false;
    CHECK (takes_turns (3, 1));
    hasty[1] = true;
    CHECK (takes_turns (3, 1));
    hasty[0] = hasty[1] = false;
}
