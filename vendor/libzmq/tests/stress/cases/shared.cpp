// shared.cpp - several threads on one socket, which our engine allows for messages of one part.
#include <atomic>

#include "cases.hpp"

namespace stress {

namespace {

constexpr int threads = 3;  // a socket
constexpr std::uint32_t most = 100000;

struct State
{
    Tally tally{threads};
    std::atomic<int> over{0};
};

}  // namespace

void set_up_shared (Round &round, int sender, int receiver)
{
    const auto state = std::make_shared<State> ();
    const auto from = std::make_shared<End> (round, End::Side::a, sender);
    const auto to = std::make_shared<End> (round, End::Side::b, receiver);
    to->link ({from.get ()});
    from->connect_deferred ();
    for (int i = 0; i < threads; ++i)
        round.start ("receiver " + std::to_string (i), [state, to] (Actor &actor) {
            End end (*to, End::Side::b);
            end.begin (actor);
            Ledger ledger (true);
            Message message;
            while (end.receive (message)) {
                ledger.note (message);
                state->tally.received (message);
            }
        });
    for (std::uint32_t i = 0; i < threads; ++i)
        round.start ("sender " + std::to_string (i), [&round, state, from, i] (Actor &actor) {
            End end (*from, End::Side::a);
            end.begin (actor);
            std::uint32_t left = 0;
            for (std::uint32_t count = 0; count < most && !round.time_is_up (); ++count) {
                if (left-- == 0) {
                    pause_a_little (actor, round.plan ().pause);
                    left = actor.random.below (static_cast<std::uint32_t> (round.plan ().burst));
                }
                Message message = draw_message (actor, round.plan (), i, state->tally.next_number (i));
                message.sizes.resize (1);
                if (!end.send (message))
                    return;
            }
            ++state->over;
        });
    round.explain_with ([state] { return state->tally.missing (); });
    round.shut_down_when ([state] { return state->over == threads && state->tally.sent () == state->tally.received (); });
}

}  // namespace stress
