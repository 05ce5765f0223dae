// The resolver's threads: outcomes, cancelling at every moment, shutting down while work is stuck.
#include "io/resolver.hpp"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "controlled_memory.hpp"
#include "options/context_options.hpp"
#include "options/options.hpp"
#include "transport/tcp_address.hpp"

using namespace engine;
using namespace std::chrono_literals;

namespace {

constexpr auto limit = 10s;

// A door that work waits at until the test opens it.
class Gate
{
  public:
    void open ()
    {
        const std::lock_guard lock (mutex_);
        open_ = true;
        changed_.notify_all ();
    }
    bool wait ()
    {
        std::unique_lock lock (mutex_);
        return changed_.wait_for (lock, limit, [this] { return open_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

int nothing (std::vector<DialTarget> &) { return 0; }

template <class T>
T get_soon (std::future<T> &future)
{
    REQUIRE (future.wait_for (limit) == std::future_status::ready);
    return future.get ();
}

}  // namespace

TEST_CASE ("resolver: work is done elsewhere and reported")
{
    Resolver resolver ("test");
    std::promise<std::pair<int, std::vector<DialTarget>>> promise;
    auto future = promise.get_future ();
    Resolver::Ticket ticket;
    std::thread::id worker;
    REQUIRE (resolver.post (
               [&worker] (std::vector<DialTarget> &out) {
                   worker = std::this_thread::get_id ();
                   return find_transport ("tcp")->resolve ("localhost:80", Options (), out);
               },
               [&promise] (int error, std::vector<DialTarget> targets) {
                   promise.set_value ({error, std::move (targets)});
               },
               ticket) == 0);
    const auto [error, targets] = get_soon (future);
    CHECK (error == 0);
    REQUIRE (targets.size () == 1);
    CHECK (tcp_endpoint_text (targets[0].address) == "tcp://127.0.0.1:80");
    CHECK (worker != std::this_thread::get_id ());
    CHECK (!ticket.cancel ());
    CHECK (!Resolver::Ticket ().cancel ());
}

TEST_CASE ("resolver: errors and exceptions are outcomes")
{
    Resolver resolver;
    for (const bool throws : {false, true}) {
        std::promise<int> promise;
        auto future = promise.get_future ();
        Resolver::Ticket ticket;
        REQUIRE (resolver.post (
                   [throws] (std::vector<DialTarget> &) -> int {
                       if (throws)
                           throw 1;
                       return EHOSTUNREACH;
                   },
                   [&promise] (int error, std::vector<DialTarget> targets) { promise.set_value (targets.empty () ? error : -1); },
                   ticket) == 0);
        CHECK (get_soon (future) == (throws ? ENOMEM : EHOSTUNREACH));
    }
}

TEST_CASE ("resolver: threads have a name and take no signals")
{
    struct Facts
    {
        std::string name;
        bool blocked = true;
    };
    const auto facts_with = [] (const char *prefix) {
        Resolver resolver (prefix);
        std::promise<Facts> promise;
        auto future = promise.get_future ();
        Resolver::Ticket ticket;
        REQUIRE (resolver.post (
                   nothing,
                   [&promise] (int, std::vector<DialTarget>) {
                       Facts facts;
                       char name[64] = {};
                       pthread_getname_np (pthread_self (), name, sizeof name);
                       facts.name = name;
                       sigset_t mask;
                       pthread_sigmask (SIG_SETMASK, nullptr, &mask);
                       for (const int signal : {SIGINT, SIGTERM, SIGALRM, SIGUSR1, SIGPIPE, SIGCHLD})
                           facts.blocked = facts.blocked && sigismember (&mask, signal) == 1;
                       promise.set_value (facts);
                   },
                   ticket) == 0);
        return get_soon (future);
    };
    CHECK (facts_with ("").name == "ZMQbg/DNS");
    CHECK (facts_with ("app").name == "app/ZMQbg/DNS");
    CHECK (facts_with ("averylongprefix!").name == "averylongprefix");
    CHECK (facts_with ("").blocked);
    sigset_t mask;
    pthread_sigmask (SIG_SETMASK, nullptr, &mask);
    CHECK (sigismember (&mask, SIGINT) == 0);  // ours is as it was
}

#ifdef __linux__
TEST_CASE ("resolver: the context's affinity holds for its threads")
{
    ContextOptions options;
    cpu_set_t ours;
    REQUIRE (::sched_getaffinity (0, sizeof ours, &ours) == 0);
    int last = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET (cpu, &ours))
            last = cpu;
    options.thread_affinity_cpus = {last};
    Resolver resolver (options);
    std::promise<bool> promise;
    auto future = promise.get_future ();
    Resolver::Ticket ticket;
    REQUIRE (resolver.post (
               nothing,
               [&promise, last] (int, std::vector<DialTarget>) {
                   cpu_set_t set;
                   ::sched_getaffinity (0, sizeof set, &set);
                   promise.set_value (CPU_COUNT (&set) == 1 && CPU_ISSET (last, &set));
               },
               ticket) == 0);
    CHECK (get_soon (future));
}
#endif

TEST_CASE ("resolver: a slow name does not hold up the others, and there is a most of threads")
{
    auto gate = std::make_shared<Gate> ();
    std::atomic<int> running = 0;
    std::atomic<int> most = 0;
    std::atomic<int> reported = 0;
    Gate all_done;
    {
        Resolver resolver (std::string (), 2);
        std::vector<Resolver::Ticket> tickets (10);
        Gate second;
        REQUIRE (resolver.post ([gate] (std::vector<DialTarget> &) { return gate->wait () ? 0 : EIO; },
                                [&] (int, std::vector<DialTarget>) {
                                    if (++reported == 10)
                                        all_done.open ();
                                },
                                tickets[0]) == 0);
        for (std::size_t i = 1; i < tickets.size (); ++i)
            REQUIRE (resolver.post (
                       [&] (std::vector<DialTarget> &) {
                           const int now = ++running;
                           int before = most;
                           while (before < now && !most.compare_exchange_weak (before, now)) {
                           }
                           --running;
                           return 0;
                       },
                       [&] (int, std::vector<DialTarget>) {
                           if (++reported == 9)
                               second.open ();
                           if (reported == 10)
                               all_done.open ();
                       },
                       tickets[i]) == 0);
        CHECK (second.wait ());  // nine are through while the first is stuck
        gate->open ();
        CHECK (all_done.wait ());
    }
    CHECK (most <= 2);
    CHECK (reported == 10);
}

TEST_CASE ("resolver: cancelled while waiting or working, done never runs and is gone")
{
    auto gate = std::make_shared<Gate> ();
    auto begun = std::make_shared<Gate> ();
    std::atomic<int> reported = 0;
    const auto witness = std::make_shared<int> (0);
    {
        Resolver resolver (std::string (), 1);
        Resolver::Ticket working;
        Resolver::Ticket waiting;
        REQUIRE (resolver.post (
                   [gate, begun] (std::vector<DialTarget> &) {
                       begun->open ();
                       return gate->wait () ? 0 : EIO;
                   },
                   [&reported, witness] (int, std::vector<DialTarget>) { ++reported; }, working) == 0);
        REQUIRE (resolver.post (
                   nothing, [&reported, witness] (int, std::vector<DialTarget>) { ++reported; }, waiting) == 0);
        REQUIRE (begun->wait ());
        CHECK (witness.use_count () == 3);
        CHECK (working.cancel ());
        CHECK (waiting.cancel ());
        CHECK (witness.use_count () == 1);
        CHECK (!working.cancel ());
        gate->open ();
        std::promise<void> promise;
        auto future = promise.get_future ();
        Resolver::Ticket after;
        REQUIRE (resolver.post (
                   nothing, [&promise] (int, std::vector<DialTarget>) { promise.set_value (); }, after) == 0);
        get_soon (future);
    }
    CHECK (reported == 0);
}

TEST_CASE ("resolver: cancelling does not wait for a running done, the end does")
{
    Gate inside;
    Gate leave;
    std::atomic<bool> left = false;
    std::thread opener;
    {
        Resolver resolver;
        Resolver::Ticket ticket;
        REQUIRE (resolver.post (
                   nothing,
                   [&] (int, std::vector<DialTarget>) {
                       inside.open ();
                       leave.wait ();
                       left = true;
                   },
                   ticket) == 0);
        REQUIRE (inside.wait ());
        CHECK (!ticket.cancel ());
        CHECK (!left);
        opener = std::thread ([&] { leave.open (); });
    }
    CHECK (left);
    opener.join ();
}

TEST_CASE ("resolver: done may post and cancel itself")
{
    Resolver resolver;
    std::promise<bool> promise;
    auto future = promise.get_future ();
    Resolver::Ticket first;
    Resolver::Ticket second;
    std::mutex mutex;
    {
        const std::lock_guard lock (mutex);  // `first` is filled before done looks at it
        REQUIRE (resolver.post (
                   nothing,
                   [&] (int, std::vector<DialTarget>) {
                       const std::lock_guard inner (mutex);
                       CHECK (!first.cancel ());
                       CHECK (resolver.post (
                                nothing, [&promise] (int, std::vector<DialTarget>) { promise.set_value (true); }, second) == 0);
                   },
                   first) == 0);
    }
    CHECK (get_soon (future));
}

TEST_CASE ("resolver: many jobs, cancelled at random moments by other threads")
{
    std::atomic<int> reported = 0;
    std::atomic<int> cancelled = 0;
    constexpr int threads = 3;
    constexpr int jobs = 200;
    {
        Resolver resolver (std::string (), 3);
        std::vector<std::thread> posters;
        for (int t = 0; t < threads; ++t)
            posters.emplace_back ([&] {
                for (int i = 0; i < jobs; ++i) {
                    Resolver::Ticket ticket;
                    auto over = std::make_shared<Gate> ();
                    if (resolver.post (
                          nothing,
                          [&reported, over] (int, std::vector<DialTarget>) {
                              ++reported;
                              over->open ();
                          },
                          ticket) != 0)
                        continue;
                    if (i % 3 == 0)
                        over->wait ();
                    if (i % 3 == 1)
                        std::this_thread::yield ();
                    if (ticket.cancel ())
                        ++cancelled;
                    else
                        over->wait ();
                }
            });
        for (std::thread &poster : posters)
            poster.join ();
    }
    CHECK (reported + cancelled == threads * jobs);
}

TEST_CASE ("resolver: shutting down does not wait for work that is stuck")
{
    auto gate = std::make_shared<Gate> ();
    auto begun = std::make_shared<Gate> ();
    auto ended = std::make_shared<Gate> ();
    auto reported = std::make_shared<std::atomic<int>> (0);
    const auto start = std::chrono::steady_clock::now ();
    Resolver::Ticket stuck;
    Resolver::Ticket queued;
    {
        Resolver resolver (std::string (), 1);
        // `ended` opens when the abandoned thread lets go of its copies.
        struct Opener
        {
            std::shared_ptr<Gate> gate;
            ~Opener () { gate->open (); }
        };
        auto opener = std::make_shared<Opener> (Opener{ended});
        REQUIRE (resolver.post (
                   [gate, begun, opener = std::move (opener)] (std::vector<DialTarget> &) {
                       begun->open ();
                       return gate->wait () ? 0 : EIO;
                   },
                   [reported] (int, std::vector<DialTarget>) { ++*reported; }, stuck) == 0);
        REQUIRE (resolver.post (
                   nothing, [reported] (int, std::vector<DialTarget>) { ++*reported; }, queued) == 0);
        REQUIRE (begun->wait ());
    }
    CHECK (std::chrono::steady_clock::now () - start < 5s);
    CHECK (!stuck.cancel ());  // the destructor did it; a ticket may outlive the resolver
    CHECK (!queued.cancel ());
    gate->open ();
    CHECK (ended->wait ());
    CHECK (*reported == 0);
}

TEST_CASE ("resolver: shutting down waits for a running done")
{
    std::atomic<bool> left = false;
    auto inside = std::make_shared<Gate> ();
    std::promise<void> leave;
    std::thread opener;
    {
        Resolver resolver;
        Resolver::Ticket ticket;
        auto wait = leave.get_future ().share ();
        REQUIRE (resolver.post (
                   nothing,
                   [&left, inside, wait] (int, std::vector<DialTarget>) {
                       inside->open ();
                       wait.wait ();
                       left = true;
                   },
                   ticket) == 0);
        REQUIRE (inside->wait ());
        opener = std::thread ([&leave] { leave.set_value (); });
    }
    CHECK (left);
    opener.join ();
}

TEST_CASE ("resolver: shutting down needs no memory")
{
    Gate gate;
    auto resolver = std::make_unique<Resolver> ("test", 1);
    Resolver::Ticket tickets[3];
    for (Resolver::Ticket &ticket : tickets)
        REQUIRE (resolver->post (
                   [&gate] (std::vector<DialTarget> &) {
                       gate.wait ();
                       return 0;
                   },
                   [] (int, std::vector<DialTarget>) {}, ticket) == 0);
    gate.open ();
    const FailingMemory memory (0, FailingMemory::ForGood{});
    resolver.reset ();
    CHECK_FALSE (memory.failed ());
}

TEST_CASE ("resolver: one that was never used has no thread to wait for")
{
    const Resolver resolver ("unused");
    CHECK (true);
}
