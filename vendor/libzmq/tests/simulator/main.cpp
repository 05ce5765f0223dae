// The simulator's command line: as many seeds as there is time for, each in a process of its own, so that every one begins the same and a
// crash is one seed's. A seed that fails is printed with the command that repeats it.
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <malloc.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.hpp"
#include "invariant.hpp"
#include "kernel.hpp"
#include "world.hpp"

#ifdef ZMQ_HAVE_LIBSODIUM
#    include <sodium.h>
#endif

namespace {

struct Settings
{
    double seconds = 0;
    std::uint64_t seed = 0;
    std::uint64_t seeds = 1;
    std::uint64_t steps = 50'000;
    const char *fault = "none";
    bool trace = false;
    bool alone = false;
    bool twice = false;
};

struct Report
{
    std::uint64_t steps, fingerprint;
};

[[noreturn]] void explain (int status)
{
    std::FILE *const to = status ? stderr : stdout;
    std::fprintf (to, "simulator [--seconds N] [--seed S] [--seeds N] [--steps N] [--with-fault NAME] [--trace] [--alone] [--twice]\n"
                      "Simulates sockets on a network where things go wrong: seed S and those that follow it, for so many seconds,\n"
                      "or so many of them; each for so many steps. Without --seed they begin with the time.\n"
                      "  --trace       prints what happens\n"
                      "  --alone       runs the seed in this process (for a debugger)\n"
                      "  --twice       runs each seed twice, and requires that the same happens\n"
                      "  --with-fault  does what must be noticed:");
    for (const std::string_view name : sim::IntendedFault::names)
        std::fprintf (to, " %.*s", static_cast<int> (name.size ()), name.data ());
    std::fprintf (to, "\n");
    std::exit (status);
}

Settings read (int count, char **words)
{
    Settings settings;
    bool seeded = false;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const auto number = [&] { return i + 1 < count ? std::strtoull (words[++i], nullptr, 0) : (explain (2), 0ULL); };
        if (word == "--seconds") {
            settings.seconds = static_cast<double> (number ());
            settings.seeds = UINT64_MAX;
        } else if (word == "--seed") {
            settings.seed = number ();
            seeded = true;
        } else if (word == "--seeds")
            settings.seeds = number ();
        else if (word == "--steps")
            settings.steps = number ();
        else if (word == "--with-fault" && i + 1 < count)
            settings.fault = words[++i];
        else if (word == "--trace")
            settings.trace = true;
        else if (word == "--alone")
            settings.alone = true;
        else if (word == "--twice")
            settings.twice = true;
        else
            explain (word == "--help" ? 0 : 2);
    }
    if (!seeded)
        settings.seed = static_cast<std::uint64_t> (std::chrono::system_clock::now ().time_since_epoch ().count ()) / 1000;
    if (!sim::intended.choose (settings.fault))
        explain (2);
    return settings;
}

Report simulate (std::uint64_t seed, std::uint64_t steps)
{
    sim::World world (seed, steps);
    world.run ();
    return {world.steps_done (), sim::fingerprint ()};
}

// A seed that takes longer, under a sanitizer on a busy machine as well, hangs.
constexpr unsigned seconds_a_seed = 120;

// False: it failed.
bool run_in_child (std::uint64_t seed, std::uint64_t steps, Report &report)
{
    int ends[2];
    if (::pipe (ends) != 0) {
        std::perror ("pipe");
        std::exit (2);
    }
    const pid_t child = ::fork ();
    if (child < 0) {
        std::perror ("fork");
        std::exit (2);
    }
    if (child == 0) {
        ::close (ends[0]);
        ::alarm (seconds_a_seed);
        report = simulate (seed, steps);
        const bool said = ::write (ends[1], &report, sizeof report) == sizeof report;
        std::exit (said ? 0 : 2);  // with what sanitizers do then
    }
    ::close (ends[1]);
    const bool heard = ::read (ends[0], &report, sizeof report) == sizeof report;
    ::close (ends[0]);
    int status = 0;
    while (::waitpid (child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED (status))
        std::fprintf (stderr, "It ended by signal %d%s\n", WTERMSIG (status), WTERMSIG (status) == SIGALRM ? ": it hung" : "");
    return heard && WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

#ifdef ZMQ_HAVE_LIBSODIUM
// Keys are the seed's as well.
const char *generator_name () { return "simulator"; }
std::uint32_t generator_next () { return static_cast<std::uint32_t> (sim::kernel.random.next ()); }
void generator_fill (void *const out, const std::size_t size)
{
    for (std::size_t i = 0; i < size; ++i)
        static_cast<std::uint8_t *> (out)[i] = static_cast<std::uint8_t> (sim::kernel.random.next ());
}
randombytes_implementation generator = {generator_name, generator_next, nullptr, nullptr, generator_fill, nullptr};
#endif

}  // namespace

int main (int count, char **words)
{
    const Settings settings = read (count, words);
    // Where things lie in memory decides nothing. It is the same each time even so, as far as the system lets us, for a debugger's sake.
    const int persona = ::personality (0xffffffff);
    if (persona >= 0 && !(persona & ADDR_NO_RANDOMIZE) && ::personality (static_cast<unsigned> (persona) | ADDR_NO_RANDOMIZE) >= 0)
        ::execv ("/proc/self/exe", words);
    sim::notes_are_printed = settings.trace;
    // Memory is not given back and asked for again: that would be most of the time.
    constexpr int plenty = 1 << 30;
    ::mallopt (M_MMAP_THRESHOLD, plenty);
    ::mallopt (M_TRIM_THRESHOLD, plenty);
    ::mallopt (M_TOP_PAD, 1 << 22);
#ifdef ZMQ_HAVE_LIBSODIUM
    randombytes_set_implementation (&generator);
#endif
    if (settings.alone) {
        const Report report = simulate (settings.seed, settings.steps);
        std::printf ("%llu steps, %016llx\n", static_cast<unsigned long long> (report.steps),
                     static_cast<unsigned long long> (report.fingerprint));
        return 0;
    }
    const auto begin = std::chrono::steady_clock::now ();
    const auto passed = [begin] { return std::chrono::duration<double> (std::chrono::steady_clock::now () - begin).count (); };
    std::uint64_t steps = 0, done = 0;
    for (; done < settings.seeds && (settings.seconds == 0 || passed () < settings.seconds); ++done) {
        const std::uint64_t seed = settings.seed + done;
        Report report{}, again{};
        bool good = run_in_child (seed, settings.steps, report);
        if (good && settings.twice) {
            good = run_in_child (seed, settings.steps, again) && again.fingerprint == report.fingerprint;
            if (!good)
                std::fprintf (stderr, "INVARIANT BROKEN: the same seed went another way\n");
        }
        if (!good) {
            std::fprintf (stderr, "seed %llu FAILED. To repeat it: simulator --seed %llu --steps %llu%s%s --trace\n",
                          static_cast<unsigned long long> (seed), static_cast<unsigned long long> (seed),
                          static_cast<unsigned long long> (settings.steps),
                          settings.fault == std::string_view ("none") ? "" : " --with-fault ",
                          settings.fault == std::string_view ("none") ? "" : settings.fault);
            return 1;
        }
        steps += report.steps;
    }
    const double time = passed ();
    rusage used{};
    ::getrusage (RUSAGE_CHILDREN, &used);
    const double processor = static_cast<double> (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                             static_cast<double> (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    std::printf ("%llu seeds from %llu on, %llu steps in %.1f s: %.2f million steps a second of a processor\n",
                 static_cast<unsigned long long> (done), static_cast<unsigned long long> (settings.seed),
                 static_cast<unsigned long long> (steps), time, static_cast<double> (steps) / processor / 1e6);
    return 0;
}
