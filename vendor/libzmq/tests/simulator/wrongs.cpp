// What goes wrong in a simulation.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "invariant.hpp"
#include "kernel.hpp"
#include "world.hpp"

namespace sim {

namespace {

enum Wrong : std::uint32_t
{
    wrong_cut = 1 << 0,          // both ends see the end of the other
    wrong_truncate = 1 << 1,     // one way ends, at any byte; the other goes on
    wrong_reset = 1 << 2,        // at any byte
    wrong_half_open = 1 << 3,    // one end has gone, and the other does not hear of it
    wrong_stall = 1 << 4,        // nothing moves for seconds
    wrong_delay = 1 << 5,        // for milliseconds
    wrong_reorder = 1 << 6,      // who came last is accepted first
    wrong_duplicate = 1 << 7,    // a connection that nobody made
    wrong_stranger = 1 << 8,     // one that speaks something else
    wrong_clock = 1 << 9,        // time jumps
    wrong_death = 1 << 10,       // of a host; its socket comes back
    wrong_reopen = 1 << 11,      // a socket is closed in order, and comes back
    wrong_memory = 1 << 12,      // an allocation fails
    wrong_descriptor = 1 << 13,  // there are no descriptors
    wrong_call = 1 << 14         // system calls are interrupted, have no buffers
};
constexpr std::uint32_t all_wrongs = (1U << 15) - 1;
// By which no message may be lost.
constexpr std::uint32_t gentle_wrongs =
  wrong_stall | wrong_delay | wrong_reorder | wrong_duplicate | wrong_stranger | wrong_call | wrong_clock;

}  // namespace

void World::draw_wrongs ()
{
    wrongs_ = static_cast<std::uint32_t> (random_.next ()) & all_wrongs;
    if (random_.one_in (3))
        wrongs_ &= static_cast<std::uint32_t> (random_.next ());
    if (gentle_) {
        wrongs_ &= gentle_wrongs;
        plan_.heartbeat = 0;
        plan_.handshake_time = 30000;
    }
    if (wrongs_ & wrong_memory)
        plan_.monitored = false;  // without memory an event may go untold
    constexpr std::uint32_t rates[] = {30, 100, 300, 1000, 3000};
    wrong_every_ = wrongs_ ? random_.pick (rates) : 0;
    if (wrongs_ & wrong_call) {
        trouble_.interrupted = 50;
        trouble_.no_buffers = 100;
    }
    if (wrongs_ & wrong_descriptor) {
        trouble_.no_descriptors = 4;
        trouble_.aborted = 10;
    }
}

Connection *World::any_connection ()
{
    const std::size_t count = kernel.connections.size ();
    const std::size_t first = count ? random_.below (count) : 0;
    for (std::size_t i = 0; i < count; ++i) {
        Connection &connection = *kernel.connections[(first + i) % count];
        if (!connection.severed && !connection.end[0].closed && !connection.end[1].closed)
            return &connection;
    }
    return nullptr;
}

// Some of what is on its way still arrives.
void World::lose_tail (Way &way)
{
    way.arrived += random_.below (way.in_flight () + 1);
    way.drop_in_flight ();
}

void World::cut (Connection &connection)
{
    for (int side = 0; side < 2; ++side) {
        lose_tail (connection.way[side]);
        connection.way[side].end_arrived = true;
        connection.end[side].unread = true;
    }
}

void World::truncate (Connection &connection, int side)
{
    lose_tail (connection.way[side]);
    connection.way[side].end_arrived = true;
    connection.end[side].unread = true;
}

void World::reset (Connection &connection)
{
    for (int side = 0; side < 2; ++side)
        lose_tail (connection.way[side]);
    connection.reset (0, ECONNRESET);
    connection.reset (1, ECONNRESET);
}

void World::half_open (Connection &connection)
{
    const int side = static_cast<int> (random_.below (2));
    for (Way &way : connection.way)
        lose_tail (way);
    connection.reset (side, ETIMEDOUT);
    connection.severed = true;
}

void World::call_by_stranger ()
{
    const int host = static_cast<int> (actors_[random_.below (actors_.size ())]->host);
    Socket *const listener = kernel.listener (host, 5000);
    if (!listener || strangers_.size () > 30)
        return;
    auto kind = static_cast<Stranger::Kind> (random_.below (6));
    const bool takes_old = plan_.hub == ZMQ_PULL && plan_.hub_binds && plan_.mechanism == ZMQ_NULL && !plan_.websocket;
    if (kind >= Stranger::Kind::pusher_of_1 && !takes_old)
        kind = Stranger::Kind::silent;
    auto connection = kernel.make_connection (99, host);
    connection->end[0].host = 99;
    strangers_.push_back (std::make_unique<Stranger> (kind, connection, 1000 + stranger_count_++, Random (random_.next ())));
    listener->waiting.push_back (std::move (connection));
}

void World::kill (int host)
{
    for (const auto &connection : kernel.connections)
        for (int side = 0; side < 2; ++side) {
            if (connection->end[side].host != host || connection->severed)
                continue;
            for (Way &way : connection->way)
                lose_tail (way);
            connection->reset (side, ECONNRESET);
            if (random_.one_in (2))
                connection->reset (1 - side, ECONNRESET);
            else
                connection->severed = true;
        }
}

void World::reopen (Actor &actor, bool suddenly)
{
    if (!actor.is_open ())
        return;
    if (suddenly)
        kill (static_cast<int> (actor.host));
    const auto trouble = std::exchange (kernel.trouble, {});
    actor.close (suddenly ? 0 : static_cast<int> (random_.below (1000)));
    kernel.trouble = trouble;
}

void World::go_wrong ()
{
    std::uint32_t wrong = 1U << random_.below (15);
    if (!(wrongs_ & wrong))
        return;
    // What ends a socket is rarer.
    if ((wrong & (wrong_death | wrong_reopen)) && !random_.one_in (4))
        return;
    mark (wrong);
    Connection *const connection = any_connection ();
    note ("step %llu, %.6f s: wrong %x, connection %llu", static_cast<unsigned long long> (step_), static_cast<double> (kernel.time) / 1e9,
          wrong, connection ? static_cast<unsigned long long> (connection->number) : 0);
    Actor &actor = *actors_[random_.below (actors_.size ())];
    switch (wrong) {
    case wrong_cut:
        if (connection)
            cut (*connection);
        break;
    case wrong_truncate:
        if (connection)
            truncate (*connection, static_cast<int> (random_.below (2)));
        break;
    case wrong_reset:
        if (connection)
            reset (*connection);
        break;
    case wrong_half_open:
        if (connection)
            half_open (*connection);
        break;
    case wrong_stall:
    case wrong_delay:
        if (connection)
            connection->way[random_.below (2)].blocked_until =
              kernel.time +
              static_cast<std::int64_t> (random_.below (static_cast<std::uint64_t> (wrong == wrong_stall ? 5 * second : 50 * millisecond)));
        break;
    case wrong_reorder:
        if (Socket *const listener = kernel.listener (static_cast<int> (actor.host), 5000))
            std::reverse (listener->waiting.begin (), listener->waiting.end ());
        break;
    case wrong_duplicate:
    case wrong_stranger:
        call_by_stranger ();
        break;
    case wrong_clock:
        kernel.time += static_cast<std::int64_t> (random_.below (static_cast<std::uint64_t> (gentle_ ? second : 60 * second)));
        break;
    case wrong_death:
        reopen (actor, true);
        break;
    case wrong_reopen:
        reopen (actor, false);
        break;
    case wrong_memory:
        short_of_memory_ = true;
        break;
    default:
        break;
    }
}

}  // namespace sim
