// The hand-offs of handoff.hpp, and those that are built of them, under every interleaving and every value that C++'s memory model lets a
// load see (memory_model.hpp). The code that runs is the engine's own where it is a class; what surrounds it is written out, side by side.
// The forms that are known to be wrong are tried as well: the model must find them.
#include "message/handoff.hpp"

#include <doctest/doctest.h>

#include "memory_model.hpp"

namespace {

using engine::WaitMark;
using engine::WakeFlag;
using model::Atomic;
using model::Descriptor;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

// As Waiter was until it lost a wake-up.
template <template <class> class A>
class StoringWakeFlag
{
  public:
    bool ring () { return !rung_.exchange (true, acq_rel); }
    void drained () { rung_.store (false, release); }

  private:
    A<bool> rung_{false};
};

template <template <class> class A>
class AcquiringWaitMark
{
  public:
    void set () { marked_.store (true, release); }
    void unset () { marked_.store (false, relaxed); }
    bool take () { return marked_.load (acquire) && marked_.exchange (false, acq_rel); }

  private:
    A<bool> marked_{false};
};

// Doorbell and Waiter: `ringers` deliver one command each; the owner sleeps until it has them all.
template <class Flag>
model::Outcome deliver_and_drain (int commands, int ringers)
{
    model::reset ();
    Atomic<int> delivered{0};  // the news: what pending() and the strand's state are in the engine
    Flag flag;
    Descriptor descriptor;
    const auto deliver = [&] (int count) {
        for (int i = 0; i < count; ++i) {
            delivered.fetch_add (1, release);
            if (flag.ring ())
                descriptor.write ();
        }
    };
    model::Threads threads{[&] {
        for (;;) {
            if (delivered.load (acquire) == commands * ringers)
                return;
            descriptor.sleep ();
            descriptor.read ();
            flag.drained ();
        }
    }};
    for (int i = 0; i < ringers; ++i)
        threads.push_back ([&] { deliver (commands); });
    return model::explore (threads);
}

// SpscQueue: the consumer waits for each of so many messages.
template <class Mark>
model::Outcome publish_and_wait (std::uint64_t messages, std::memory_order store, std::memory_order look)
{
    model::reset ();
    Atomic<std::uint64_t> published{0};
    Mark waiting;
    Descriptor bell;
    return model::explore ({[&] {
                                for (std::uint64_t popped = 0; popped < messages; ++popped) {
                                    while (published.load (acquire) == popped) {
                                        waiting.set ();
                                        if (published.load (look) == popped) {
                                            bell.sleep ();
                                            bell.read ();
                                        } else
                                            waiting.unset ();
                                    }
                                }
                            },
                            [&] {
                                for (std::uint64_t pushed = 1; pushed <= messages; ++pushed) {
                                    published.store (pushed, store);
                                    if (waiting.take ())
                                        bell.write ();
                                }
                            }});
}

// InprocPipe: one side leaves while the other joins. It must see the end itself or be told.
model::Outcome leave_and_join (std::memory_order store, std::memory_order look)
{
    model::reset ();
    Atomic<bool> left{false};
    Atomic<bool> joined{false};  // `strand` is not null
    Descriptor bell;
    return model::explore ({[&] {
                                joined.store (true, store);
                                if (!left.load (look))
                                    bell.sleep ();
                            },
                            [&] {
                                left.store (true, store);
                                if (joined.load (look))
                                    bell.write ();
                            }});
}

// InprocPipe: a writer lowers its limit beside a reader that takes the last message. It finds the queue empty, or its message is
// acknowledged (which the reader does at once only if it knows the new limit).
model::Outcome lower_limit (bool tell)
{
    model::reset ();
    Atomic<bool> limit_lowered{false};
    Atomic<bool> popped{false};
    Atomic<bool> acknowledged{false};
    Atomic<int> told{0};  // the doorbell, whose mutex both sides take
    WaitMark<Atomic> writer_waits;
    Descriptor writer_bell, reader_bell;
    const auto acknowledge_when_due = [&] {
        if (!limit_lowered.load (relaxed))
            return;
        acknowledged.store (true, seq_cst);
        if (writer_waits.take ())
            writer_bell.write ();
    };
    return model::explore ({[&] {
                                limit_lowered.store (true, relaxed);
                                if (tell) {
                                    told.fetch_add (1, acq_rel);
                                    reader_bell.write ();
                                }
                                writer_waits.set ();
                                if (!acknowledged.load (seq_cst) && !popped.load (acquire))
                                    writer_bell.sleep ();
                            },
                            [&] {
                                popped.store (true, release);
                                acknowledge_when_due ();
                                if (!tell)
                                    return;
                                reader_bell.sleep ();
                                told.fetch_add (0, acq_rel);
                                acknowledge_when_due ();
                            }});
}

}  // namespace

TEST_CASE ("the model knows store buffering, message passing and what sequential consistency adds")
{
    const auto store_buffering = [] (std::memory_order store, std::memory_order load) {
        model::reset ();
        Atomic<bool> x{false}, y{false};
        Atomic<int> missed{0};
        Descriptor never_written;
        const auto side = [&] (Atomic<bool> &mine, Atomic<bool> &other) {
            mine.store (true, store);
            if (!other.load (load) && missed.fetch_add (1, seq_cst) == 1)
                never_written.sleep ();
        };
        return model::explore ({[&] { side (x, y); }, [&] { side (y, x); }});
    };
    CHECK_FALSE (store_buffering (release, acquire).stuck.empty ());
    CHECK_FALSE (store_buffering (seq_cst, acquire).stuck.empty ());
    CHECK (store_buffering (seq_cst, seq_cst).stuck.empty ());

    const auto message_passing = [] (std::memory_order store, std::memory_order load) {
        model::reset ();
        Atomic<bool> data{false}, flag{false};
        Descriptor never_written;
        return model::explore ({[&] {
                                    data.store (true, relaxed);
                                    flag.store (true, store);
                                },
                                [&] {
                                    if (flag.load (load) && !data.load (relaxed))
                                        never_written.sleep ();
                                }});
    };
    CHECK_FALSE (message_passing (relaxed, acquire).stuck.empty ());
    CHECK_FALSE (message_passing (release, relaxed).stuck.empty ());
    CHECK (message_passing (release, acquire).stuck.empty ());
}

TEST_CASE ("a ring that finds the flag set is seen by the look that follows drained()")
{
    CHECK (deliver_and_drain<WakeFlag<Atomic>> (2, 1).stuck.empty ());
    CHECK (deliver_and_drain<WakeFlag<Atomic>> (3, 1).stuck.empty ());
    CHECK (deliver_and_drain<WakeFlag<Atomic>> (1, 2).stuck.empty ());
    CHECK_FALSE (deliver_and_drain<StoringWakeFlag<Atomic>> (2, 1).stuck.empty ());
}

TEST_CASE ("a consumer that left its mark is told of what it did not see")
{
    CHECK (publish_and_wait<WaitMark<Atomic>> (1, seq_cst, seq_cst).stuck.empty ());
    CHECK (publish_and_wait<WaitMark<Atomic>> (3, seq_cst, seq_cst).stuck.empty ());
    CHECK_FALSE (publish_and_wait<AcquiringWaitMark<Atomic>> (1, release, acquire).stuck.empty ());
    CHECK_FALSE (publish_and_wait<WaitMark<Atomic>> (1, release, seq_cst).stuck.empty ());
    CHECK_FALSE (publish_and_wait<WaitMark<Atomic>> (1, seq_cst, acquire).stuck.empty ());
}

TEST_CASE ("an end that was not told is seen by who joins")
{
    CHECK (leave_and_join (seq_cst, seq_cst).stuck.empty ());
    CHECK_FALSE (leave_and_join (release, acquire).stuck.empty ());
}

TEST_CASE ("a writer that lowered its limit finds room or is woken")
{
    CHECK (lower_limit (true).stuck.empty ());
    CHECK_FALSE (lower_limit (false).stuck.empty ());
}
