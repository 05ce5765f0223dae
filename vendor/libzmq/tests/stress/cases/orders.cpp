// orders.cpp - inproc at random: senders that connect, send and leave, whether or not anybody has bound, while receivers bind and unbind
// the same names. What a sender's calls took arrives, at one of the receivers, once.
#include <atomic>
#include <cerrno>
#include <string>

#include "cases.hpp"

namespace stress {

namespace {

constexpr std::uint32_t sending_threads = 3;
constexpr std::uint32_t receiving_threads = 2;
constexpr std::uint32_t most_senders = 64;  // a thread, a round

struct State
{
    Tally tally{sending_threads * most_senders};
    std::string names[2];
    std::atomic<std::uint32_t> over{0};

    bool done () const { return over == sending_threads && tally.sent () == tally.received (); }
};

// One sender's life. False: shut down.
bool pass (Round &round, Actor &actor, State &state, int type, std::uint32_t name)
{
    End end (round, End::Side::a, type);
    end.begin (actor);
    const std::string &endpoint = state.names[actor.random.below (2)];
    end.connect (endpoint);
    const std::uint32_t count = actor.random.below (static_cast<std::uint32_t> (round.plan ().burst) + 1);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (!end.send (draw_message (actor, round.plan (), name, state.tally.next_number (name))))
            return false;
        if (actor.random.one_in (8))
            pause_a_little (actor, 50);
    }
    if (actor.random.one_in (3) && zmq_disconnect (end.socket (), endpoint.c_str ()) != 0)
        throw Failure (std::string ("zmq_disconnect: ") + zmq_strerror (zmq_errno ()));
    return true;
}

// Binds one of the names for a while. False: shut down.
bool serve (Round &round, Actor &actor, State &state, End &end, Ledger &ledger)
{
    const std::string &endpoint = state.names[actor.random.below (2)];
    actor.doing = "zmq_bind";
    const bool bound = zmq_bind (end.socket (), endpoint.c_str ()) == 0;
    if (!bound && zmq_errno () == ETERM)
        return false;
    if (!bound && zmq_errno () != EADDRINUSE)
        throw Failure (std::string ("zmq_bind: ") + zmq_strerror (zmq_errno ()));
    Message message;
    for (std::uint32_t turns = actor.random.below (20); turns > 0; --turns) {
        while (end.try_receive (message)) {
            ledger.note (message);
            state.tally.received (message);
        }
        pause_a_little (actor, round.plan ().pause);
    }
    if (bound && zmq_unbind (end.socket (), endpoint.c_str ()) != 0)
        throw Failure (std::string ("zmq_unbind: ") + zmq_strerror (zmq_errno ()));
    return true;
}

}  // namespace

void set_up_orders (Round &round, int sender, int receiver)
{
    const auto state = std::make_shared<State> ();
    for (std::string &name : state->names)
        name = round.new_endpoint ();
    for (std::uint32_t thread = 0; thread < receiving_threads; ++thread)
        round.start ("receiver " + std::to_string (thread), [&round, state, receiver] (Actor &actor) {
            End end (round, End::Side::b, receiver);
            end.envelope (receiver == ZMQ_ROUTER);
            end.begin (actor);
            Ledger ledger (true);
            while (!state->done () && !round.ending () && serve (round, actor, *state, end, ledger)) {
            }
        });
    for (std::uint32_t thread = 0; thread < sending_threads; ++thread)
        round.start ("senders " + std::to_string (thread), [&round, state, thread, sender] (Actor &actor) {
            for (std::uint32_t name = thread * most_senders; name < (thread + 1) * most_senders && !round.time_is_up (); ++name)
                if (!pass (round, actor, *state, sender, name))
                    return;
            ++state->over;
        });
    round.explain_with ([state] { return state->tally.missing (); });
}

}  // namespace stress
