// vectors_and_timeouts.cpp - zmq_sendiov and zmq_recviov; how long calls with a time-out wait, and that DONTWAIT does not.
#include "harness.hpp"
#include "monitor.hpp"

#include <climits>

#include <cstdlib>
#include <sys/uio.h>

using namespace conf;

namespace {
struct Line
{
    Context ctx;
    Socket a{ctx, ZMQ_PAIR}, b{ctx, ZMQ_PAIR};
    Line () { b.connect (a.bind (inproc_name ())); }
};

std::vector<iovec> vectors (Msg &parts)
{
    std::vector<iovec> list;
    for (std::string &part : parts)
        list.push_back ({part.data (), part.size ()});
    return list;
}

// The parts of one zmq_recviov call with room for `room`.
Msg receive (void *socket, size_t room, int &rc)
{
    std::vector<iovec> list (room, iovec{nullptr, 0});
    size_t count = room;
    rc = zmq_recviov (socket, list.data (), &count, 0);
    Msg parts;
    for (size_t i = 0; rc >= 0 && i < count; ++i) {
        parts.emplace_back (static_cast<char *> (list[i].iov_base), list[i].iov_len);
        std::free (list[i].iov_base);
    }
    return parts;
}
}  // namespace

TEST_CASE ("sendiov with SNDMORE: one message of several parts")
{
    Line line;
    Msg parts{"one", "", std::string (500, 'x')};
    std::vector<iovec> list = vectors (parts);
    CHECK (zmq_sendiov (line.a, list.data (), list.size (), ZMQ_SNDMORE) == 500);
    CHECK (recv (line.b) == parts);
}

TEST_CASE ("sendiov without SNDMORE: one message a part")
{
    Line line;
    Msg parts{"one", "two"};
    std::vector<iovec> list = vectors (parts);
    CHECK (zmq_sendiov (line.a, list.data (), list.size (), 0) == 3);
    CHECK (recv (line.b) == Msg{"one"});
    CHECK (recv (line.b) == Msg{"two"});
}

TEST_CASE ("recviov: the parts of one message, in memory of the caller's to free")
{
    Line line;
    send (line.a, Msg{"one", "two", "three"});
    send (line.a, "next");
    int rc = 0;
    CHECK (receive (line.b, 10, rc) == Msg{"one", "two", "three"});
    CHECK (rc == 3);
    CHECK (receive (line.b, 10, rc) == Msg{"next"});
    CHECK (rc == 1);
}

TEST_CASE ("recviov: what does not fit stays to be received")
{
    Line line;
    send (line.a, Msg{"1", "2", "3", "4"});
    int rc = 0;
    CHECK (receive (line.b, 3, rc) == Msg{"1", "2", "3"});
    CHECK (rc == 3);
    CHECK (line.b.get (ZMQ_RCVMORE) == 1);
    CHECK (recv (line.b) == Msg{"4"});
}

TEST_CASE ("recviov with nothing there: EAGAIN")
{
    Line line;
    iovec vector = {nullptr, 0};
    size_t count = 1;
    CHECK_ERRNO (zmq_recviov (line.b, &vector, &count, ZMQ_DONTWAIT), EAGAIN);
}

TEST_CASE ("RCVTIMEO: EAGAIN not earlier than the time, and not much later")
{
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
        Context ctx;
        Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
        push.connect (pull.bind (endpoint));
        char buffer[8];
        for (const int ms : {1, 5, 20, 60}) {
            CAPTURE (ms);
            pull.set (ZMQ_RCVTIMEO, ms);
            const Timer timer;
            CHECK_ERRNO (zmq_recv (pull, buffer, sizeof buffer, 0), EAGAIN);
            CHECK (timer.reached (ms));
            CHECK (timer.ms () < ms + 1000);
        }
    }
}

TEST_CASE ("SNDTIMEO: EAGAIN not earlier than the time")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.bind ();
    for (const int ms : {1, 20, 60}) {
        CAPTURE (ms);
        push.set (ZMQ_SNDTIMEO, ms);
        const Timer timer;
        CHECK_ERRNO (send_frame (push, "x"), EAGAIN);
        CHECK (timer.reached (ms));
        CHECK (timer.ms () < ms + 1000);
    }
}

TEST_CASE ("a time-out of 0 is DONTWAIT")
{
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    pair.set (ZMQ_RCVTIMEO, 0).set (ZMQ_SNDTIMEO, 0);
    const Timer timer;
    char buffer[8];
    for (int i = 0; i < 100; ++i) {
        CHECK_ERRNO (zmq_recv (pair, buffer, sizeof buffer, 0), EAGAIN);
        CHECK_ERRNO (send_frame (pair, "x"), EAGAIN);
    }
    CHECK (timer.ms () < 1000);
}

TEST_CASE ("DONTWAIT waits neither for SNDTIMEO nor for RCVTIMEO")
{
    Context ctx;
    char buffer[8];
    for (const int type : {ZMQ_PAIR, ZMQ_DEALER}) {
        Socket socket (ctx, type);
        socket.set (ZMQ_RCVTIMEO, -1).set (ZMQ_SNDTIMEO, -1);
        socket.bind ();
        const Timer timer;
        CHECK_ERRNO (zmq_recv (socket, buffer, sizeof buffer, ZMQ_DONTWAIT), EAGAIN);
        CHECK_ERRNO (try_send (socket, "x"), EAGAIN);
        CHECK_ERRNO (try_send (socket, "x", ZMQ_SNDMORE), EAGAIN);
        CHECK (timer.ms () < 1000);
    }
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_SNDHWM, 1).set (ZMQ_SNDTIMEO, -1);
    pull.set (ZMQ_RCVHWM, 1);
    push.connect (pull.bind (inproc_name ()));
    const Timer timer;
    CHECK (fill (push) == 2);  // ends by EAGAIN
    CHECK (timer.ms () < 1000);
}

TEST_CASE ("a message that comes within RCVTIMEO is received")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    Background sender ([&] {
        sleep_ms (30);
        send (push, "x");
    });
    pull.set (ZMQ_RCVTIMEO, patience);
    const Timer timer;
    CHECK (recv (pull) == Msg{"x"});
    CHECK (timer.ms () < patience - 1000);
}

TEST_CASE ("poll: never earlier than its time-out")
{
    Line line;
    zmq_pollitem_t item = {line.a, 0, ZMQ_POLLIN, 0};
    for (const int ms : {1, 5, 20, 60}) {
        CAPTURE (ms);
        const Timer timer;
        CHECK (zmq_poll (&item, 1, ms) == 0);
        CHECK (timer.reached (ms));
        CHECK (timer.ms () < ms + 1000);
    }
}

// Beyond what a clock of nanoseconds can add: they wait, instead of ending at once.
TEST_CASE ("the longest time-outs wait until something comes")
{
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
        CAPTURE (endpoint);
        Context ctx;
        Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
        b.connect (a.bind (endpoint));
        b.set (ZMQ_RCVTIMEO, INT_MAX).set (ZMQ_SNDTIMEO, INT_MAX);
        const auto waits = [&] (const std::function<int ()> &call, bool receives) {
            std::atomic<int> result{-2};
            Background waiter ([&] { result = call (); });
            CHECK_FALSE (waiter.wait (quiet));
            send (a, "x");
            CHECK (waiter.wait ());
            if (!receives)
                CHECK (recv (b) == Msg{"x"});
            return result.load ();
        };
        for (const long ms : {LONG_MAX, LONG_MAX - 1, LONG_MAX / 1000000, LONG_MAX / 1000000 - 1, 10000000000000L}) {
            CAPTURE (ms);
            zmq_pollitem_t item = {b, 0, ZMQ_POLLIN, 0};
            CHECK (waits ([&] { return zmq_poll (&item, 1, ms); }, false) == 1);
        }
        char buffer[8];
        CHECK (waits ([&] { return zmq_recv (b, buffer, sizeof buffer, 0); }, true) == 1);
    }
}

TEST_CASE ("the longest intervals of connections do not end them")
{
    Context ctx;
    Socket a (ctx, ZMQ_DEALER), b (ctx, ZMQ_DEALER);
    for (Socket *const socket : {&a, &b})
        for (const int option : {ZMQ_HANDSHAKE_IVL, ZMQ_CONNECT_TIMEOUT, ZMQ_HEARTBEAT_IVL, ZMQ_HEARTBEAT_TIMEOUT, ZMQ_LINGER,
                                 ZMQ_RECONNECT_IVL, ZMQ_RECONNECT_IVL_MAX})
            socket->set (option, INT_MAX);
    b.connect (a.bind ());
    for (int i = 0; i < 3; ++i) {
        send (a, "x");
        CHECK (recv (b) == Msg{"x"});
        sleep_ms (5);
    }
    // The longest LINGER lets all go out.
    const std::string endpoint = a.text (ZMQ_LAST_ENDPOINT);
    a.close ();
    b.close ();
    Socket late (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    push.set (ZMQ_LINGER, INT_MAX);
    const std::string unused = unused_endpoint ();
    push.connect (unused);
    send (push, "x");
    push.close ();
    late.bind (unused);
    CHECK (recv (late) == Msg{"x"});
}

TEST_CASE ("the longest pause before connecting again does not wrap round into none")
{
    if (oracle ())
        return;  // adds to it what an int does not hold
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, INT_MAX);
    Monitor monitor (ctx, push);
    push.connect (unused_endpoint ());
    CHECK (monitor.wait (ZMQ_EVENT_CONNECT_RETRIED).value == INT_MAX);
    CHECK (monitor.rest ().empty ());
}
