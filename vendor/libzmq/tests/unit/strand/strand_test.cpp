// Handles: which are open, which are dead, when a slot is used again, and what a forked child may do with them.
#include "strand/strand.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "core/held_socket.hpp"

using namespace held;

TEST_CASE ("strand: what is no handle is recognised")
{
    CHECK (Strand::from_handle (nullptr) == nullptr);
    alignas (Strand) unsigned char nothing[sizeof (Strand)] = {};
    CHECK (Strand::from_handle (nothing) == nullptr);
}

TEST_CASE ("strand: a closed handle stays dead while others come and go, and its slot rests before it is used again")
{
    void *const context = zmq_ctx_new ();
    void *const closed = zmq_socket (context, ZMQ_PAIR);
    REQUIRE (zmq_close (closed) == 0);
    for (int i = 0; i < 60; ++i) {
        void *const other = zmq_socket (context, ZMQ_PAIR);
        CHECK (other != closed);
        CHECK (Strand::from_handle (closed) != nullptr);  // memory that is still ours
        CHECK (zmq_close (closed) == -1);
        CHECK (zmq_errno () == ENOTSOCK);
        CHECK (zmq_close (other) == 0);
    }
    zmq_ctx_term (context);
}

TEST_CASE ("strand: many sockets opened and closed in turn use few slots")
{
    void *const context = zmq_ctx_new ();
    std::set<void *> slots;
    for (int i = 0; i < 1000; ++i) {
        void *const socket = zmq_socket (context, ZMQ_PAIR);
        slots.insert (socket);
        zmq_close (socket);
    }
    CHECK (slots.size () <= 200);
    zmq_ctx_term (context);
}

TEST_CASE ("strand: slots go in and out in order, each to one owner")
{
    std::vector<Strand *> taken;
    for (int i = 0; i < 300; ++i)
        taken.push_back (Strand::acquire ());
    CHECK (std::set<Strand *> (taken.begin (), taken.end ()).size () == 300);
    for (Strand *strand : taken)
        Strand::give_back (strand);
    // The oldest first.
    std::vector<Strand *> again;
    for (int i = 0; i < 200; ++i)
        again.push_back (Strand::acquire ());
    CHECK (std::set<Strand *> (again.begin (), again.end ()).size () == 200);
    std::vector<Strand *> expected;
    for (Strand *strand : again)
        if (std::find (taken.begin (), taken.end (), strand) != taken.end ())
            expected.push_back (strand);
    std::vector<Strand *> in_order (taken.begin (), taken.begin () + static_cast<std::ptrdiff_t> (expected.size ()));
    CHECK (expected == in_order);
    for (Strand *strand : again)
        Strand::give_back (strand);
}

TEST_CASE ("strand: a child finds its parent's handles dead and makes its own")
{
    // No HeldSocket: without its reactor nobody else can hold a lock of the allocator's at the fork, which hangs a child under ASan.
    void *const context = zmq_ctx_new ();
    Strand &strand = *Strand::from_handle (zmq_socket (context, ZMQ_PAIR));
    auto held = std::make_unique<SocketGuard> (strand);
    std::set<Strand *> inherited;
    for (int i = 0; i < 200; ++i)
        inherited.insert (Strand::acquire ());
    for (Strand *slot : inherited)
        Strand::give_back (slot);
    const pid_t child = ::fork ();  // with the strand held: the child must not wait for it
    REQUIRE (child >= 0);
    if (child == 0) {
        ::alarm (20);
        int failed = 0;
        failed += !strand.foreign ();
        {
            const SocketGuard guard (strand);
            failed += static_cast<bool> (guard);
        }
        failed += zmq_close (&strand) != 0;
        // Another thread may have held one of the parent's at the moment of the fork, so none of them is used again.
        for (int i = 0; i < 500; ++i) {
            Strand *const own = Strand::acquire ();
            failed += own == nullptr || own == &strand || inherited.count (own) != 0;
        }
        ::_exit (failed != 0);
    }
    int status = -1;
    REQUIRE (::waitpid (child, &status, 0) == child);
    CHECK (status == 0);
    CHECK_FALSE (strand.foreign ());
    held.reset ();
    CHECK (zmq_close (&strand) == 0);
    zmq_ctx_term (context);
}
