// FairQueue and LoadBalancer under random sequences of everything that can happen to their pipes, against what must always hold.
#include <algorithm>
#include <map>
#include <random>

#include "fakes.hpp"
#include "pattern/fair_queue.hpp"
#include "pattern/load_balancer.hpp"

using namespace fakes;

namespace {

class Dice
{
  public:
    explicit Dice (unsigned seed) : engine_ (seed) {}
    unsigned operator() (unsigned sides) { return std::uniform_int_distribution<unsigned> (0, sides - 1) (engine_); }

  private:
    std::mt19937 engine_;
};

// A frame body that says where it belongs: pipe, message, frame, of how many.
std::string label (int pipe, int message, int frame, int frames)
{
    return std::to_string (pipe) + " " + std::to_string (message) + " " + std::to_string (frame) + " " + std::to_string (frames);
}

struct Label
{
    int pipe = -1, message = -1, frame = -1, frames = -1;
    explicit Label (const std::string &text) { CHECK (std::sscanf (text.c_str (), "%d %d %d %d", &pipe, &message, &frame, &frames) == 4); }
};

struct Named
{
    int number;
    int written = 0;  // messages put in
    FakePipe pipe;
};

}  // namespace

TEST_CASE ("FairQueue delivers every message whole, in order, and starves nobody")
{
    for (unsigned seed = 0; seed < 200; ++seed) {
        CAPTURE (seed);
        Dice dice (seed);
        engine::FairQueue queue;
        std::vector<std::unique_ptr<Named>> pipes;
        std::map<int, int> next_message;  // by pipe
        int pipes_made = 0;
        std::map<int, int> waiting_turns;  // by pipe with data: messages of others received meanwhile
        bool in_message = false;
        Label last ("0 0 0 0");

        auto receive = [&] {
            Msg frame;
            const bool expected = queue.has_in ();
            const int error = queue.recv (frame);
            CHECK ((error == 0) == expected);
            if (error) {
                CHECK_FALSE (in_message);
                for (auto &named : pipes)
                    CHECK (named->pipe.in.empty ());
                return false;
            }
            const Label at{std::string (frame.view ())};
            CHECK (frame.more () == (at.frame + 1 < at.frames));
            if (in_message) {
                CHECK (at.pipe == last.pipe);
                CHECK (at.message == last.message);
                CHECK (at.frame == last.frame + 1);
            } else {
                CHECK (at.frame == 0);
                CHECK (at.message == next_message[at.pipe]++);
                for (auto &named : pipes)
                    if (named->number == at.pipe || named->pipe.in.empty ())
                        waiting_turns[named->number] = 0;
                    else
                        CHECK (++waiting_turns[named->number] <= 2 * pipes_made);
            }
            in_message = frame.more ();
            CHECK (queue.in_message () == in_message);
            last = at;
            return true;
        };

        for (int step = 0; step < 400; ++step) {
            switch (dice (pipes.empty () ? 1 : 8)) {
            case 0: {
                if (pipes.size () >= 6)
                    break;
                pipes.push_back (std::make_unique<Named> ());
                pipes.back ()->number = pipes_made++;
                queue.add (pipes.back ()->pipe);
                break;
            }
            case 1: {
                if (dice (4) != 0)
                    break;
                const auto victim = pipes.begin () + dice (static_cast<unsigned> (pipes.size ()));
                queue.remove ((*victim)->pipe);
                CHECK_FALSE (queue.contains ((*victim)->pipe));
                pipes.erase (victim);
                break;
            }
            case 2:
            case 3:
            case 4: {
                Named &named = *pipes[dice (static_cast<unsigned> (pipes.size ()))];
                const int frames = 1 + static_cast<int> (dice (4));
                Frames bodies;
                for (int at = 0; at < frames; ++at)
                    bodies.push_back (label (named.number, named.written, at, frames));
                ++named.written;
                named.pipe.put (bodies);
                // The activation that is due, or one too many.
                if (std::exchange (named.pipe.read_due, false) || dice (8) == 0)
                    queue.activate (named.pipe);
                break;
            }
            default:
                receive ();
            }
            CHECK (queue.size () == pipes.size ());
            for (auto &named : pipes)
                CHECK (&queue[named->pipe.in_index] == &named->pipe);
        }
        while (receive ()) {
        }
    }
}

TEST_CASE ("LoadBalancer gives every message whole to one pipe, drops only what lost its pipe, and uses all that have room")
{
    for (unsigned seed = 0; seed < 200; ++seed) {
        CAPTURE (seed);
        Dice dice (seed + 1000);
        FakeHost host;
        engine::LoadBalancer balancer (host);
        std::vector<std::unique_ptr<Named>> pipes;
        int message = 0, frame_at = 0, frames = 0;
        int delivered = 0;
        std::vector<int> seen;

        auto collect = [&] (Named &named) {
            for (const Frames &got : named.pipe.take_sent ()) {
                const Label first (got[0]);
                CHECK (first.frames == static_cast<int> (got.size ()));
                for (int at = 0; at < first.frames; ++at)
                    CHECK (got[static_cast<std::size_t> (at)] == label (0, first.message, at, first.frames));
                seen.push_back (first.message);
                ++delivered;
            }
            if (std::exchange (named.pipe.write_due, false) && !named.pipe.ended)
                balancer.activate (named.pipe);
        };

        for (int step = 0; step < 400; ++step) {
            switch (dice (pipes.empty () ? 1 : 9)) {
            case 0: {
                if (pipes.size () >= 6)
                    break;
                pipes.push_back (std::make_unique<Named> ());
                pipes.back ()->pipe.set_limit (1 + dice (4));
                balancer.add (pipes.back ()->pipe);
                break;
            }
            case 1: {
                if (dice (4) != 0)
                    break;
                const auto victim = pipes.begin () + dice (static_cast<unsigned> (pipes.size ()));
                balancer.remove ((*victim)->pipe);
                CHECK ((*victim)->pipe.partial.empty ());
                collect (**victim);
                pipes.erase (victim);
                break;
            }
            case 2: {
                if (dice (6) == 0)
                    pipes[dice (static_cast<unsigned> (pipes.size ()))]->pipe.ended = true;
                break;
            }
            case 3:
                collect (*pipes[dice (static_cast<unsigned> (pipes.size ()))]);
                break;
            default: {
                if (frame_at == frames) {
                    frame_at = 0;
                    frames = 1 + static_cast<int> (dice (4));
                }
                Msg frame = make_frame (label (0, message, frame_at, frames), frame_at + 1 < frames);
                const bool expected = balancer.has_out ();
                const int error = balancer.send (frame);
                CHECK ((error == 0) == expected);
                if (error) {
                    CHECK (error == EAGAIN);
                    CHECK (frame_at == 0);
                    CHECK (frame.size () > 0);
                    for (auto &named : pipes)
                        CHECK_FALSE (named->pipe.writable ());
                    frames = 0;
                    break;
                }
                CHECK (frame.size () == 0);
                ++frame_at;
                CHECK (balancer.in_message () == (frame_at < frames));
                if (frame_at == frames)
                    ++message;
            }
            }
            int partial = 0;
            for (auto &named : pipes)
                partial += !named->pipe.partial.empty ();
            CHECK (partial <= 1);
        }
        for (auto &named : pipes)
            collect (*named);
        std::sort (seen.begin (), seen.end ());
        CHECK (std::adjacent_find (seen.begin (), seen.end ()) == seen.end ());
        const int unfinished_drop = frame_at < frames && host.dropped + static_cast<unsigned> (delivered) > static_cast<unsigned> (message);
        CHECK (delivered + static_cast<int> (host.dropped) - unfinished_drop == message);
    }
}

TEST_CASE ("LoadBalancer is even over pipes that keep their room")
{
    FakeHost host;
    engine::LoadBalancer balancer (host);
    std::vector<std::unique_ptr<FakePipe>> pipes;
    for (int at = 0; at < 5; ++at) {
        pipes.push_back (std::make_unique<FakePipe> ());
        balancer.add (*pipes.back ());
    }
    for (int at = 0; at < 100; ++at) {
        Msg frame = make_frame ("x");
        CHECK (balancer.send (frame) == 0);
    }
    for (auto &pipe : pipes)
        CHECK (pipe->sent.size () == 20);
}

TEST_CASE ("LoadBalancer takes room that comes between two looks at a pipe for room or for none, never for want of memory")
{
    for (int looks = 1; looks <= 4; ++looks) {
        CAPTURE (looks);
        FakeHost host;
        engine::LoadBalancer balancer (host);
        FakePipe pipe ({}, 0);
        pipe.looks_until_room = looks;
        balancer.add (pipe);
        Msg frame = make_frame ("x");
        for (int attempts = 0; const int error = balancer.send (frame);) {
            CHECK (error == EAGAIN);
            REQUIRE (++attempts <= looks);
            // The look that found no room promised an activation: without it this message would wait for ever.
            REQUIRE (std::exchange (pipe.write_due, false));
            balancer.activate (pipe);
        }
        CHECK (pipe.take_sent () == std::vector<Frames>{{"x"}});
    }
}

TEST_CASE ("every row of the table makes a pattern that knows its place")
{
    for (const engine::SocketType *row : engine::socket_types ()) {
        CAPTURE (row->name);
        FakeHost host;
        const auto pattern = row->make (host);
        CHECK_FALSE (pattern->has_in ());
        Msg frame;
        CHECK (pattern->recv (frame) != 0);
        CHECK (pattern->raw () == row->raw);
        CHECK (pattern->set_option (-1, "abcd", 4) == EINVAL);
        std::size_t size = 0;
        CHECK (pattern->get_option (-1, nullptr, &size) == EINVAL);
    }
}
