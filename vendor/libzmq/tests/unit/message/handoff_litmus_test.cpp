// The hand-offs on this machine: two threads run at each other, the sleeper about to sleep just when the other has news, with a little
// delay that differs from round to round and sweeps over the worst place. A wake-up counts as lost only when the other thread has finished
// and there still is nothing to wake the sleeper, so that no load on the machine can make these fail.
//
// Each class runs for a quarter of a second; ZMQ_LITMUS_ROUNDS (millions, by hand) sets a number of rounds instead.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <thread>

#include <doctest/doctest.h>
#include <poll.h>
#include <sched.h>

#include "base/clock.hpp"
#include "base/sync.hpp"
#include "message/spsc_queue.hpp"
#include "strand/doorbell.hpp"

namespace {

using namespace engine;

class Rounds
{
  public:
    Rounds ()
    {
        if (const char *const text = std::getenv ("ZMQ_LITMUS_ROUNDS"))
            most_ = std::strtol (text, nullptr, 10);
    }
    bool more (long done) const { return most_ > 0 ? done < most_ : now () < stop_; }

  private:
    long most_ = 0;
    Nanoseconds stop_ = now () + 250 * millisecond;
};

void pause_for (unsigned steps)
{
    static std::atomic<unsigned> sink{0};
    for (unsigned i = 0; i < steps; ++i)
        (void) sink.load (std::memory_order_relaxed);
}

bool readable (int fd, int milliseconds)
{
    pollfd entry{fd, POLLIN, 0};
    return ::poll (&entry, 1, milliseconds) == 1;
}

// Sleeps on the descriptor; false: whoever should write to it has finished (`done`), and has not.
bool sleep_until_readable (int fd, const std::function<bool ()> &done)
{
    while (!readable (fd, 5))
        if (done ())
            return readable (fd, 0);
    return true;
}

// Two threads that go through rounds together. (They yield while they wait for each other: the machine may have one processor to spare.)
class Together
{
  public:
    void next ()
    {
        const unsigned turn = turn_.load ();
        if (arrived_.fetch_add (1) == 1) {
            arrived_.store (0);
            turn_.store (turn + 1);
            return;
        }
        while (turn_.load () == turn)
            ::sched_yield ();
    }

  private:
    std::atomic<int> arrived_{0};
    std::atomic<unsigned> turn_{0};
};

// In each round the sleeper waits once, and the teller tells once; `sleeper` returns false if it was not woken. Rounds done and how
// many wake-ups were lost.
struct Result
{
    long rounds = 0;
    long lost = 0;
};

Result run_rounds (const std::function<bool (long round, const std::function<bool ()> &told)> &sleeper,
                   const std::function<void (long round)> &teller)
{
    Together together;
    std::atomic<long> told{-1};
    std::atomic<bool> stop{false};
    std::thread other ([&] {
        for (long round = 0;; ++round) {
            together.next ();
            if (stop.load ())
                return;
            pause_for (static_cast<unsigned> (round * 7 % 1024));
            teller (round);
            told.store (round);
        }
    });
    Result result;
    for (const Rounds rounds; rounds.more (result.rounds) && result.lost == 0; ++result.rounds) {
        together.next ();
        const long round = result.rounds;
        pause_for (static_cast<unsigned> (round * 5 % 31));
        result.lost += !sleeper (round, [&] { return told.load () == round; });
    }
    stop.store (true);
    together.next ();
    other.join ();
    return result;
}

}  // namespace

TEST_CASE ("litmus: a ring beside drain() wakes its owner or is seen by his look")
{
    Waiter waiter;
    REQUIRE (waiter.fd () >= 0);
    Doorbell bell;
    bell.open ();
    REQUIRE (bell.add_waiter (waiter));
    std::vector<Command> taken;
    // Each round begins with a ring of our own, so that the other's comes while that one is being drained.
    waiter.ring ();
    const Result result = run_rounds (
      [&] (long, const std::function<bool ()> &told) {
          waiter.drain ();
          while (!bell.pending ()) {
              if (!sleep_until_readable (waiter.fd (), told))
                  return false;
              waiter.drain ();
          }
          waiter.ring ();
          bell.take (taken);
          return taken.size () == 1;
      },
      [&] (long) {
          (void) bell.deliver ({Command::What::activity, 0, 0, nullptr});
      });
    CHECK (result.lost == 0);
    bell.remove_waiter (waiter);
}

TEST_CASE ("litmus: publish() beside wait_prepare() wakes the consumer or is seen by it")
{
    SpscQueue queue;
    Waiter waiter;
    REQUIRE (waiter.fd () >= 0);
    const Result result = run_rounds (
      [&] (long, const std::function<bool ()> &told) {
          Msg message;
          while (!queue.pop (message)) {
              if (!queue.wait_prepare ())
                  continue;
              if (!sleep_until_readable (waiter.fd (), told))
                  return false;
              waiter.drain ();
          }
          return true;
      },
      [&] (long) {
          Msg message;
          if (queue.push (std::move (message)) && queue.publish ())
              waiter.ring ();
      });
    CHECK (result.lost == 0);
}

TEST_CASE ("litmus: a registration beside a ring is rung or comes after the news")
{
    Waiter waiter;
    REQUIRE (waiter.fd () >= 0);
    Doorbell bell;
    bell.open ();
    std::atomic<long> news{-1};  // as a context's end: told of by no command
    const Result result = run_rounds (
      [&] (long round, const std::function<bool ()> &told) {
          if (!bell.add_waiter (waiter))
              return false;
          bool seen = news.load (std::memory_order_acquire) == round;
          while (!seen) {
              if (!sleep_until_readable (waiter.fd (), told))
                  break;
              waiter.drain ();
              seen = news.load (std::memory_order_acquire) == round;
          }
          bell.remove_waiter (waiter);
          return seen;
      },
      [&] (long round) {
          news.store (round, std::memory_order_release);
          bell.ring ();
      });
    CHECK (result.lost == 0);
}

TEST_CASE ("litmus: an end beside a join is told or seen")
{
    // One pair of flags a round, as each channel has its own.
    constexpr long pairs = 1024;
    static std::atomic<bool> left[pairs], joined[pairs];
    std::atomic<long> told_of{-1};
    const Result result = run_rounds (
      [&] (long round, const std::function<bool ()> &told) {
          const long at = round % pairs;
          joined[at].store (true, std::memory_order_seq_cst);
          const bool seen = left[at].load (std::memory_order_seq_cst);
          while (!told ())
              ::sched_yield ();
          left[at].store (false);
          joined[at].store (false);
          return seen || told_of.load () == round;
      },
      [&] (long round) {
          left[round % pairs].store (true, std::memory_order_seq_cst);
          if (joined[round % pairs].load (std::memory_order_seq_cst))
              told_of.store (round);
      });
    CHECK (result.lost == 0);
}

TEST_CASE ("litmus: a mutex that one thread gives back while the other goes to sleep on it is had")
{
    // (Lost, the thread would sleep for ever; the counter shows that nobody was in it beside the other.)
    Mutex mutex;
    long counter = 0;
    const Result result = run_rounds (
      [&] (long, const std::function<bool ()> &told) {
          mutex.lock ();
          ++counter;
          mutex.unlock ();
          while (!told ())
              ::sched_yield ();
          return true;
      },
      [&] (long) {
          mutex.lock ();
          ++counter;
          ::sched_yield ();
          mutex.unlock ();
      });
    CHECK (result.lost == 0);
    CHECK (counter == 2 * result.rounds);
}
