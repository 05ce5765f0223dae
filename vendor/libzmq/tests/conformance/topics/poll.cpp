// poll.cpp - zmq_poll over sockets and descriptors, and the ZMQ_FD / ZMQ_EVENTS contract that event loops build on.
#include "harness.hpp"
#include "wire.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

using namespace conf;

namespace {
struct Pipe
{
    int ends[2] = {-1, -1};
    Pipe () { REQUIRE (pipe2 (ends, O_CLOEXEC) == 0); }
    ~Pipe ()
    {
        ::close (ends[0]);
        ::close (ends[1]);
    }
    Pipe (const Pipe &) = delete;
    Pipe &operator= (const Pipe &) = delete;
    void write () { CHECK (::write (ends[1], "x", 1) == 1); }
};

struct Line
{
    Context ctx;
    Socket push{ctx, ZMQ_PUSH}, pull{ctx, ZMQ_PULL};
    explicit Line (const std::string &endpoint = "tcp://127.0.0.1:*") { push.connect (pull.bind (endpoint)); }
};

bool readable (int fd, int ms)
{
    pollfd item = {fd, POLLIN, 0};
    return ::poll (&item, 1, ms) == 1;
}

// An event loop's way of waiting: descriptor first, EVENTS afterwards.
bool loop_wait (void *socket, int fd, int wanted, int ms = patience)
{
    const Timer timer;
    while (!(events (socket) & wanted)) {
        const int left = ms - static_cast<int> (timer.ms ());
        if (left <= 0)
            return false;
        readable (fd, left);
    }
    return true;
}
}  // namespace

TEST_CASE ("no items: only the time passes")
{
    const Timer timer;
    CHECK (zmq_poll (nullptr, 0, 0) == 0);
    CHECK (zmq_poll (nullptr, 0, 50) == 0);
    CHECK (timer.reached (50));
}

TEST_CASE ("nothing ready: 0 after the time-out, revents cleared")
{
    Line line;
    zmq_pollitem_t items[] = {{line.pull, 0, ZMQ_POLLIN, 77}, {line.push, 0, ZMQ_POLLIN, 77}};
    const Timer timer;
    CHECK (zmq_poll (items, 2, 60) == 0);
    CHECK (timer.reached (60));
    CHECK (items[0].revents == 0);
    CHECK (items[1].revents == 0);
}

TEST_CASE ("ready at once: only what was asked for, counted by item")
{
    Line line;
    send (line.push, "x");
    CHECK (wait_for (line.pull, ZMQ_POLLIN));
    zmq_pollitem_t items[] = {{line.pull, 0, ZMQ_POLLIN, 0},
                              {line.pull, 0, ZMQ_POLLOUT, 0},
                              {line.push, 0, ZMQ_POLLIN | ZMQ_POLLOUT, 0},
                              {line.pull, 0, ZMQ_POLLIN | ZMQ_POLLOUT, 0},
                              {line.pull, 0, 0, 0}};
    CHECK (zmq_poll (items, 5, 0) == 3);
    CHECK (items[0].revents == ZMQ_POLLIN);
    CHECK (items[1].revents == 0);
    CHECK (items[2].revents == ZMQ_POLLOUT);
    CHECK (items[3].revents == ZMQ_POLLIN);
    CHECK (items[4].revents == 0);
}

TEST_CASE ("polling reports by level: again and again until it is read")
{
    Line line;
    send (line.push, "x");
    zmq_pollitem_t item = {line.pull, 0, ZMQ_POLLIN, 0};
    for (int i = 0; i < 5; ++i)
        CHECK (zmq_poll (&item, 1, patience) == 1);
    CHECK (recv (line.pull) == Msg{"x"});
    CHECK (zmq_poll (&item, 1, 0) == 0);
}

TEST_CASE ("a message that comes while polling ends the wait")
{
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
        Line line (endpoint);
        Background sender ([&] {
            sleep_ms (30);
            send (line.push, "x");
        });
        zmq_pollitem_t item = {line.pull, 0, ZMQ_POLLIN, 0};
        const Timer timer;
        CHECK (zmq_poll (&item, 1, -1) == 1);
        CHECK (timer.ms () < 3000);
    }
}

TEST_CASE ("descriptors and sockets together; a socket wins over a descriptor in the same item")
{
    Line line;
    Pipe pipe;
    zmq_pollitem_t items[] = {
      {nullptr, pipe.ends[0], ZMQ_POLLIN, 0}, {line.pull, 0, ZMQ_POLLIN, 0}, {nullptr, pipe.ends[1], ZMQ_POLLOUT, 0}};
    CHECK (zmq_poll (items, 3, 0) == 1);
    CHECK (items[2].revents == ZMQ_POLLOUT);
    pipe.write ();
    send (line.push, "x");
    CHECK (wait_for (line.pull, ZMQ_POLLIN));
    CHECK (zmq_poll (items, 3, patience) == 3);
    CHECK (items[0].revents == ZMQ_POLLIN);
    recv (line.pull);
    zmq_pollitem_t both = {line.pull, pipe.ends[0], ZMQ_POLLIN, 0};
    CHECK (zmq_poll (&both, 1, 0) == 0);
}

TEST_CASE ("a descriptor that becomes readable ends the wait")
{
    Line line;
    Pipe pipe;
    Background writer ([&] {
        sleep_ms (30);
        pipe.write ();
    });
    zmq_pollitem_t items[] = {{line.pull, 0, ZMQ_POLLIN, 0}, {nullptr, pipe.ends[0], ZMQ_POLLIN, 0}};
    CHECK (zmq_poll (items, 2, patience) == 1);
    CHECK (items[1].revents == ZMQ_POLLIN);
}

TEST_CASE ("a closed pipe reports an error on its descriptor")
{
    Pipe pipe;
    ::close (pipe.ends[1]);
    zmq_pollitem_t item = {nullptr, pipe.ends[0], ZMQ_POLLIN, 0};
    CHECK (zmq_poll (&item, 1, 0) == 1);
    CHECK ((item.revents & ZMQ_POLLERR) != 0);
    pipe.ends[1] = -1;
}

TEST_CASE ("the same socket may be in the list twice, and many sockets may be")
{
    Context ctx;
    std::vector<Socket> pulls;
    std::vector<zmq_pollitem_t> items;
    std::string last;
    for (int i = 0; i < 100; ++i) {
        pulls.emplace_back (ctx, ZMQ_PULL);
        last = pulls.back ().bind (inproc_name ());
        items.push_back ({pulls.back (), 0, ZMQ_POLLIN, 0});
    }
    items.push_back (items.back ());
    Socket push (ctx, ZMQ_PUSH);
    push.connect (last);
    CHECK (zmq_poll (items.data (), static_cast<int> (items.size ()), 0) == 0);
    send (push, "x");
    CHECK (zmq_poll (items.data (), static_cast<int> (items.size ()), patience) == 2);
    CHECK (items[99].revents == ZMQ_POLLIN);
    CHECK (items[100].revents == ZMQ_POLLIN);
}

TEST_CASE ("a signal ends blocking calls with EINTR")
{
    struct sigaction action = {}, before;
    action.sa_handler = [] (int) {};
    REQUIRE (sigaction (SIGUSR1, &action, &before) == 0);
    Line line;
    const std::function<int ()> calls[] = {[&] {
                                               zmq_pollitem_t item = {line.pull, 0, ZMQ_POLLIN, 0};
                                               return zmq_poll (&item, 1, -1);
                                           },
                                           [&] {
                                               char buffer[8];
                                               line.pull.set (ZMQ_RCVTIMEO, -1);
                                               return zmq_recv (line.pull, buffer, sizeof buffer, 0);
                                           },
                                           [&] {
                                               Context other;
                                               Socket lonely (other, ZMQ_PUSH);
                                               lonely.set (ZMQ_SNDTIMEO, -1);
                                               const int rc = zmq_send (lonely, "x", 1, 0);
                                               const int error = zmq_errno ();
                                               lonely.close ();
                                               other.term ();
                                               errno = error;
                                               return rc;
                                           }};
    for (const auto &call : calls) {
        std::atomic<int> error{0};
        std::atomic<bool> done{false};
        std::thread thread ([&] {
            if (call () == -1)
                error = zmq_errno ();
            done = true;
        });
        // Repeated, as one signal might arrive before the call sleeps.
        wait_until ([&] {
            if (!done)
                pthread_kill (thread.native_handle (), SIGUSR1);
            sleep_ms (10);
            return done.load ();
        });
        thread.join ();
        CHECK (error == EINTR);
    }
    sigaction (SIGUSR1, &before, nullptr);
}

TEST_CASE ("FD: one descriptor for the socket's life")
{
    Line line;
    const int fd = line.pull.get (ZMQ_FD);
    CHECK (fd >= 0);
    CHECK (fcntl (fd, F_GETFD) != -1);
    send (line.push, "x");
    recv (line.pull);
    CHECK (line.pull.get (ZMQ_FD) == fd);
    CHECK (line.push.get (ZMQ_FD) != fd);
}

TEST_CASE ("FD: an idle socket's descriptor is quiet once EVENTS was read")
{
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
        Line line (endpoint);
        send (line.push, "x");
        recv (line.pull);
        const int fd = line.pull.get (ZMQ_FD);
        CHECK (events (line.pull) == 0);
        sleep_ms (20);
        CHECK (events (line.pull) == 0);
        CHECK_FALSE (readable (fd, quiet));
    }
}

TEST_CASE ("FD: becomes readable when a message comes")
{
    TempDir dir;
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name (), dir.ipc ()}) {
        CAPTURE (endpoint);
        Line line (endpoint);
        const int fd = line.pull.get (ZMQ_FD);
        for (int i = 0; i < 20; ++i) {
            while (events (line.pull) != 0)
                recv (line.pull);
            send (line.push, std::to_string (i));
            CHECK (loop_wait (line.pull, fd, ZMQ_POLLIN));
            CHECK (recv (line.pull) == Msg{std::to_string (i)});
        }
    }
}

TEST_CASE ("FD: nothing is left behind when several messages came with one wake-up")
{
    Line line;
    const int fd = line.pull.get (ZMQ_FD);
    for (int round = 0; round < 50; ++round) {
        for (int i = 0; i < 7; ++i)
            send (line.push, std::to_string (i));
        for (int i = 0; i < 7; ++i) {
            CHECK (loop_wait (line.pull, fd, ZMQ_POLLIN));
            CHECK (recv (line.pull) == Msg{std::to_string (i)});
        }
    }
}

TEST_CASE ("FD: a writer's descriptor fires when a full pipe gets room")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_SNDHWM, 1);
    pull.set (ZMQ_RCVHWM, 1);
    push.connect (pull.bind (inproc_name ()));
    const int fd = push.get (ZMQ_FD);
    CHECK (fill (push) == 2);
    CHECK (events (push) == 0);
    CHECK_FALSE (readable (fd, 10));
    recv (pull);
    CHECK (loop_wait (push, fd, ZMQ_POLLOUT));
    CHECK (try_send (push, "x") == 1);
}

TEST_CASE ("FD: a peer that sends without end, read only through the event loop's contract")
{
    Line line;
    const int fd = line.pull.get (ZMQ_FD);
    constexpr int count = 20000;
    Background sender ([&] {
        for (int i = 0; i < count; ++i)
            send (line.push, std::to_string (i));
    });
    for (int received = 0; received < count;) {
        REQUIRE (loop_wait (line.pull, fd, ZMQ_POLLIN));
        while (received < count && can_recv (line.pull))
            if (recv (line.pull) != Msg{std::to_string (received++)})
                FAIL ("message " << received - 1);
    }
}

TEST_CASE ("FD: request and reply between two loops")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.connect (rep.bind ());
    Background server ([&] {
        const int fd = rep.get (ZMQ_FD);
        for (int i = 0; i < 300; ++i) {
            if (!loop_wait (rep, fd, ZMQ_POLLIN))
                return;
            send (rep, recv (rep));
        }
    });
    const int fd = req.get (ZMQ_FD);
    for (int i = 0; i < 300; ++i) {
        REQUIRE (loop_wait (req, fd, ZMQ_POLLOUT));
        send (req, std::to_string (i));
        REQUIRE (loop_wait (req, fd, ZMQ_POLLIN));
        CHECK (recv (req) == Msg{std::to_string (i)});
    }
}

TEST_CASE ("data buffered in the engine shows in EVENTS and poll, not only the first message")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    std::string bytes;
    for (int i = 0; i < 500; ++i)
        bytes += wire::frame (std::to_string (i));
    peer.send (bytes);  // one write: much more than one message is read at once
    for (int i = 0; i < 500; ++i) {
        REQUIRE (wait_for (pull, ZMQ_POLLIN));
        CHECK (recv_frame (pull, ZMQ_DONTWAIT) == std::to_string (i));
    }
    CHECK (silent (pull, 5));
}
