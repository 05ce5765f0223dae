// FanOut under random sequences of everything that can happen to its pipes, against a simple model of who is to get what.
#include <algorithm>
#include <random>

#include "fakes.hpp"
#include "pattern/fan_out.hpp"

using namespace fakes;

namespace {
struct Target
{
    FakePipe pipe;
    bool chosen = false;   // gets the message under way
    bool blocked = false;  // refused a message and was not activated since
    std::vector<Frames> expected;
};
}  // namespace

TEST_CASE ("FanOut gives every message whole to exactly those chosen that have room")
{
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE (seed);
        std::mt19937 engine (seed);
        auto dice = [&engine] (unsigned sides) { return std::uniform_int_distribution<unsigned> (0, sides - 1) (engine); };
        FakeHost host;
        engine::FanOut fan (host);
        std::vector<std::unique_ptr<Target>> targets;
        Frames message;
        unsigned dropped = 0;
        int number = 0;

        auto collect = [&] (Target &target) {
            CHECK (target.pipe.take_sent () == target.expected);
            target.expected.clear ();
            if (std::exchange (target.pipe.write_due, false) && !target.pipe.ended) {
                fan.activate (target.pipe);
                target.blocked = false;
            }
        };
        auto choose = [&] {
            const unsigned way = dice (4);
            std::vector<Target *> named;
            for (auto &target : targets)
                if (dice (2) == 0)
                    named.push_back (target.get ());
            for (auto &target : targets)
                target->chosen = way == 0 || ((std::find (named.begin (), named.end (), target.get ()) != named.end ()) != (way == 1));
            if (way == 0) {
                fan.match_all ();
            } else {
                for (Target *target : named)
                    for (unsigned times = 0; times <= dice (2); ++times)
                        fan.match (target->pipe);
                if (way == 1)
                    fan.invert ();
            }
        };

        for (int step = 0; step < 400; ++step) {
            const auto pick = [&]() -> auto & { return targets[dice (static_cast<unsigned> (targets.size ()))]; };
            switch (dice (targets.empty () ? 1 : 8)) {
            case 0:
                if (targets.size () < 7) {
                    targets.push_back (std::make_unique<Target> ());
                    targets.back ()->pipe.set_limit (1 + dice (4));
                    fan.add (targets.back ()->pipe);
                }
                break;
            case 1:
                if (dice (4) == 0) {
                    auto &target = pick ();
                    fan.remove (target->pipe);
                    CHECK (target->pipe.partial.empty ());
                    collect (*target);
                    targets.erase (std::find (targets.begin (), targets.end (), target));
                }
                break;
            case 2:
                if (dice (8) == 0)
                    pick ()->pipe.ended = true;
                break;
            case 3:
                collect (*pick ());
                break;
            case 4:
                if (auto &target = pick (); fan.in_message () && dice (4) == 0) {
                    fan.unmatch (target->pipe);
                    CHECK (target->pipe.partial.empty ());
                    target->chosen = false;
                }
                break;
            default: {
                const bool first = message.empty ();
                if (first) {
                    choose ();
                    if (dice (5) == 0) {
                        const bool full = fan.any_full ();
                        bool expected = false;
                        for (auto &target : targets)
                            expected |= target->chosen && !target->pipe.ended && (target->blocked || !target->pipe.writable ());
                        CHECK (full == expected);
                        fan.clear ();
                        for (auto &target : targets)
                            target->chosen = false;
                        break;
                    }
                }
                const bool more = dice (2) == 0;
                message.push_back (std::to_string (number++));
                for (auto &target : targets) {
                    if (!target->chosen)
                        continue;
                    const bool room = first ? !target->blocked && target->pipe.writable () : !target->pipe.ended;
                    if (!room) {
                        const bool dead_long_since = first && target->blocked && target->pipe.ended;
                        dropped += !dead_long_since;
                        target->chosen = false;
                        target->blocked = true;
                    } else if (!more) {
                        target->expected.push_back (message);
                    }
                }
                Msg frame = make_frame (message.back (), more);
                fan.send (frame);
                CHECK (frame.size () == 0);
                CHECK (fan.in_message () == more);
                CHECK (host.dropped == dropped);
                if (!more)
                    message.clear ();
            }
            }
            CHECK (fan.size () == targets.size ());
            for (auto &target : targets)
                CHECK (&fan[target->pipe.out_index] == &target->pipe);
        }
        for (auto &target : targets)
            collect (*target);
    }
}
