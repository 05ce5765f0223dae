// main.cpp - the stress program's command line, and which round comes next.
//
// Every pass runs each chosen case once over each transport, in an order drawn from the pass's seed; what a round is like is drawn from
// the same seed, so that `--case NAME --seed SEED` repeats it. Exit status: 0 all went well, 1 a hang, a lost, doubled, reordered or
// damaged message, 2 a bad command line.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include <zmq.h>

#include "cases/cases.hpp"
#include "library.hpp"
#include "plan.hpp"
#include "round.hpp"

namespace stress {

namespace {

constexpr const char *usage = R"(usage: stress [OPTION...]
  --seconds N     run for about so long (default 10; 0: a single pass)
  --case TEXT     only cases whose name contains TEXT; may be repeated
  --not TEXT      no case whose name contains TEXT; may be repeated
  --seed N        of the first pass (default: a random one, which is printed)
  --ms N          how long a round makes new messages (default 30)
  --set KEY=VALUE fixes an axis that is drawn otherwise, such as a.read=fd or hwm=1; may be repeated
  --hang N        seconds without progress that count as a hang (default 20)
  --keep          at a hang or a failure wait for a debugger instead of ending
  --verbose       print each round
  --list          print the cases' names and end
  --help          print this and end
)";

struct Settings
{
    double seconds = 10;
    std::vector<std::string> wanted;
    std::vector<std::string> unwanted;
    std::uint64_t seed = std::random_device () ();
    int milliseconds = 30;
    Pins pins;
    Watch watch;
    bool verbose = false;
    bool list = false;
    bool help = false;
};

// Throws std::exception's kin at what is no number.
Settings parse (int count, char **arguments)
{
    Settings settings;
    for (int i = 1; i < count; ++i) {
        const std::string option = arguments[i];
        const auto value = [&] () -> std::string {
            if (++i >= count)
                throw std::runtime_error (option + " wants a value");
            return arguments[i];
        };
        if (option == "--seconds")
            settings.seconds = std::stod (value ());
        else if (option == "--case")
            settings.wanted.push_back (value ());
        else if (option == "--not")
            settings.unwanted.push_back (value ());
        else if (option == "--seed")
            settings.seed = std::stoull (value ());
        else if (option == "--ms")
            settings.milliseconds = std::stoi (value ());
        else if (option == "--set") {
            const std::string pin = value ();
            const std::size_t equals = pin.find ('=');
            if (equals == std::string::npos)
                throw std::runtime_error ("--set wants KEY=VALUE");
            settings.pins[pin.substr (0, equals)] = pin.substr (equals + 1);
        } else if (option == "--hang")
            settings.watch.patience = std::max (1, std::stoi (value ()));
        else if (option == "--keep")
            settings.watch.keep = true;
        else if (option == "--verbose")
            settings.verbose = true;
        else if (option == "--list")
            settings.list = true;
        else if (option == "--help")
            settings.help = true;
        else
            throw std::runtime_error (option + ": no such option");
    }
    if (const std::string wrong = Plan::check (settings.pins); !wrong.empty ())
        throw std::runtime_error (wrong);
    return settings;
}

struct Entry
{
    const Case *what;
    Transport transport;
    std::string name;
};

std::vector<Entry> choose (const Settings &settings)
{
    std::vector<Entry> entries;
    for (const Case &what : table ())
        for (const Transport transport : {Transport::inproc, Transport::tcp, Transport::ipc, Transport::ws}) {
            const bool inproc = transport == Transport::inproc;
            if ((what.reconnects && inproc) || (what.waits && !inproc) || (what.shares && !ours ()) ||
                (transport == Transport::ws && !ours ()))
                continue;
            const std::string name = std::string (what.name) + "." + name_of (transport);
            const auto contains = [&] (const std::string &text) { return name.find (text) != std::string::npos; };
            const auto &wanted = settings.wanted;
            if (!wanted.empty () && std::none_of (wanted.begin (), wanted.end (), contains))
                continue;
            if (std::any_of (settings.unwanted.begin (), settings.unwanted.end (), contains))
                continue;
            entries.push_back ({&what, transport, name});
        }
    return entries;
}

bool run_one (const Entry &entry, std::uint64_t seed, const Settings &settings)
{
    const Plan plan (seed, entry.transport, settings.milliseconds, settings.pins);
    if (settings.verbose) {
        std::printf ("%s seed=%llu %s\n", entry.name.c_str (), static_cast<unsigned long long> (seed), plan.text ().c_str ());
        std::fflush (stdout);
    }
    // Left alone when it failed: its threads may still run, so the program is left without destroying anything.
    auto round = std::make_unique<Round> (plan, entry.name, settings.watch);
    try {
        entry.what->set_up (*round);
    } catch (const Failure &failure) {
        std::fprintf (stderr, "FAILED: setting up %s (seed %llu, %s): %s\n", entry.name.c_str (), static_cast<unsigned long long> (seed),
                      plan.text ().c_str (), failure.what ());
        static_cast<void> (round.release ());
        return false;
    }
    if (!round->run ()) {
        static_cast<void> (round.release ());
        return false;
    }
    return true;
}

int run (const Settings &settings)
{
    using Clock = std::chrono::steady_clock;
    if (settings.help) {
        std::printf ("%s", usage);
        return 0;
    }
    std::vector<Entry> entries = choose (settings);
    if (settings.list) {
        for (const Entry &entry : entries)
            std::printf ("%s\n", entry.name.c_str ());
        return 0;
    }
    if (entries.empty ()) {
        std::fprintf (stderr, "no case has such a name; --list tells which there are\n");
        return 2;
    }
    int major = 0, minor = 0, patch = 0;
    zmq_version (&major, &minor, &patch);
    std::printf ("libzmq %d.%d.%d%s, %zu cases, seed %llu\n", major, minor, patch, ours () ? " (ours)" : "", entries.size (),
                 static_cast<unsigned long long> (settings.seed));
    std::fflush (stdout);

    const auto end = Clock::now () + std::chrono::duration_cast<Clock::duration> (std::chrono::duration<double> (settings.seconds));
    std::uint64_t rounds = 0;
    std::uint64_t pass = 0;
    do {
        const std::uint64_t seed = settings.seed + pass++;
        Random order (seed);
        for (std::size_t i = entries.size (); i > 1; --i)
            std::swap (entries[i - 1], entries[order.below (static_cast<std::uint32_t> (i))]);
        for (const Entry &entry : entries) {
            if (settings.seconds > 0 && Clock::now () >= end)
                break;
            // Every case of a pass has numbers of its own.
            std::uint64_t own = seed;
            for (const char letter : entry.name)
                own = own * 1099511628211u + static_cast<unsigned char> (letter);
            if (settings.wanted.size () == 1 && settings.wanted[0] == entry.name)
                own = seed;
            if (!run_one (entry, own, settings)) {
                std::fflush (stderr);
                ::_exit (1);
            }
            ++rounds;
        }
    } while (settings.seconds > 0 && Clock::now () < end);
    if (const std::string counted = deaths_counted (); !counted.empty ())
        std::printf ("%s\n", counted.c_str ());
    std::printf ("%llu rounds in %llu passes: nothing was lost that should not be\n", static_cast<unsigned long long> (rounds),
                 static_cast<unsigned long long> (pass));
    return 0;
}

}  // namespace

}  // namespace stress

int main (int count, char **arguments)
{
    try {
        return stress::run (stress::parse (count, arguments));
    } catch (const std::exception &error) {
        std::fprintf (stderr, "stress: %s\n%s", error.what (), stress::usage);
        return 2;
    }
}
