// See world.hpp: how a simulation goes on. What goes wrong is in wrongs.cpp, how it ends in recovery.cpp.
#include "world.hpp"

#include <algorithm>
#include <utility>

#include "faults.hpp"
#include "fibers.hpp"
#include "invariant.hpp"
#include "memory.hpp"
#include "wire.hpp"

namespace sim {

World *world = nullptr;
IntendedFault intended;

World::World (std::uint64_t seed, std::uint64_t steps) : seed_ (seed), most_steps_ (steps), random_ (seed)
{
    world = this;
    kernel.random = Random (seed ^ 0x6b65726e);
    intended.seed (seed);
    draw ();
}

World::~World () { world = nullptr; }

void World::draw ()
{
    plan_ = draw_plan (random_);
    constexpr std::int64_t paces[] = {200, 2'000, 20'000, 200'000};
    pace_ = random_.pick (paces);
    fragmentation_ = static_cast<int> (random_.below (3));
    gentle_ = random_.one_in (4);
    draw_wrongs ();
    note ("seed %llu: %s, %d, %s binds, %s, mechanism %d, limits %d and %d, heartbeats %d, parts of up to %zu bytes%s",
          static_cast<unsigned long long> (seed_), plan_.name.data (), plan_.spokes, plan_.hub_binds ? "the one" : "each of the others",
          plan_.websocket ? "ws" : "tcp", plan_.mechanism, plan_.send_limit, plan_.receive_limit, plan_.heartbeat, plan_.largest,
          gentle_ ? ", nothing is lost" : "");
}

void World::set_up ()
{
    for (int i = 0; i <= plan_.spokes; ++i)
        actors_.push_back (std::make_unique<Actor> (plan_, static_cast<std::uint32_t> (i + 1), i == 0, ledger_, Random (random_.next ())));
    for (const auto &actor : actors_)
        if (!open (*actor))
            broken ("socket %u cannot be opened", actor->host);
}

bool World::open (Actor &actor)
{
    std::vector<std::uint32_t> hosts;
    for (const auto &other : actors_)
        if ((&actor == actors_[0].get ()) != (other == actors_[0]))
            hosts.push_back (other->host);
    return actor.open (hosts);
}

void World::run ()
{
    set_up ();
    kernel.trouble = trouble_;
    while (step_ < most_steps_)
        step ();
    calm ();
    recover ();
    end ();
}

// ---- a step ----

void World::step ()
{
    kernel.time += static_cast<std::int64_t> (random_.below (static_cast<std::uint64_t> (pace_)));
    if (wrong_every_ && random_.one_in (wrong_every_))
        go_wrong ();
    const std::uint64_t draw = random_.below (100);
    if (draw < 40) {
        if (move_network ())
            return;
    } else if (draw < 55) {
        if (run_thread ())
            return;
    }
    act (*actors_[random_.below (actors_.size ())]);
    if ((step_ & 1023) == 0)
        tidy ();
}

void World::act (Actor &actor)
{
    ++step_;
    mark (actor.host);
    if (!actor.is_open ()) {
        if (random_.one_in (50))
            open (actor);
        return;
    }
    if (plan_.mechanism == ZMQ_PLAIN && random_.one_in (4) && actor.answer_zap (false))
        return;
    if (plan_.monitored && random_.one_in (8))
        actor.read_events ();
    const bool is_short = std::exchange (short_of_memory_, false);
    const int spare = is_short ? static_cast<int> (random_.below (12)) : -1;
    const bool sends = actor.sends () && (!actor.receives () || random_.one_in (2));
    if (sends && plan_.spoke == ZMQ_REQ && kernel.time - actor.sent_at < 50 * millisecond &&
        ledger_.count (actor.host, actor.host) < actor.next)
        return;
    const ShortOfMemory limit (spare);
    const bool done = sends ? actor.send () : actor.receive ();
    mark (done);
    // Where nothing else happens, time passes.
    if (!done && random_.one_in (16)) {
        const EnoughMemory enough;
        if (!move_network () && !run_thread ())
            skip_time (second);
    }
}

bool World::run_thread ()
{
    const std::size_t count = fibers.size ();
    const std::size_t first = count ? random_.below (count) : 0;
    for (std::size_t i = 0; i < count; ++i) {
        Fiber &fiber = *fibers[(first + i) % count];
        if (!fiber.may_go_on ())
            continue;
        ++step_;
        mark (static_cast<unsigned> (fiber.host) + 100U);
        const bool is_short = std::exchange (short_of_memory_, false);
        const ShortOfMemory limit (is_short ? static_cast<int> (random_.below (12)) : -1);
        fiber.go_on ();
        return true;
    }
    return false;
}

void World::wait_a_turn ()
{
    if (current_fiber)
        broken ("a background thread waits for others");
    const EnoughMemory enough;
    kernel.time += 1000;
    if (random_.one_in (2) ? move_network () || run_thread () : run_thread () || move_network ())
        return;
    if (++idle_turns_ > 1'000'000)
        broken ("somebody waits for ever");
    skip_time (never);
}

std::int64_t World::next_deadline () const
{
    std::int64_t next = never;
    for (const Fiber *const fiber : fibers) {
        if (fiber->waits_for < 0)
            continue;
        next = std::min (next, fiber->deadline);
        for (const Set::Entry &entry : static_cast<Set *> (kernel.file (fiber->waits_for))->entries)
            if (const auto *const alarm = kernel.as<Alarm> (entry.fd))
                next = std::min (next, alarm->at);
    }
    for (const auto &connection : kernel.connections)
        for (const Way &way : connection->way)
            if (way.moves () && way.blocked_until > kernel.time)
                next = std::min (next, way.blocked_until);
    return next;
}

void World::skip_time (std::int64_t most)
{
    const std::int64_t next = next_deadline ();
    if (next > kernel.time)
        kernel.time = most == never ? (next == never ? kernel.time + second : next) : std::min (next, kernel.time + most);
}

// ---- the network ----

bool World::move_network ()
{
    const std::uint64_t draw = random_.below (8);
    if (draw == 0 && !kernel.connecting.empty ())
        return establish ();
    if (draw == 1 && !strangers_.empty () && move_stranger ())
        return true;
    return move_way () || (!kernel.connecting.empty () && establish ()) || move_stranger ();
}

bool World::move_way ()
{
    const std::size_t count = kernel.connections.size ();
    if (count == 0)
        return false;
    const std::uint64_t draw = random_.next ();
    const std::size_t first = draw % count;
    for (std::size_t i = 0; i < 2 * count; ++i) {
        Connection &connection = *kernel.connections[(first + i / 2) % count];
        const int side = static_cast<int> ((draw >> 32 ^ i) & 1);
        Way &way = connection.way[side];
        if (connection.severed || !way.moves () || way.blocked_until > kernel.time)
            continue;
        ++step_;
        mark (connection.number << 8 | static_cast<unsigned> (side));
        if (connection.end[1 - side].closed) {
            // Nobody is there any more, and says so.
            way.drop_in_flight ();
            way.end_arrived = way.ended;
            if (!connection.end[side].closed)
                connection.reset (side, ECONNRESET);
            return true;
        }
        std::size_t part = way.in_flight ();
        if (fragmentation_ == 1)
            part = random_.below (part + 1);
        else if (fragmentation_ == 2)
            part = std::min<std::size_t> (part, random_.one_in (50) ? part : random_.between (1, 200));
        way.arrived += part;
        if (way.in_flight () == 0 && way.ended)
            way.end_arrived = true;
        return true;
    }
    return false;
}

bool World::establish ()
{
    ++step_;
    const std::size_t at = random_.below (kernel.connecting.size ());
    const int fd = kernel.connecting[at];
    kernel.connecting.erase (kernel.connecting.begin () + static_cast<std::ptrdiff_t> (at));
    Socket &socket = *kernel.as<Socket> (fd);
    mark (static_cast<unsigned> (fd));
    Socket *const listener = kernel.listener (socket.peer_host, socket.peer_port);
    if (!listener || (wrongs_ && random_.one_in (20))) {
        socket.state = Socket::State::failed;
        socket.error = listener ? ETIMEDOUT : ECONNREFUSED;
        return true;
    }
    auto connection = kernel.make_connection (socket.host, socket.peer_host);
    if (fragmentation_ > 0 && random_.one_in (3))
        for (Way &way : connection->way)
            way.capacity = random_.between (1, 5000);
    if (!plan_.websocket && plan_.mechanism != ZMQ_CURVE)
        connection->wire = std::make_unique<Wire> (*connection, plan_.mechanism == ZMQ_PLAIN, 1);
    socket.state = Socket::State::connected;
    socket.connection = connection;
    socket.side = 0;
    listener->waiting.push_back (std::move (connection));
    return true;
}

bool World::move_stranger ()
{
    const std::size_t count = strangers_.size ();
    const std::size_t first = count ? random_.below (count) : 0;
    for (std::size_t i = 0; i < count; ++i) {
        Stranger &stranger = *strangers_[(first + i) % count];
        if (stranger.gone () || !stranger.moves ())
            continue;
        ++step_;
        stranger.turn ();
        return true;
    }
    return false;
}

void World::tidy ()
{
    std::erase_if (kernel.connections,
                   [] (const auto &connection) { return connection->over () || (connection->severed && connection.use_count () == 1); });
    if (strangers_.size () > 8)
        std::erase_if (strangers_, [] (const auto &stranger) { return stranger->gone (); });
}

}  // namespace sim
