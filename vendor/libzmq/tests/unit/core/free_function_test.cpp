// Where free functions of the application run: never with a strand held, and in a call on a socket only where nobody else could run them.
#include <atomic>
#include <cerrno>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>
#include <zmq_ext.h>

#include "base/clock.hpp"
#include "core/held_socket.hpp"
#include "message/released.hpp"

using namespace engine;
using held::HeldSocket;

namespace {

// A body whose free function notes where it runs.
struct Body
{
    char bytes[100] = {};
    std::thread::id caller = std::this_thread::get_id ();
    std::atomic<int> freed{0};
    std::atomic<bool> in_caller{false}, collected{false};
    std::string *order = nullptr;

    static void release (void *, void *hint)
    {
        auto *const self = static_cast<Body *> (hint);
        self->in_caller = std::this_thread::get_id () == self->caller;
        self->collected = Released::here () != nullptr;
        if (self->order)
            *self->order += self->bytes[0];
        errno = EDOM;
        ++self->freed;
    }
    void put_into (Msg &frame) { REQUIRE (frame.init_external (bytes, sizeof bytes, release, this) == 0); }
    bool freed_in_time () const
    {
        for (const Nanoseconds deadline = now () + held::patience; freed == 0 && now () < deadline;)
            ::poll (nullptr, 0, 1);
        return freed == 1 && !collected;
    }
};

void *bound (void *context, int type, std::string &endpoint)
{
    void *const socket = zmq_socket (context, type);
    REQUIRE (zmq_bind (socket, endpoint.c_str ()) == 0);
    char text[200];
    std::size_t size = sizeof text;
    REQUIRE (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, text, &size) == 0);
    endpoint = text;
    return socket;
}

}  // namespace

TEST_CASE ("free functions: where nobody collects they are called at once, else in the order of release, with errno kept")
{
    std::string order;
    Body bodies[4];
    for (int i = 0; i < 4; ++i) {
        bodies[i].bytes[0] = static_cast<char> ('0' + i);
        bodies[i].order = &order;
    }
    Msg frame;
    bodies[0].put_into (frame);
    frame.reset ();
    CHECK (order == "0");
    {
        Released first, second;
        first.collect ();
        bodies[1].put_into (frame);
        frame.reset ();
        bodies[2].put_into (frame);
        frame.reset ();
        second.collect ();
        bodies[3].put_into (frame);
        frame.reset ();
        Released::stop ();
        CHECK (order == "0");
        first.take (second);
        CHECK (second.empty ());
        errno = EAGAIN;
        first.run ();
        CHECK (errno == EAGAIN);
        CHECK (first.empty ());
    }
    CHECK (order == "0123");
}

TEST_CASE ("free functions: a body that is dropped with the strand held is freed when that is let go")
{
    for (const bool wait : {false, true}) {
        CAPTURE (wait);
        HeldSocket socket (ZMQ_PUB);
        Body body;
        Msg frame;
        body.put_into (frame);
        CHECK (socket.socket ().try_send (frame) == 0);  // nobody subscribes
        CHECK (body.freed == 0);
        if (wait) {
            socket.guard ().unlock ();
            CHECK (body.freed_in_time ());
            REQUIRE (socket.guard ().relock ());
        } else
            socket.let_go ();
        CHECK (body.freed_in_time ());
        CHECK_FALSE (body.in_caller);  // it has a reactor
    }
}

TEST_CASE ("free functions: a call on a socket with inproc only runs them itself, but for the last")
{
    void *const context = zmq_ctx_new ();
    std::string endpoint = "inproc://free";
    void *const pull = bound (context, ZMQ_PULL, endpoint);
    void *const push = zmq_socket (context, ZMQ_PUSH);
    REQUIRE (zmq_connect (push, endpoint.c_str ()) == 0);
    Body read, left;
    for (Body *body : {&read, &left}) {
        zmq_msg_t message;
        REQUIRE (zmq_msg_init_data (&message, body->bytes, sizeof body->bytes, Body::release, body) == 0);
        REQUIRE (zmq_msg_send (&message, push, 0) == sizeof body->bytes);
    }
    char buffer[100];
    REQUIRE (zmq_recv (pull, buffer, sizeof buffer, 0) == sizeof buffer);
    CHECK (read.freed == 1);
    CHECK (read.in_caller);
    CHECK_FALSE (read.collected);
    zmq_close (push);
    zmq_close (pull);
    zmq_ctx_term (context);
    CHECK (left.freed == 1);
    CHECK_FALSE (left.in_caller);
    CHECK_FALSE (left.collected);
}

TEST_CASE ("free functions: one that may be called anywhere is called at once")
{
    HeldSocket socket (ZMQ_PUB);
    Body body;
    zmq_msg_t message;
    REQUIRE (zmq_ext_msg_init_data (&message, body.bytes, sizeof body.bytes, Body::release, &body) == 0);
    CHECK (socket.socket ().try_send (reinterpret_cast<Msg &> (message)) == 0);
    CHECK (body.freed == 1);
    CHECK (body.in_caller);
    CHECK (zmq_ext_msg_init_data (nullptr, body.bytes, 1, Body::release, &body) == -1);
    CHECK (errno == EFAULT);
}
