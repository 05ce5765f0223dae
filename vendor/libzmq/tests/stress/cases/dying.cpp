// dying.cpp - receivers that die while their sender streams, and others that take their place.
//
// What a receiver held when it died is lost, and so is what its kernel had taken for it; that is counted, to be compared between
// engines. But none comes twice, none out of order, none in part; and while a receiver lives it misses nothing.
#include <atomic>

#include "cases.hpp"

namespace stress {

namespace {

// Of all rounds.
std::atomic<std::uint64_t> deaths{0};
std::atomic<std::uint64_t> lost{0};

struct Lives
{
    std::atomic<bool> settled{false};  // nobody dies any more
    std::atomic<bool> over{false};
    std::uint32_t next = 0;  // number that has not come yet
};

// One life; true: it was the last.
bool live (Round &round, Actor &actor, End &end, Lives &lives)
{
    const std::uint32_t length = 1 + actor.random.below (300);
    Message message;
    for (std::uint32_t i = 0; lives.settled || i < length; ++i) {
        if (!end.receive (message))
            return true;
        // Only now: what the sender says last must not go to the one before.
        if (round.time_is_up ())
            lives.settled = true;
        if (message.number < lives.next)
            throw Failure ("message " + std::to_string (message.number) + " came again");
        if (i > 0 && message.number != lives.next)
            throw Failure ("message " + std::to_string (lives.next) + " was lost though its receiver lived");
        lost += message.number - lives.next;
        lives.next = message.number + 1;
        if (message.kind == Kind::last)
            return true;
    }
    return false;
}

}  // namespace

std::string deaths_counted ()
{
    if (deaths == 0)
        return "";
    return std::to_string (deaths) + " receivers died while a sender streamed, and " + std::to_string (lost) + " messages with them";
}

void set_up_dying_receiver (Round &round, int sender, int receiver)
{
    const auto lives = std::make_shared<Lives> ();
    auto first = std::make_shared<End> (round, End::Side::b, receiver);
    const std::string endpoint = first->bind (round.new_endpoint ());
    round.start ("receivers", [&round, endpoint, lives, receiver, end = std::move (first)] (Actor &actor) mutable {
        for (;;) {
            end->begin (actor);
            if (live (round, actor, *end, *lives))
                break;
            end->set (ZMQ_LINGER, 0);
            end->close ();
            ++deaths;
            end = std::make_shared<End> (round, End::Side::b, receiver);
            if (!bind_again (round, actor, *end, endpoint))
                return;
        }
        end->close ();
        lives->over = true;
    });
    round.start ("sender", [&round, endpoint, lives, sender] (Actor &actor) {
        End end (round, End::Side::a, sender);
        end.set (ZMQ_RECONNECT_IVL, 1);
        end.begin (actor);
        end.connect (endpoint);
        std::uint32_t number = 0;
        for (; !lives->settled; ++number) {
            if (actor.random.one_in (50))
                pause_a_little (actor, round.plan ().pause);
            if (!end.send (draw_message (actor, round.plan (), 0, number)))
                return;
        }
        Message last = draw_message (actor, round.plan (), 0, number);
        last.kind = Kind::last;
        if (end.send (last))
            end.close ();
    });
    round.shut_down_when ([lives] { return lives->over.load (); });
}

}  // namespace stress
