// The end of a simulation: nothing goes wrong any more, so everybody must find everybody again, everything that is sent must arrive, and
// nothing may be left behind.
#include <cerrno>

#include "fibers.hpp"
#include "invariant.hpp"
#include "kernel.hpp"
#include "wire.hpp"
#include "world.hpp"

namespace sim {

namespace {

constexpr std::int64_t patience = 300 * second;
constexpr std::uint32_t enough = 3;  // messages a pair

}  // namespace

void World::calm ()
{
    note ("step %llu, %.6f s: calm", static_cast<unsigned long long> (step_), static_cast<double> (kernel.time) / 1e9);
    kernel.trouble = {};
    wrongs_ = wrong_every_ = 0;
    short_of_memory_ = false;
    pace_ = 1000;
    fragmentation_ = 0;
    for (const auto &connection : kernel.connections) {
        for (Way &way : connection->way) {
            way.blocked_until = 0;
            way.capacity = Way{}.capacity;
        }
        if (connection->severed) {
            connection->severed = false;
            connection->reset (0, ETIMEDOUT);
            connection->reset (1, ETIMEDOUT);
        }
    }
    for (const auto &actor : actors_)
        if (!actor->is_open () && !open (*actor))
            broken ("socket %u cannot be opened again", actor->host);
}

// Until nothing moves without time, within reason.
void World::pump ()
{
    for (int turns = 0; turns < 20'000; ++turns) {
        kernel.time += 1000;
        bool some = move_network ();
        some |= run_thread ();
        for (const auto &actor : actors_)
            some |= actor->answer_zap (true), actor->read_events ();
        for (const auto &actor : actors_)
            if (actor->receives () || plan_.hub == ZMQ_XPUB)
                while (actor->receive ())
                    ++step_, some = true;
        if (!some)
            return;
    }
}

// The pairs of a sender and a receiver, and how many of the former's messages have to come to the latter.
template <class Visit>
void World::visit_pairs (Visit &&visit)
{
    for (std::size_t i = 1; i < actors_.size (); ++i) {
        Actor &hub = *actors_[0], &spoke = *actors_[i];
        if (hub.sends ())
            visit (hub, spoke);
        if (spoke.sends ())
            visit (spoke, hub);
        if (plan_.echo)
            visit (spoke, spoke);
    }
}

void World::send_some ()
{
    for (const auto &actor : actors_) {
        if (!actor->sends ())
            continue;
        if (plan_.spoke == ZMQ_REQ && ledger_.count (actor->host, actor->host) < actor->next && kernel.time - actor->sent_at < second)
            continue;
        ++step_;
        actor->send ();
    }
}

void World::recover ()
{
    std::vector<std::uint32_t> before;
    visit_pairs ([&] (Actor &sender, Actor &receiver) { before.push_back (ledger_.count (receiver.host, sender.host)); });
    const std::int64_t limit = kernel.time + patience;
    for (;;) {
        pump ();
        bool all = true;
        std::size_t at = 0;
        visit_pairs ([&] (Actor &sender, Actor &receiver) {
            const std::uint32_t count = ledger_.count (receiver.host, sender.host) - before[at++];
            all &= count >= enough;
            if (kernel.time > limit && count < enough)
                broken ("%.0f s after the last fault socket %u still hears nothing of socket %u",
                        static_cast<double> (patience) / static_cast<double> (second), receiver.host, sender.host);
        });
        if (all)
            break;
        send_some ();
        skip_time (10 * millisecond);
    }
    // What went wrong may still have its consequence: a heartbeat that was not answered in its time. From then on nothing is lost.
    for (int i = 0; i < 10; ++i)
        settle ();
    std::vector<std::uint32_t> from;
    for (const auto &actor : actors_)
        from.push_back (actor->next);
    for (int i = 0; i < 20; ++i) {
        send_some ();
        settle ();
    }
    for (std::size_t i = 0; i < actors_.size (); ++i)
        check_all_arrived (*actors_[i], from[i], "after it has recovered");
    if (gentle_ && !plan_.lossy)
        for (const auto &actor : actors_)
            check_all_arrived (*actor, 0, "although nothing was lost on the network");
    check_strangers ();
    check_agreement ();
}

void World::settle ()
{
    for (int i = 0; i < 30; ++i) {
        pump ();
        skip_time (10 * millisecond);
    }
    pump ();
}

// Every message of a sender, from a number on.
void World::check_all_arrived (Actor &sender, std::uint32_t from, const char *when)
{
    if (!sender.sends ())
        return;
    for (std::uint32_t number = from; number < sender.next; ++number) {
        std::uint32_t takers = 0, due = 0;
        visit_pairs ([&] (Actor &of, Actor &receiver) {
            if (&of != &sender || (from == 0 && &of == &receiver))
                return;
            const bool is_subscriber = plan_.lossy && !plan_.grouped;
            due += !is_subscriber || receiver.wants (number);
            takers += 1 - ledger_.missing (receiver.host, sender.host, number, number + 1);
        });
        if (takers != (plan_.balances ? 1 : due))
            visit_pairs ([&] (Actor &of, Actor &receiver) {
                if (&of == &sender)
                    note ("socket %u misses %u of %u", receiver.host, ledger_.missing (receiver.host, sender.host, from, sender.next),
                          sender.next - from);
            });
        if (takers != (plan_.balances ? 1 : due))
            broken ("message %u of socket %u (of %u) came to %u of %u, %s", number, sender.host, sender.next, takers,
                    plan_.balances ? 1 : due, when);
    }
}

void World::check_strangers ()
{
    for (const auto &stranger : strangers_)
        if (stranger->is_peer () && !stranger->gone () &&
            ledger_.missing (actors_[0]->host, stranger->sender (), 0, stranger->sent_messages) > 0)
            broken ("messages of the old peer %u are missing", stranger->sender ());
}

// Both ends of every connection take it for one, or there is none.
void World::check_agreement ()
{
    for (const auto &connection : kernel.connections) {
        if (connection->end[0].stranger || connection->end[0].host == 99)
            continue;
        for (int side = 0; side < 2; ++side)
            if (connection->end[side].closed != connection->end[1 - side].closed)
                broken ("connection %llu has ended for one of its ends only", static_cast<unsigned long long> (connection->number));
        if (!connection->over () && connection->wire && connection->wire->watches () && !connection->wire->agreed ())
            broken ("the ends of connection %llu have not agreed on it", static_cast<unsigned long long> (connection->number));
    }
}

void World::end ()
{
    for (const auto &stranger : strangers_)
        stranger->leave ();
    actors_.clear ();
    if (!fibers.empty ())
        broken ("%zu threads are left", fibers.size ());
    // (The one thread there is has a bell for its own sleep.)
    if (kernel.open_count () > 1) {
        kernel.list_open ();
        broken ("%zu descriptors are left", kernel.open_count () - 1);
    }
    strangers_.clear ();
    kernel.connections.clear ();
}

}  // namespace sim
