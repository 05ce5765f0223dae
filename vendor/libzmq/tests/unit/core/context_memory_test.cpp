// Contexts when memory runs out: whatever cannot be had is ENOMEM, and nothing of it stays behind.
#include "core/context.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "core/held_socket.hpp"

using namespace held;

namespace {

// True if that thread of ours sleeps now.
bool sleeps (pid_t thread)
{
    std::ifstream file ("/proc/self/task/" + std::to_string (thread) + "/stat");
    std::string stat;
    std::getline (file, stat);
    const std::size_t name_end = stat.rfind (')');
    return name_end != std::string::npos && stat[name_end + 2] == 'S';
}

// In a context of one socket: ends it if there is that socket.
class Ender
{
  public:
    explicit Ender (void *context) : context_ (context) {}
    ~Ender ()
    {
        if (thread_.joinable ())
            thread_.detach ();
    }
    // Returns when the other thread waits for the end, or has nothing to wait for.
    void start ()
    {
        thread_ = std::thread ([this] {
            id_ = static_cast<pid_t> (::syscall (SYS_gettid));
            if (void *const socket = zmq_socket (context_, ZMQ_PAIR))
                zmq_close (socket);
            else if (errno == EMFILE)
                ended_context_ = zmq_ctx_term (context_) == 0;
            done_.set_value ();
        });
        while (!over (0) && !(id_ && sleeps (id_)))
            std::this_thread::yield ();
    }
    bool over (int seconds = 10) const { return future_.wait_for (std::chrono::seconds (seconds)) == std::future_status::ready; }
    bool ended_context () const { return ended_context_; }

  private:
    void *const context_;
    std::promise<void> done_;
    std::future<void> future_ = done_.get_future ();
    std::atomic<pid_t> id_{0};
    std::atomic<bool> ended_context_{false};
    std::thread thread_;
};

}  // namespace

TEST_CASE ("context: a socket for which there is no memory leaves nothing behind")
{
    void *const context = zmq_ctx_new ();
    REQUIRE (zmq_ctx_set (context, ZMQ_MAX_SOCKETS, 1) == 0);
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        FailingMemory memory (spare);
        void *const socket = zmq_socket (context, ZMQ_XPUB);
        const int error = errno;
        if (!memory.failed ()) {
            REQUIRE (socket);
            zmq_close (socket);
            break;
        }
        CHECK_FALSE (socket);
        CHECK (error == ENOMEM);
    }
    CHECK (zmq_ctx_term (context) == 0);
}

TEST_CASE ("context: its end does not wait for a socket that could not be made after all")
{
    int ends = 0;
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        void *const context = zmq_ctx_new ();
        REQUIRE (zmq_ctx_set (context, ZMQ_MAX_SOCKETS, 1) == 0);
        // If it never ends it is used for ever.
        auto ender = std::make_unique<Ender> (context);
        void *socket = nullptr;
        bool failed = false;
        {
            const FailingMemory memory (spare, [&] { ender->start (); });
            socket = zmq_socket (context, ZMQ_XPUB);
            failed = memory.failed ();
        }
        if (!failed) {
            REQUIRE (socket);
            zmq_close (socket);
            CHECK (zmq_ctx_term (context) == 0);
            break;
        }
        CHECK_FALSE (socket);
        if (!ender->over ()) {
            ender.release ();
            FAIL ("it waits for ever");
        }
        if (ender->ended_context ())
            ++ends;
        else
            CHECK (zmq_ctx_term (context) == 0);
    }
    CHECK (ends > 0);
}

TEST_CASE ("context: its end does not wait for a connection whose socket was closed without memory")
{
    for (const char *endpoint : {"ipc://@nobody-listens-here", "tcp://127.0.0.1:1"})
        for (int spare = 0;; ++spare) {
            CAPTURE (endpoint);
            CAPTURE (spare);
            REQUIRE (spare < 100);
            void *const context = zmq_ctx_new ();
            void *const socket = zmq_socket (context, ZMQ_DEALER);
            REQUIRE (socket);
            const int linger = 0;
            REQUIRE (zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger) == 0);
            REQUIRE (zmq_connect (socket, endpoint) == 0);
            bool failed = false;
            {
                const FailingMemory memory (spare, FailingMemory::ForGood{});
                CHECK (zmq_close (socket) == 0);
                failed = memory.failed ();
            }
            auto ended = std::make_shared<std::promise<void>> ();
            std::future<void> end = ended->get_future ();
            std::thread ([context, ended] {
                zmq_ctx_term (context);
                ended->set_value ();
            }).detach ();
            REQUIRE (end.wait_for (std::chrono::seconds (10)) == std::future_status::ready);
            if (!failed)
                break;
        }
}
