// shared.cpp - several threads on one socket, which our engine allows for messages of one part.
#include <atomic>

#include <sched.h>

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

// Where they take nothing, nobody but the others can, so that one of these who sleeps on is seen.
void start_hasty_threads (Round &round, const std::shared_ptr<State> &state, const std::shared_ptr<End> &from,
                          const std::shared_ptr<End> &to)
{
    const bool take = round.plan ().seed & 1;
    for (int i = 0; i < 2; ++i)
        round.start ("hasty reader " + std::to_string (i), [state, to, take] (Actor &actor) {
            End end (*to, End::Side::b);
            end.begin (actor);
            Ledger ledger (true);
            Message message;
            for (;;) {
                const int limit = static_cast<int> (actor.random.below (4));
                if (!take) {
                    if (end.wait_within (ZMQ_POLLIN, limit))
                        ::sched_yield ();
                } else if (end.receive_within (message, limit)) {
                    ledger.note (message);
                    state->tally.received (message);
                }
            }
        });
    round.start ("hasty writer", [from] (Actor &actor) {
        End end (*from, End::Side::a);
        end.begin (actor);
        for (;;)
            if (end.wait_within (ZMQ_POLLOUT, static_cast<int> (actor.random.below (4))))
                pause_a_little (actor, 2000);
    });
}

void set_up (Round &round, int sender, int receiver, bool with_time_outs)
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
        round.start ("sender " + std::to_string (i), [&round, state, from, i, with_time_outs] (Actor &actor) {
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
                if (!with_time_outs) {
                    if (!end.send (message))
                        return;
                } else
                    while (!end.send_within (message, static_cast<int> (actor.random.below (4)))) {
                    }
            }
            ++state->over;
        });
    if (with_time_outs)
        start_hasty_threads (round, state, from, to);
    round.explain_with ([state] { return state->tally.missing (); });
    round.shut_down_when ([state] { return state->over == threads && state->tally.sent () == state->tally.received (); });
}

}  // namespace

void set_up_shared (Round &round, int sender, int receiver) { set_up (round, sender, receiver, false); }

void set_up_shared_with_time_outs (Round &round, int sender, int receiver) { set_up (round, sender, receiver, true); }

}  // namespace stress
