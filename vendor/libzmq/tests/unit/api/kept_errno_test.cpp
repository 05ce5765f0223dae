// What a call says stays what it says, whatever the end of the call still has to do.
#include <cerrno>

#include <doctest/doctest.h>

#include "api/ext_couple.hpp"
#include "no_watches.hpp"

using namespace ext;

TEST_CASE ("a receive that finds nothing says EAGAIN, although what may come cannot be watched")
{
    void *const context = zmq_ctx_new ();
    void *const socket = zmq_socket (context, ZMQ_PAIR);
    void *const peer = zmq_socket (context, ZMQ_PAIR);
    set (socket, ZMQ_RCVHWM, 1);
    set (socket, ZMQ_RCVTIMEO, patience);
    char endpoint[64];
    std::size_t size = sizeof endpoint;
    REQUIRE (zmq_bind (socket, "tcp://127.0.0.1:*") == 0);
    REQUIRE (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    REQUIRE (zmq_connect (peer, endpoint) == 0);
    REQUIRE (get (socket, ZMQ_FD) >= 0);
    REQUIRE (zmq_send (peer, "message", 7, 0) == 7);
    // With it the queue was full, so at the end of the call nothing was wanted of the connection, and nobody watched it.
    char body[8];
    REQUIRE (zmq_recv (socket, body, sizeof body, 0) == 7);
    {
        const NoWatches no_watches;
        CHECK (zmq_recv (socket, body, sizeof body, ZMQ_DONTWAIT) < 0);
        CHECK (errno == EAGAIN);
        CHECK (no_watches.refused () > 0);
    }
    zmq_close (socket);
    zmq_close (peer);
    zmq_ctx_term (context);
}

TEST_CASE ("a free function that changes errno changes no call's")
{
    void *const context = zmq_ctx_new ();
    void *const from = zmq_socket (context, ZMQ_PUB);
    void *const to = zmq_socket (context, ZMQ_SUB);
    REQUIRE (zmq_bind (from, "inproc://kept-errno") == 0);
    REQUIRE (zmq_connect (to, "inproc://kept-errno") == 0);
    REQUIRE (zmq_setsockopt (to, ZMQ_SUBSCRIBE, "a", 1) == 0);
    char none[8];
    REQUIRE (zmq_recv (from, none, sizeof none, ZMQ_DONTWAIT) < 0);  // (a PUB cannot; but it hears of subscriptions)
    static char body[100] = "a";
    zmq_msg_t message;
    REQUIRE (zmq_msg_init_data (
               &message, body, sizeof body, [] (void *, void *) { errno = ENOTDIR; }, nullptr) == 0);
    REQUIRE (zmq_msg_send (&message, from, 0) == sizeof body);
    // Nobody wants it any more: it is dropped by the next look for a message.
    REQUIRE (zmq_setsockopt (to, ZMQ_UNSUBSCRIBE, "a", 1) == 0);
    CHECK (zmq_recv (to, none, sizeof none, ZMQ_DONTWAIT) < 0);
    CHECK (errno == EAGAIN);
    zmq_close (from);
    zmq_close (to);
    zmq_ctx_term (context);
}
