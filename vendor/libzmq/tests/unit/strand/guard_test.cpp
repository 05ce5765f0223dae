// Holding a strand: what letting go does, who may get in, and who frees what was released meanwhile.
#include "strand/guard.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "core/held_socket.hpp"
#include "message/msg.hpp"

using namespace held;

namespace {

struct Owner final : GuardedOwner
{
    void free_later (Released &released) noexcept override { taken.take (released); }
    void guarded_gone (Strand &strand) noexcept override { gone.push_back (&strand); }

    Released taken;
    std::vector<Strand *> gone;
};

struct Object final : Guarded
{
    Object (Owner &owner_, bool &alive_) : its_owner (owner_), alive (alive_) { alive = true; }
    ~Object () override { alive = false; }
    bool leave (bool by_application) noexcept override
    {
        (by_application ? application : engine)++;
        return over && users == 0;
    }
    void run_mailbox () noexcept override {}
    GuardedOwner &owner () noexcept override { return its_owner; }
    Disposer *disposer (bool ending) noexcept override { return background || ending ? &its_owner : nullptr; }

    Owner &its_owner;
    bool &alive;
    bool over = false;
    bool background = false;
    int application = 0, engine = 0;  // calls
};

using ObjectGuard = Guard<Object>;

struct Slot
{
    Slot () { strand->install (std::make_unique<Object> (owner, alive)); }
    ~Slot ()
    {
        if (!alive)
            return;
        ObjectGuard guard (*strand, ObjectGuard::Who::engine);
        guard->over = true;
    }

    Owner owner;
    bool alive = false;
    Strand *strand = Strand::acquire ();
};

int freed = 0;

// As the last owner of a body that the application frees.
void release_body ()
{
    Msg message;
    static char body[4];
    REQUIRE (message.init_external (
               body, sizeof body, [] (void *, void *) { ++freed; }, nullptr) == 0);
}

}  // namespace

TEST_CASE ("guard: letting go ends the call, and says whose it was")
{
    Slot slot;
    {
        const ObjectGuard guard (*slot.strand);
    }
    ObjectGuard guard (*slot.strand, ObjectGuard::Who::engine);
    REQUIRE (guard);
    CHECK (guard->application == 1);
    CHECK (guard->engine == 0);
    guard.unlock ();
    CHECK (guard.relock ());
    CHECK (guard->engine == 1);
    CHECK (guard->users == 0);
}

TEST_CASE ("guard: an object that is over goes with the last who is inside, and its owner hears of it once")
{
    Slot slot;
    {
        ObjectGuard sleeper (*slot.strand);
        sleeper.unlock ();
        {
            ObjectGuard closer (*slot.strand);
            REQUIRE (closer);
            closer.forget_handle ();
            closer->over = true;
            CHECK (closer->users == 1);
        }
        CHECK (slot.alive);
        {
            const ObjectGuard late (*slot.strand);
            CHECK_FALSE (late);
        }
        CHECK_FALSE (sleeper.relock ());
        CHECK (slot.owner.gone.empty ());
    }
    CHECK_FALSE (slot.alive);
    CHECK (slot.owner.gone == std::vector<Strand *>{slot.strand});
}

TEST_CASE ("guard: what an application's call released is freed by a background thread, else when the strand was let go")
{
    Slot slot;
    freed = 0;
    {
        const ObjectGuard guard (*slot.strand);
        release_body ();
        CHECK (freed == 0);
    }
    CHECK (freed == 1);
    CHECK (slot.owner.taken.empty ());
    {
        const ObjectGuard guard (*slot.strand);
        guard->background = true;
        release_body ();
    }
    CHECK (freed == 1);
    slot.owner.taken.run ();
    CHECK (freed == 2);
    {
        const ObjectGuard guard (*slot.strand, ObjectGuard::Who::engine);
        release_body ();
        CHECK (freed == 2);
    }
    CHECK (freed == 3);  // a background thread's own
    {
        const ObjectGuard guard (*slot.strand);
        guard->background = false;
        guard->over = true;
        release_body ();
    }
    CHECK (freed == 3);
    CHECK_FALSE (slot.alive);
    slot.owner.taken.run ();
    CHECK (freed == 4);
}

TEST_CASE ("guard: one of a closed socket is empty for the application, and not for the engine while it lingers")
{
    HeldSocket socket (ZMQ_PAIR);
    Strand &strand = socket.strand ();
    ++socket.socket ().users;  // as a thread that sleeps in a call
    socket.let_go ();
    REQUIRE (zmq_close (&strand) == 0);
    {
        const SocketGuard guard (strand);
        CHECK_FALSE (guard);
    }
    {
        SocketGuard guard (strand, SocketGuard::Who::engine);
        REQUIRE (guard);
        CHECK (guard->closing ());
        --guard->users;
    }
    const SocketGuard guard (strand, SocketGuard::Who::engine);
    CHECK_FALSE (guard);  // it went with the last user
}

TEST_CASE ("guard: unlock lets another thread in; relock tells that the socket was closed meanwhile")
{
    HeldSocket socket (ZMQ_PAIR);
    SocketGuard &guard = socket.guard ();
    guard.unlock ();
    int linger = 0;
    std::thread ([&] {
        std::size_t size = sizeof linger;
        CHECK (zmq_getsockopt (socket.handle (), ZMQ_LINGER, &linger, &size) == 0);
    }).join ();
    CHECK (guard.relock ());
    guard.unlock ();
    std::thread ([&] { CHECK (zmq_close (socket.handle ()) == 0); }).join ();
    CHECK_FALSE (guard.relock ());
    CHECK (guard->closing ());  // still there, for whoever was inside
}

TEST_CASE ("guard: a thread that waits during the reactor's turn ends it, and is next")
{
    Slot slot;
    for (int round = 0; round < 20; ++round) {
        CAPTURE (round);
        std::atomic<bool> was_in{false};
        std::thread application;
        {
            const ObjectGuard reactor (*slot.strand, ObjectGuard::Who::engine);
            const Strand::Turn turn (*slot.strand);
            CHECK_FALSE (slot.strand->turn_is_over ());
            application = std::thread ([&] {
                const ObjectGuard guard (*slot.strand);
                was_in = true;
            });
            for (const Nanoseconds deadline = now () + patience; now () < deadline && !slot.strand->turn_is_over ();)
                std::this_thread::yield ();
            CHECK (slot.strand->turn_is_over ());
        }
        {
            // At once, before who was woken is on his feet.
            const ObjectGuard reactor (*slot.strand, ObjectGuard::Who::engine);
            CHECK (was_in);
        }
        application.join ();
    }
}

TEST_CASE ("guard: a turn is nobody's but the reactor's")
{
    Slot slot;
    const ObjectGuard guard (*slot.strand);
    CHECK_FALSE (slot.strand->in_turn ());
    {
        const Strand::Turn turn (*slot.strand);
        CHECK (slot.strand->in_turn ());
    }
    CHECK_FALSE (slot.strand->in_turn ());
    CHECK_FALSE (slot.strand->turn_is_over ());
}
