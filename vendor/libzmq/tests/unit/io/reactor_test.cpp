// The background thread: timers in their order, hooks that come and go while events are being dispatched, served strands.
#include "io/reactor.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq_ext.h>

#include "controlled_memory.hpp"
#include "core/held_socket.hpp"
#include "io/wired_stream.hpp"
#include "options/context_options.hpp"

using namespace held;

namespace {

struct Target final : HookTarget
{
    explicit Target (HeldSocket &socket_) : socket (socket_) {}
    void on_io (std::uint32_t events) noexcept override
    {
        ++io_calls;
        last_events = events;
        if (io)
            io ();
    }
    void on_timer () noexcept override
    {
        timer.fired ();
        ++timer_calls;
        fired_at = now ();
        if (fire)
            fire ();
    }
    bool arm (Nanoseconds deadline) { return timer.arm (socket.reactor (), socket.strand (), *this, deadline); }
    int watch_fd (int fd, std::uint32_t events) { return watch.start (socket.reactor (), socket.strand (), *this, fd, events); }

    HeldSocket &socket;
    WatchHandle watch;
    TimerHandle timer;
    std::function<void ()> io, fire;
    int io_calls = 0, timer_calls = 0;
    std::uint32_t last_events = 0;
    Nanoseconds fired_at = 0;
};

// A channel that counts its ends.
InprocChannel *watched_channel (int &ends)
{
    static char body[100];
    InprocChannel *const channel = new InprocChannel;
    Msg frame;
    REQUIRE (frame.init_external (
               body, sizeof body, [] (void *, void *hint) { ++*static_cast<int *> (hint); }, &ends, FreeWhen::at_once) == 0);
    REQUIRE (channel->direction[0].queue.push (std::move (frame)));
    REQUIRE_FALSE (channel->direction[0].queue.publish ());
    return channel;
}

// Long enough for the reactor to do what it must not do.
void let_run (HeldSocket &socket, int milliseconds = 10)
{
    const Nanoseconds until = now () + milliseconds * millisecond;
    socket.wait ([&] { return now () > until; });
}

// With both backends.
template <class Test>
void with_each_poller (Test &&test)
{
    for (const int poller : {0, 1}) {
        CAPTURE (poller);
        void *const context = zmq_ctx_new ();
        REQUIRE (zmq_ctx_set (context, ZMQ_EXT_POLLER, poller) == 0);
        {
            HeldSocket socket (ZMQ_PAIR, context);
            test (socket);
        }
        zmq_ctx_term (context);
    }
}

}  // namespace

TEST_CASE ("reactor: timers fire in the order of their deadlines, whatever the order they were armed in")
{
    HeldSocket socket (ZMQ_PAIR);
    constexpr int count = 200;
    std::vector<int> shuffled;
    for (int i = 0; i < count; ++i)
        shuffled.push_back (i);
    std::shuffle (shuffled.begin (), shuffled.end (), std::mt19937 (1));
    bool in_time = false;
    for (Nanoseconds ahead = 5 * millisecond; !in_time && ahead < 10'000 * millisecond; ahead *= 10) {
        std::vector<int> order, expected;
        std::vector<std::unique_ptr<Target>> targets;
        const Nanoseconds start = now () + ahead;
        for (int i = 0; i < count; ++i)
            targets.push_back (std::make_unique<Target> (socket));
        for (const int i : shuffled) {
            targets[static_cast<std::size_t> (i)]->fire = [&order, i] { order.push_back (i); };
            REQUIRE (targets[static_cast<std::size_t> (i)]->arm (start + i * 10 * microsecond));
        }
        // Every third is taken back, every fifth moved to the end, in the opposite order.
        for (int i = 0; i < count; i += 3)
            targets[static_cast<std::size_t> (i)]->timer.cancel ();
        for (int i = 0; i < count; ++i)
            if (i % 3 && i % 5)
                expected.push_back (i);
        for (int i = count - 5; i > 0; i -= 5)
            if (i % 3) {
                targets[static_cast<std::size_t> (i)]->arm (start + (2 * count - i) * 10 * microsecond);
                expected.push_back (i);
            }
        in_time = now () < start;  // else the reactor has begun with what was armed by then
        CHECK (socket.wait ([&] { return order.size () >= expected.size (); }));
        let_run (socket);
        CHECK ((order == expected || !in_time));
        for (const auto &target : targets)
            CHECK_FALSE (target->timer.armed ());
    }
    CHECK (in_time);
}

TEST_CASE ("reactor: never early")
{
    HeldSocket socket (ZMQ_PAIR);
    Target target (socket);
    for (const Nanoseconds wait : {Nanoseconds{0}, 300 * microsecond, 3 * millisecond, 20 * millisecond}) {
        const int before = target.timer_calls;
        const Nanoseconds deadline = now () + wait;
        REQUIRE (target.arm (deadline));
        CHECK (socket.wait ([&] { return target.timer_calls > before; }));
        CHECK (target.fired_at >= deadline);
    }
}

TEST_CASE ("reactor: an earlier timer wakes it from waiting for a later one")
{
    with_each_poller ([] (HeldSocket &socket) {
        Target late (socket), early (socket);
        REQUIRE (late.arm (now () + 3600000 * millisecond));
        let_run (socket, 3);  // it sleeps
        REQUIRE (early.arm (now () + millisecond));
        CHECK (socket.wait ([&] { return early.timer_calls == 1; }));
        CHECK (late.timer_calls == 0);
        CHECK (late.timer.armed ());
        CHECK_FALSE (early.timer.armed ());
    });
}

TEST_CASE ("reactor: a timer may be armed again, moved and dropped while it fires")
{
    HeldSocket socket (ZMQ_PAIR);
    Target again (socket), dropped (socket);
    again.fire = [&] {
        if (again.timer_calls < 5)
            again.arm (now ());
    };
    dropped.fire = [&] { dropped.timer.reset (); };
    again.arm (now ());
    dropped.arm (now ());
    CHECK (socket.wait ([&] { return again.timer_calls == 5 && dropped.timer_calls == 1; }));
    let_run (socket);
    CHECK (again.timer_calls == 5);
    CHECK (dropped.timer_calls == 1);
}

TEST_CASE ("reactor: one timer may end another that is due with it, and its target")
{
    HeldSocket socket (ZMQ_PAIR);
    const Nanoseconds deadline = now () + 2 * millisecond;
    auto victim = std::make_unique<Target> (socket);
    Target killer (socket);
    int calls = 0;
    victim->fire = [&] { ++calls; };
    killer.fire = [&] { victim.reset (); };
    killer.arm (deadline);
    victim->arm (deadline + 1);
    // The strand is held until both are due.
    while (now () < deadline + millisecond) {
    }
    CHECK (socket.wait ([&] { return killer.timer_calls == 1; }));
    let_run (socket);
    CHECK (calls == 0);
}

TEST_CASE ("reactor: of two ready descriptors the first may end the watching of the second")
{
    with_each_poller ([] (HeldSocket &socket) {
        Link a = make_link (), b = make_link ();
        auto one = std::make_unique<Target> (socket), two = std::make_unique<Target> (socket);
        int calls = 0;
        const auto only_me = [&] (std::unique_ptr<Target> &other) {
            ++calls;
            other.reset ();
        };
        one->io = [&] {
            char byte;
            CHECK (::read (a.near, &byte, 1) == 1);
            only_me (two);
        };
        two->io = [&] {
            char byte;
            CHECK (::read (b.near, &byte, 1) == 1);
            only_me (one);
        };
        REQUIRE (one->watch_fd (a.near, io_in) == 0);
        REQUIRE (two->watch_fd (b.near, io_in) == 0);
        a.far.write ("x");
        b.far.write ("x");  // both in one batch, as the strand is held
        CHECK (socket.wait ([&] { return calls > 0; }));
        let_run (socket);
        CHECK (calls == 1);
        CHECK ((one == nullptr) != (two == nullptr));
        one.reset ();
        two.reset ();
        ::close (a.near);
        ::close (b.near);
    });
}

TEST_CASE ("reactor: a target may watch another descriptor, or the same anew, from inside its event")
{
    with_each_poller ([] (HeldSocket &socket) {
        Link a = make_link (), b = make_link ();
        Target first (socket), second (socket);
        first.io = [&] {
            CHECK (second.watch_fd (b.near, io_in) == 0);
            first.watch.reset ();
            CHECK (first.watch_fd (a.near, io_out) == 0);  // writable at once
            first.io = [&] { first.watch.reset (); };
        };
        REQUIRE (first.watch_fd (a.near, io_in) == 0);
        a.far.write ("x");
        b.far.write ("x");
        second.io = [&] { second.watch.reset (); };
        CHECK (socket.wait ([&] { return first.io_calls == 2 && second.io_calls == 1; }));
        CHECK ((first.last_events & io_out) != 0);
        CHECK_FALSE (first.watch.active ());
        ::close (a.near);
        ::close (b.near);
    });
}

TEST_CASE ("reactor: nothing is reported of a descriptor of which nothing is wanted, not even its end")
{
    with_each_poller ([] (HeldSocket &socket) {
        Link link = make_link (), other = make_link ();
        Target target (socket), witness (socket);
        REQUIRE (target.watch_fd (link.near, io_in) == 0);
        target.watch.watch_only (0);
        // An event of what is watched from now on: whoever waited for what was wanted before has ended.
        other.far.write ("x");
        witness.io = [&] { witness.watch.reset (); };
        REQUIRE (witness.watch_fd (other.near, io_in) == 0);
        REQUIRE (socket.wait ([&] { return witness.io_calls == 1; }));
        link.far.close ();
        let_run (socket);
        CHECK (target.io_calls == 0);
        target.io = [&] { target.watch.watch_only (0); };
        target.watch.watch_only (io_in);
        CHECK (socket.wait ([&] { return target.io_calls == 1; }));
        let_run (socket);
        CHECK (target.io_calls == 1);
        target.watch.reset ();
        ::close (link.near);
        ::close (other.near);
    });
}

TEST_CASE ("reactor: events of a socket that was closed are nobody's")
{
    HeldSocket witness (ZMQ_PAIR);
    Link link = make_link ();
    {
        HeldSocket socket (ZMQ_PAIR, witness.context ());
        Target target (socket);
        REQUIRE (target.watch_fd (link.near, io_in) == 0);
        REQUIRE (target.arm (now ()));
        link.far.write ("x");
        target.watch.reset ();
        target.timer.reset ();
    }
    Target after (witness);
    after.arm (now () + millisecond);
    CHECK (witness.wait ([&] { return after.timer_calls == 1; }));
    ::close (link.near);
}

TEST_CASE ("reactor: serves the mailbox of a strand whose owner makes no call")
{
    HeldSocket socket (ZMQ_PAIR);
    int ends = 0;
    InprocChannel *const channel = watched_channel (ends);
    channel->side[1].strand = &socket.strand ();
    for (int i = 0; i < 3; ++i) {
        channel->tell (1);
        CHECK (socket.strand ().doorbell.pending ());
        {
            const FailingMemory memory (0);
            socket.reactor ().serve (channel->side[1]);
            socket.reactor ().serve (channel->side[1]);
        }
        CHECK (socket.wait ([&] { return !socket.strand ().doorbell.pending (); }));
    }
    // Nobody's any more.
    channel->side[1].strand = nullptr;
    socket.reactor ().serve (channel->side[1]);
    let_run (socket);
    channel->release ();
    CHECK (ends == 1);
}

TEST_CASE ("reactor: lets go of what it had still to serve when it ends")
{
    int ends = 0;
    InprocChannel *const channel = watched_channel (ends);
    {
        const std::unique_ptr<Reactor> reactor = Reactor::start (make_context_options (), 0);
        REQUIRE (reactor);
        HeldSocket socket (ZMQ_PAIR);
        channel->side[1].strand = &socket.strand ();
        InprocChannel *const busy = new InprocChannel;
        busy->side[1].strand = &socket.strand ();
        for (InprocChannel *each : {busy, channel})
            reactor->serve (each->side[1]);
        busy->release ();
        // Its thread waits for the strand, or has not begun.
        socket.let_go ();
    }
    channel->release ();
    CHECK (ends == 1);
}

TEST_CASE ("reactor: starts and stops with nothing to do, and with timers left over")
{
    for (int i = 0; i < 20; ++i) {
        std::unique_ptr<Reactor> reactor = Reactor::start (make_context_options (), i);
        REQUIRE (reactor);
        if (i % 2) {
            HeldSocket socket (ZMQ_PAIR);
            Target target (socket);
            CHECK (target.timer.arm (*reactor, socket.strand (), target, now () + 3600000 * millisecond));
            target.timer.reset ();
        }
    }
}
