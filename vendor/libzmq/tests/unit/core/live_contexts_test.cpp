// Looking at contexts that others end: an address is judged without a look at what is there, and the end waits for who looks.
#include "core/live_contexts.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>
#include <zmq_ext.h>

#include "core/context.hpp"

using namespace engine;

namespace {

// 0, or errno.
int sockets_of (void *context) { return zmq_ext_ctx_sockets (context, nullptr, 0, sizeof (zmq_ext_socket_t)) < 0 ? errno : 0; }

int stats_of (void *context)
{
    zmq_ext_stats_t stats;
    return zmq_ext_ctx_stats (context, &stats, sizeof stats) < 0 ? errno : 0;
}

}  // namespace

TEST_CASE ("live contexts: an address where there is none, or none any more, is EFAULT and not read")
{
    void *const first = zmq_ctx_new (), *const middle = zmq_ctx_new (), *const last = zmq_ctx_new ();
    for (void *const garbage :
         {reinterpret_cast<void *> (8), reinterpret_cast<void *> (~std::uintptr_t (15)), static_cast<void *> (nullptr)}) {
        CHECK (sockets_of (garbage) == EFAULT);
        CHECK (stats_of (garbage) == EFAULT);
    }
    // In an order that takes one out of the middle, of the beginning and of the end.
    std::vector<void *> live{first, middle, last};
    for (void *const ended : {middle, last, first}) {
        for (void *const one : live) {
            CHECK (sockets_of (one) == 0);
            CHECK (stats_of (one) == 0);
        }
        REQUIRE (zmq_ctx_term (ended) == 0);
        std::erase (live, ended);
        CHECK (sockets_of (ended) == EFAULT);
        CHECK (stats_of (ended) == EFAULT);
    }
}

TEST_CASE ("live contexts: a visitor keeps a context from ending")
{
    void *const context = zmq_ctx_new ();
    std::atomic<bool> ended{false};
    std::thread ender;
    {
        const VisitedContext visited (context);
        REQUIRE (visited);
        ender = std::thread ([&] {
            CHECK (zmq_ctx_term (context) == 0);
            ended = true;
        });
        // It waits for nothing but us when no further visit is let in.
        while (VisitedContext (context))
            std::this_thread::yield ();
        CHECK_FALSE (ended);
        CHECK (visited->ended_stats ().messages_in == 0);
    }
    ender.join ();
    CHECK (ended);
}

TEST_CASE ("live contexts: a context that is shut down, or waits for its sockets, lives")
{
    void *const context = zmq_ctx_new ();
    void *const socket = zmq_socket (context, ZMQ_PAIR);
    REQUIRE (zmq_ctx_shutdown (context) == 0);
    std::thread ender ([&] { CHECK (zmq_ctx_term (context) == 0); });
    CHECK (zmq_ext_ctx_sockets (context, nullptr, 0, sizeof (zmq_ext_socket_t)) == 1);
    CHECK (stats_of (context) == 0);
    zmq_close (socket);
    ender.join ();
    CHECK (sockets_of (context) == EFAULT);
}

TEST_CASE ("live contexts: contexts that come and go while others look at all of them")
{
    constexpr int rounds = 300;
    std::atomic<void *> current{nullptr};
    std::atomic<bool> over{false};
    std::atomic<int> wrong{0};
    const auto look = [&] {
        while (!over) {
            void *const context = current;
            for (const int error : {sockets_of (context), stats_of (context)})
                if (error && error != EFAULT)
                    ++wrong;
        }
    };
    std::thread one (look), other (look);
    for (int i = 0; i < rounds; ++i) {
        void *const context = zmq_ctx_new ();
        REQUIRE (context);
        void *const socket = zmq_socket (context, ZMQ_PAIR);
        current = context;
        std::this_thread::yield ();
        zmq_close (socket);
        if (zmq_ctx_term (context) != 0)
            ++wrong;
    }
    over = true;
    one.join ();
    other.join ();
    CHECK (wrong == 0);
}

TEST_CASE ("live contexts: a child has none of its parent's, and its own")
{
    void *const context = zmq_ctx_new ();
    const pid_t child = ::fork ();
    REQUIRE (child >= 0);
    if (child == 0) {
        ::alarm (20);
        int failed = 0;
        failed += sockets_of (context) != EFAULT;
        failed += stats_of (context) != EFAULT;
        failed += zmq_ctx_term (context) != 0;
        void *const own = zmq_ctx_new ();
        failed += sockets_of (own) != 0;
        failed += zmq_ctx_term (own) != 0;
        failed += sockets_of (own) != EFAULT;
        ::_exit (failed);
    }
    int status = -1;
    REQUIRE (::waitpid (child, &status, 0) == child);
    CHECK (status == 0);
    CHECK (sockets_of (context) == 0);
    CHECK (zmq_ctx_term (context) == 0);
}
