// Connectors when memory runs out: a connect is refused, with nothing left of it, or goes on until there is a connection.
#include "io/connector.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "controlled_memory.hpp"
#include "core/held_socket.hpp"

using namespace held;

namespace {

// A path for a Unix-domain socket, on which somebody may listen sooner or later.
class Path
{
  public:
    Path ()
    {
        REQUIRE (::mkdtemp (folder_));
        name_ = std::string (folder_) + "/socket";
    }
    ~Path ()
    {
        if (fd_ >= 0)
            ::close (fd_);
        ::unlink (name_.c_str ());
        ::rmdir (folder_);
    }
    Path (const Path &) = delete;
    Path &operator= (const Path &) = delete;

    const std::string &name () const { return name_; }
    void listen ()
    {
        fd_ = ::socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        REQUIRE (fd_ >= 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy (address.sun_path, name_.c_str (), sizeof address.sun_path - 1);
        REQUIRE (::bind (fd_, reinterpret_cast<const sockaddr *> (&address), sizeof address) == 0);
        REQUIRE (::listen (fd_, 8) == 0);
    }
    // True if somebody has connected.
    bool accept ()
    {
        const int fd = ::accept (fd_, nullptr, nullptr);
        if (fd >= 0)
            ::close (fd);
        return fd >= 0;
    }

  private:
    char folder_[sizeof "/tmp/connector-XXXXXX"] = "/tmp/connector-XXXXXX";
    std::string name_;
    int fd_ = -1;
};

}  // namespace

TEST_CASE ("connector: short of memory at the first attempt, it is refused or tries again")
{
    for (const int immediate : {0, 1})
        for (int spare = 0;; ++spare) {
            CAPTURE (immediate);
            CAPTURE (spare);
            REQUIRE (spare < 100);
            Path path;
            HeldSocket socket (ZMQ_PUSH);
            socket.socket ().options.reconnect_ivl = 1;
            socket.socket ().options.immediate = immediate;
            const std::string endpoint = "ipc://" + path.name ();
            int error = 0;
            bool failed = false;
            {
                const FailingMemory memory (spare);
                try {
                    error = socket.socket ().connect_stream (*find_transport ("ipc"), endpoint, path.name ());
                } catch (const std::bad_alloc &) {
                    error = ENOMEM;
                }
                failed = memory.failed ();
            }
            if (error) {
                CHECK (error == ENOMEM);
                CHECK (socket.socket ().end_endpoint (endpoint, {}) == ENOENT);
                CHECK (socket.send ("x") == EAGAIN);
                continue;
            }
            path.listen ();
            CHECK (socket.wait ([&] { return path.accept (); }));
            if (!failed)
                break;
        }
}

TEST_CASE ("connector: a close without memory lingers no longer than it should")
{
    for (int spare = 0;; ++spare) {
        CAPTURE (spare);
        REQUIRE (spare < 100);
        Path path;
        // If it never ends it is used for ever.
        void *const context = zmq_ctx_new ();
        void *const socket = zmq_socket (context, ZMQ_PUSH);
        const int linger = 1;
        REQUIRE (zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger) == 0);
        REQUIRE (zmq_connect (socket, ("ipc://" + path.name ()).c_str ()) == 0);
        REQUIRE (zmq_send (socket, "x", 1, 0) == 1);
        bool failed = false;
        {
            const FailingMemory memory (spare);
            REQUIRE (zmq_close (socket) == 0);
            failed = memory.failed ();
        }
        std::packaged_task<int ()> end ([context] { return zmq_ctx_term (context); });
        std::future<int> ended = end.get_future ();
        std::thread ender (std::move (end));
        const bool over = ended.wait_for (std::chrono::seconds (10)) == std::future_status::ready;
        if (!over)
            ender.detach ();
        REQUIRE (over);
        ender.join ();
        if (!failed)
            break;
    }
}
