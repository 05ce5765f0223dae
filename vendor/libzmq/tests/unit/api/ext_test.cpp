// zmq_ext.h through the front door: handles and sending; each error as the header promises it.
#include <cstring>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "api/ext_couple.hpp"

using namespace ext;

TEST_CASE ("ext: the version is the header's") { CHECK (zmq_ext_version () == ZMQ_EXT_VERSION); }

// ---- every function: handles ----

TEST_CASE ("ext: what is no socket is ENOTSOCK, a terminated context ETERM")
{
    const zmq_ext_bytes_t bytes{"x", 1};
    Messages messages (1);
    zmq_msg_t *frames = messages.data ();
    Place place;
    zmq_ext_stats_t stats;
    const auto all = [&] (void *socket, int error) {
        CHECK (outcome (zmq_ext_send_many (socket, &bytes, 1, 0)) == failed (error));
        CHECK (outcome (zmq_ext_recv_many (socket, frames, 1, 0)) == failed (error));
        CHECK (outcome (zmq_ext_recv_placed (socket, Place::give, &place, frames, 0)) == failed (error));
        CHECK (outcome (zmq_ext_send_parts (socket, &bytes, 1, 0)) == failed (error));
        CHECK (outcome (zmq_ext_msg_send_parts (socket, frames, 1, 0)) == failed (error));
        CHECK (outcome (zmq_ext_recv_messages (socket, &frames, 1, 1, 0)) == failed (error));
        CHECK (outcome (zmq_ext_socket_stats (socket, &stats, sizeof stats)) == failed (error));
        CHECK (outcome (zmq_ext_spin (socket, ZMQ_POLLIN)) == failed (error));
        CHECK (outcome (zmq_ext_subscribers (socket, "", 0)) == failed (error));
        CHECK (outcome (zmq_ext_socket_monitor (socket, "inproc://ext-events", ZMQ_EVENT_ALL)) == failed (error));
        CHECK (outcome (zmq_ext_wait_peers (socket, 0, 0)) == failed (error));
        CHECK (outcome (zmq_ext_wait_subscribers (socket, "", 0, 0, 0)) == failed (error));
        CHECK (outcome (zmq_ext_flush (socket, 0)) == failed (error));
        CHECK (place.asked.empty ());
    };
    all (nullptr, ENOTSOCK);
    Couple couple ("inproc://ext", ZMQ_PAIR, ZMQ_PAIR);
    all (couple.context, ENOTSOCK);
    void *const closed = zmq_socket (couple.context, ZMQ_PAIR);
    REQUIRE (zmq_close (closed) == 0);
    all (closed, ENOTSOCK);
    couple.send ({"there"});
    REQUIRE (zmq_ctx_shutdown (couple.context) == 0);
    all (couple.to, ETERM);
}

// ---- batches ----

TEST_CASE ("ext: send_many sends single parts in order, copying each")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        Bodies bodies = {"", "a", std::string (33, 'b'), std::string (34, 'c'), std::string (70000, 'd')};
        const Bodies before = bodies;
        CHECK (zmq_ext_send_many (couple.from, list (bodies).data (), bodies.size (), 0) == 5);
        for (std::string &body : bodies)
            body.assign (body.size (), '!');
        for (const std::string &expected : before)
            CHECK (couple.receive () == expected);
    }
}

TEST_CASE ("ext: send_many's arguments")
{
    const Couple couple ("inproc://ext");
    const zmq_ext_bytes_t three[] = {{"one", 3}, {nullptr, 0}, {nullptr, 1}};
    CHECK (zmq_ext_send_many (couple.from, nullptr, 0, 0) == 0);
    CHECK (outcome (zmq_ext_send_many (couple.from, nullptr, 1, 0)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_send_many (couple.from, three, 1, ZMQ_SNDMORE)) == failed (EINVAL));
    CHECK (outcome (zmq_ext_send_many (couple.from, &three[2], 1, 0)) == failed (EFAULT));
    // Those before the bad one were accepted.
    CHECK (zmq_ext_send_many (couple.from, three, 3, 0) == 2);
    CHECK (couple.receive () == "one");
    CHECK (couple.receive () == "");
    CHECK (stats_of (couple.from).messages_out == 2);
}

TEST_CASE ("ext: send_many stops where the socket would block, and says how far it came")
{
    const Couple couple ("inproc://ext", ZMQ_PUSH, ZMQ_PULL, 2);  // inproc: 2 of the sender's, 2 of the receiver's
    const Bodies bodies = {"1", "2", "3", "4", "5", "6"};
    CHECK (zmq_ext_send_many (couple.from, list (bodies).data (), 6, ZMQ_DONTWAIT) == 4);
    CHECK (outcome (zmq_ext_send_many (couple.from, list (bodies).data (), 6, ZMQ_DONTWAIT)) == failed (EAGAIN));
    set (couple.from, ZMQ_SNDTIMEO, 20);
    const Nanoseconds start = now ();
    CHECK (outcome (zmq_ext_send_many (couple.from, list (bodies).data (), 6, 0)) == failed (EAGAIN));
    CHECK (now () - start >= 20 * millisecond);
    for (const char *expected : {"1", "2", "3", "4"})
        CHECK (couple.receive () == expected);
    CHECK (zmq_ext_send_many (couple.from, list (bodies).data (), 6, 0) == 4);
}

TEST_CASE ("ext: send_many goes on while the receiver makes room")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint, ZMQ_PUSH, ZMQ_PULL, 2);
        Bodies bodies;
        for (int i = 0; i < 300; ++i)
            bodies.push_back (std::to_string (i) + std::string (10000, '.'));
        int sent = 0;
        std::thread sender ([&] { sent = zmq_ext_send_many (couple.from, list (bodies).data (), bodies.size (), 0); });
        bool same = true;
        for (const std::string &body : bodies)
            same &= couple.receive () == body;
        sender.join ();
        CHECK (same);
        CHECK (sent == 300);
    }
}

TEST_CASE ("ext: send_many fails as zmq_send does when the first is refused")
{
    const Couple couple ("inproc://ext", ZMQ_REQ, ZMQ_REP);
    const Bodies bodies = {"question", "another"};
    CHECK (zmq_ext_send_many (couple.from, list (bodies).data (), 2, 0) == 1);
    CHECK (outcome (zmq_ext_send_many (couple.from, list (bodies).data (), 2, 0)) == failed (EFSM));
    CHECK (couple.receive () == "question");
    // A socket that does not send at all.
    void *const pull = zmq_socket (couple.context, ZMQ_PULL);
    CHECK (outcome (zmq_ext_send_many (pull, list (bodies).data (), 2, 0)) == failed (ENOTSUP));
    zmq_close (pull);
}

// ---- whole messages ----

TEST_CASE ("ext: send_parts makes one message of the parts")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        Bodies parts = {"", std::string (33, 'a'), std::string (34, 'b'), std::string (70000, 'c')};
        const Bodies before = parts;
        CHECK (zmq_ext_send_parts (couple.from, list (parts).data (), 4, 0) == 4);
        for (std::string &part : parts)
            part.assign (part.size (), '!');
        for (std::size_t i = 0; i < 4; ++i)
            CHECK (couple.receive () == before[i] + (i < 3 ? "+" : ""));
        // Parts of one message in two calls, the second one being any.
        CHECK (zmq_ext_send_parts (couple.from, list ({"a", "b"}).data (), 2, ZMQ_SNDMORE) == 2);
        CHECK (zmq_ext_send_parts (couple.from, list ({"c"}).data (), 1, ZMQ_DONTWAIT) == 1);
        for (const char *expected : {"a+", "b+", "c"})
            CHECK (couple.receive () == expected);
    }
}

TEST_CASE ("ext: send_parts owns what the kernel did not take of a part")
{
    const Couple couple ("tcp://127.0.0.1:*");
    couple.send ({"connected"});
    CHECK (couple.receive () == "connected");
    Bodies parts = {"head", std::string (16 << 20, 'L')};
    const std::string before = parts[1];
    CHECK (zmq_ext_send_parts (couple.from, list (parts).data (), 2, 0) == 2);
    parts[1].assign (parts[1].size (), '!');
    CHECK (couple.receive () == "head+");
    const bool same = couple.receive () == before;
    CHECK (same);
}

TEST_CASE ("ext: send_parts refuses bad arguments before anything is sent")
{
    const Couple couple ("inproc://ext");
    const zmq_ext_bytes_t parts[] = {{"a", 1}, {nullptr, 1}};
    CHECK (outcome (zmq_ext_send_parts (couple.from, parts, 2, 0)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_send_parts (couple.from, nullptr, 1, 0)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_send_parts (couple.from, parts, 0, 0)) == failed (EINVAL));
    CHECK (outcome (zmq_ext_send_parts (couple.from, nullptr, 0, 0)) == failed (EINVAL));
    const zmq_ext_bytes_t empty{nullptr, 0};
    CHECK (zmq_ext_send_parts (couple.from, &empty, 1, 0) == 1);
    CHECK (couple.receive () == "");
}

TEST_CASE ("ext: send_parts takes a message whole or not at all where it would block")
{
    const Couple couple ("inproc://ext", ZMQ_PUSH, ZMQ_PULL, 1);  // room for two messages
    const Bodies parts = {"a", "b", "c"};
    CHECK (zmq_ext_send_parts (couple.from, list (parts).data (), 3, ZMQ_DONTWAIT) == 3);
    CHECK (zmq_ext_send_parts (couple.from, list (parts).data (), 3, ZMQ_DONTWAIT) == 3);
    CHECK (outcome (zmq_ext_send_parts (couple.from, list (parts).data (), 3, ZMQ_DONTWAIT)) == failed (EAGAIN));
    set (couple.from, ZMQ_SNDTIMEO, 20);
    CHECK (outcome (zmq_ext_send_parts (couple.from, list (parts).data (), 3, 0)) == failed (EAGAIN));
    for (int i = 0; i < 2; ++i)
        for (const char *expected : {"a+", "b+", "c"})
            CHECK (couple.receive () == expected);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, ZMQ_DONTWAIT)) == failed (EAGAIN));
}

TEST_CASE ("ext: send_parts says how many parts were taken when the rest could not be")
{
    const Couple couple ("tcp://127.0.0.1:*", ZMQ_STREAM, ZMQ_STREAM);
    char id[256];
    const int size = zmq_recv (couple.to, id, sizeof id, 0);  // of the connection's notice
    REQUIRE (size > 0);
    REQUIRE (zmq_recv (couple.to, nullptr, 0, 0) == 0);
    const zmq_ext_bytes_t parts[] = {{id, static_cast<std::size_t> (size)}, {"bytes", 5}, {"nobody", 6}, {"lost", 4}};
    errno = 0;
    CHECK (zmq_ext_send_parts (couple.to, parts, 4, 0) == 2);
    CHECK (errno == EHOSTUNREACH);
    CHECK (outcome (zmq_ext_send_parts (couple.to, parts + 2, 2, 0)) == failed (EHOSTUNREACH));
    // The same with messages: those that were not taken are as they were.
    Messages messages (Bodies{std::string (id, static_cast<std::size_t> (size)), "again", "nobody", "kept"});
    CHECK (zmq_ext_msg_send_parts (couple.to, messages.data (), 4, 0) == 2);
    CHECK (zmq_msg_size (&messages[0]) == 0);
    CHECK (zmq_msg_size (&messages[1]) == 0);
    CHECK (zmq_msg_size (&messages[2]) == 6);
    CHECK (std::string (static_cast<const char *> (zmq_msg_data (&messages[3])), zmq_msg_size (&messages[3])) == "kept");
    for (std::string all; all.size () < 10;) {
        char buffer[64];
        int count = zmq_recv (couple.from, buffer, sizeof buffer, 0);
        REQUIRE (count >= 0);
        if (get (couple.from, ZMQ_RCVMORE))
            continue;  // the id
        all.append (buffer, static_cast<std::size_t> (count));
        if (all.size () >= 10)
            CHECK (all == "bytesagain");
    }
}

TEST_CASE ("ext: msg_send_parts moves the bodies and leaves empty messages")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        const Bodies bodies = {"short", std::string (50000, 'l'), "end"};
        Messages messages (bodies);
        const void *const body = zmq_msg_data (&messages[1]);
        CHECK (zmq_ext_msg_send_parts (couple.from, messages.data (), 3, 0) == 3);
        for (std::size_t i = 0; i < 3; ++i)
            CHECK (zmq_msg_size (&messages[i]) == 0);
        CHECK (couple.receive () == "short+");
        zmq_msg_t large;
        zmq_msg_init (&large);
        REQUIRE (zmq_msg_recv (&large, couple.to, 0) == 50000);
        CHECK (text (large) == bodies[1] + "+");
        if (endpoint.starts_with ("inproc"))
            CHECK (zmq_msg_data (&large) == body);
        zmq_msg_close (&large);
        CHECK (couple.receive () == "end");
        // In two calls.
        Messages more (Bodies{"a", "b"});
        CHECK (zmq_ext_msg_send_parts (couple.from, &more[0], 1, ZMQ_SNDMORE) == 1);
        CHECK (zmq_ext_msg_send_parts (couple.from, &more[1], 1, 0) == 1);
        CHECK (couple.receive () == "a+");
        CHECK (couple.receive () == "b");
    }
}

TEST_CASE ("ext: msg_send_parts refuses bad arguments before anything is sent, and messages it does not take stay")
{
    const Couple couple ("inproc://ext", ZMQ_PUSH, ZMQ_PULL, 1);
    {
        Messages messages (Bodies{"a", "b", "c"});
        zmq_msg_close (&messages[1]);
        CHECK (outcome (zmq_ext_msg_send_parts (couple.from, messages.data (), 3, 0)) == failed (EFAULT));
        CHECK (zmq_msg_size (&messages[0]) == 1);
        CHECK (zmq_msg_size (&messages[2]) == 1);
    }
    Messages messages (Bodies{"a", "b"});
    CHECK (outcome (zmq_ext_msg_send_parts (couple.from, nullptr, 1, 0)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_msg_send_parts (couple.from, messages.data (), 0, 0)) == failed (EINVAL));
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, ZMQ_DONTWAIT)) == failed (EAGAIN));
    couple.send ({"full"});
    couple.send ({"full"});
    CHECK (outcome (zmq_ext_msg_send_parts (couple.from, messages.data (), 2, ZMQ_DONTWAIT)) == failed (EAGAIN));
    CHECK (std::memcmp (zmq_msg_data (&messages[0]), "a", 1) == 0);
    CHECK (zmq_msg_size (&messages[1]) == 1);
    CHECK (couple.receive () == "full");
    CHECK (couple.receive () == "full");
    CHECK (zmq_ext_msg_send_parts (couple.from, messages.data (), 2, 0) == 2);
    CHECK (couple.receive () == "a+");
    CHECK (couple.receive () == "b");
}
