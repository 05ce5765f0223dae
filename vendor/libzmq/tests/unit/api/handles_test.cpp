// Handles of what has ended are refused as long as nothing else has taken their memory.
#include <cerrno>

#include <doctest/doctest.h>
#include <zmq.h>

#include "controlled_memory.hpp"

TEST_CASE ("handles: what has ended is EFAULT")
{
    struct Kind
    {
        const char *name;
        void *(*begin) ();
        int (*end) (void *handle);
        int (*use) (void *handle);
    };
    const Kind kinds[] = {
      {"context", zmq_ctx_new, zmq_ctx_term, [] (void *handle) { return zmq_ctx_get (handle, ZMQ_IO_THREADS); }},
      {"poller", zmq_poller_new, [] (void *handle) { return zmq_poller_destroy (&handle); }, zmq_poller_size},
      {"timers", zmq_timers_new, [] (void *handle) { return zmq_timers_destroy (&handle); },
       [] (void *handle) { return zmq_timers_cancel (handle, 1) < 0 && errno == EINVAL ? 0 : -1; }},
    };
    for (const Kind &kind : kinds) {
        CAPTURE (kind.name);
        void *const handle = kind.begin ();
        REQUIRE (handle);
        CHECK (kind.use (handle) >= 0);
        // Nobody gets its memory, which is there to be looked at.
        const WatchedBlock memory (handle);
        REQUIRE (kind.end (handle) == 0);
        REQUIRE (memory.ends () == 1);
        for (const auto call : {kind.use, kind.end}) {
            errno = 0;
            CHECK (call (handle) == -1);
            CHECK (errno == EFAULT);
        }
    }
}
