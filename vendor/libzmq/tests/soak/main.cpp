// soak's command line, and its intervals: threads work, then all of them end what they have, and nothing may be left that was not there
// after the first intervals. Exit status: 0, or 1 with what is left, or what there is more and more of.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "usage.hpp"
#include "worker.hpp"

namespace {

using Clock = std::chrono::steady_clock;

struct Settings
{
    double seconds = 8;
    double interval = 0;  // seconds; 0: a sixth of all, at most half a minute
    int threads = 4;
    int contexts = 2;
    std::uint32_t seed = static_cast<std::uint32_t> (Clock::now ().time_since_epoch ().count ());
};

[[noreturn]] void explain (int status)
{
    std::fprintf (status ? stderr : stdout,
                  "soak [--seconds N] [--every N] [--threads N] [--contexts N] [--seed N]\n"
                  "Threads connect, disconnect, bind, unbind, send, receive, close and end contexts, for so many seconds. Every so many\n"
                  "seconds all of it is ended, and descriptors, threads and memory have to be what they were.\n");
    std::exit (status);
}

Settings read (int count, char **words)
{
    Settings settings;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--help")
            explain (0);
        if (i + 1 >= count)
            explain (2);
        const double number = std::atof (words[++i]);
        if (word == "--seconds")
            settings.seconds = number;
        else if (word == "--every")
            settings.interval = number;
        else if (word == "--threads")
            settings.threads = std::max (1, static_cast<int> (number));
        else if (word == "--contexts")
            settings.contexts = std::max (1, static_cast<int> (number));
        else if (word == "--seed")
            settings.seed = static_cast<std::uint32_t> (number);
        else
            explain (2);
    }
    if (settings.interval <= 0)
        settings.interval = std::min (30.0, settings.seconds / 6);
    return settings;
}

// Everything is ended when it returns, but for what the kernel takes a moment for.
void work (const Settings &settings, soak::Tally &tally, std::uint32_t seed)
{
    soak::Ground ground (settings.contexts);
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int number = 0; number < settings.threads; ++number)
        threads.emplace_back ([&, number] { soak::Worker (ground, tally, seed, number, settings.contexts).run (stop); });
    std::this_thread::sleep_for (std::chrono::duration<double> (settings.interval));
    stop = true;
    for (std::thread &thread : threads)
        thread.join ();
    ground.clear ();
}

// Threads that were joined may be listed for a moment more.
soak::Usage usage_at_rest (const soak::Usage *before)
{
    for (int tries = 0;; ++tries) {
        soak::Usage usage = soak::Usage::now ();
        if (!before || tries == 100 || usage.more_than (*before).empty ())
            return usage;
        std::this_thread::sleep_for (std::chrono::milliseconds (20));
    }
}

}  // namespace

int main (int count, char **words)
{
    // In the first intervals tables and pools grow to what is needed at the same time.
    constexpr int warm_up = 2;
    // What may be more of the heap then: handles of sockets that were all open at once by chance, and are never given back.
    constexpr std::size_t slack = 256 * 1024;
    const Settings settings = read (count, words);
    std::printf ("soak: %d threads, %d contexts, seed %u\n", settings.threads, settings.contexts, settings.seed);
    std::thread ([] {}).join ();  // a sanitizer has a thread of its own, from the first other one on
    const soak::Usage fresh = soak::Usage::now ();
    soak::Usage warm;
    soak::Tally tally;
    const auto end = Clock::now () + std::chrono::duration_cast<Clock::duration> (std::chrono::duration<double> (settings.seconds));
    for (int interval = 0; interval <= warm_up || Clock::now () < end; ++interval) {
        work (settings, tally, settings.seed + static_cast<std::uint32_t> (interval));
        const soak::Usage usage = usage_at_rest (&fresh);
        std::printf ("%llu sockets, %llu binds, %llu connects, %llu disconnects, %llu unbinds, %llu contexts ended, %llu messages sent, "
                     "%llu received: %d descriptors, %d threads, %zu KiB of heap, %zu KiB resident\n",
                     static_cast<unsigned long long> (tally.sockets), static_cast<unsigned long long> (tally.binds),
                     static_cast<unsigned long long> (tally.connects), static_cast<unsigned long long> (tally.disconnects),
                     static_cast<unsigned long long> (tally.unbinds), static_cast<unsigned long long> (tally.terms),
                     static_cast<unsigned long long> (tally.sent), static_cast<unsigned long long> (tally.received),
                     usage.descriptor_count (), usage.threads, usage.heap / 1024, usage.resident / 1024);
        std::fflush (stdout);
        if (const std::string left = usage.more_than (fresh); !left.empty ()) {
            std::fprintf (stderr, "soak: LEFT: %s\n", left.c_str ());
            return 1;
        }
        if (interval == warm_up)
            warm = usage;
        if (interval > warm_up && usage.heap > warm.heap + slack) {
            std::fprintf (stderr, "soak: GROWS: %zu KiB of heap, %zu KiB after %d intervals\n", usage.heap / 1024, warm.heap / 1024,
                          warm_up + 1);
            return 1;
        }
    }
    if (tally.sockets != tally.closes) {
        std::fprintf (stderr, "soak: LEFT: %llu sockets\n", static_cast<unsigned long long> (tally.sockets - tally.closes));
        return 1;
    }
    std::printf ("soak: nothing is left\n");
    return 0;
}
