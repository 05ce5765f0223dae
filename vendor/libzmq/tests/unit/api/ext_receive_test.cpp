// zmq_ext.h's ways of receiving: batches of frames, whole messages, parts that are placed.
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "api/ext_couple.hpp"

using namespace ext;

// ---- batches ----

TEST_CASE ("ext: recv_many takes what is there, and no more than the array holds")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        for (const char *body : {"1", "2", "3", "4", "5"})
            couple.send ({body});
        REQUIRE (couple.arrived (5));
        Messages frames (8);
        REQUIRE (zmq_ext_recv_many (couple.to, frames.data (), 2, 0) == 2);
        CHECK (text (frames[0]) == "1");
        CHECK (text (frames[1]) == "2");
        REQUIRE (zmq_ext_recv_many (couple.to, frames.data (), 8, 0) == 3);
        CHECK (text (frames[0]) == "3");
        CHECK (text (frames[2]) == "5");
        CHECK (text (frames[3]) == "");
    }
}

TEST_CASE ("ext: recv_many may cut a multipart message at the end of the array")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        couple.send ({"a", "b", "c"});
        couple.send ({"d"});
        REQUIRE (couple.arrived (2));
        Messages frames (4);
        REQUIRE (zmq_ext_recv_many (couple.to, frames.data (), 2, 0) == 2);
        CHECK (text (frames[0]) == "a+");
        CHECK (text (frames[1]) == "b+");
        CHECK (get (couple.to, ZMQ_RCVMORE) == 1);
        REQUIRE (zmq_ext_recv_many (couple.to, frames.data (), 4, 0) == 2);
        CHECK (text (frames[0]) == "c");
        CHECK (text (frames[1]) == "d");
        CHECK (get (couple.to, ZMQ_RCVMORE) == 0);
    }
}

TEST_CASE ("ext: recv_many waits for the first frame, as zmq_msg_recv does")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        Messages frames (2);
        CHECK (outcome (zmq_ext_recv_many (couple.to, frames.data (), 2, ZMQ_DONTWAIT)) == failed (EAGAIN));
        set (couple.to, ZMQ_RCVTIMEO, 20);
        const Nanoseconds start = now ();
        CHECK (outcome (zmq_ext_recv_many (couple.to, frames.data (), 2, 0)) == failed (EAGAIN));
        CHECK (now () - start >= 20 * millisecond);
        set (couple.to, ZMQ_RCVTIMEO, patience);
        std::thread sender ([&] { zmq_send (couple.from, "late", 4, 0); });
        CHECK (zmq_ext_recv_many (couple.to, frames.data (), 2, 0) == 1);
        sender.join ();
        CHECK (text (frames[0]) == "late");
        CHECK (outcome (zmq_ext_recv_many (couple.to, nullptr, 2, 0)) == failed (EFAULT));
        CHECK (outcome (zmq_ext_recv_many (couple.to, frames.data (), 0, 0)) == failed (EINVAL));
        CHECK (outcome (zmq_ext_recv_many (couple.from, frames.data (), 2, 0)) == failed (ENOTSUP));
    }
}

// ---- whole messages ----

TEST_CASE ("ext: recv_messages takes whole messages up to the limit")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        couple.send ({"a", "b"});
        couple.send ({"c"});
        couple.send ({"d", "e", "f"});
        REQUIRE (couple.arrived (3));
        Taken taken = take (couple.to, 8, 2);
        CHECK (taken.parts == Bodies{"a+", "b", "c"});
        CHECK_FALSE (taken.grown);
        taken = take (couple.to, 8, 2);
        CHECK (taken.parts == Bodies{"d+", "e+", "f"});
        CHECK_FALSE (taken.grown);
    }
}

TEST_CASE ("ext: recv_messages begins no message without room, and finishes each it began in a larger array")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        for (const char *body : {"1", "2", "3"})
            couple.send ({body});
        couple.send ({"a", "b"});
        couple.send ({"c", "d"});
        couple.send ({"e", "f"});
        couple.send (Bodies (20, "x"));
        REQUIRE (couple.arrived (7));
        Taken taken = take (couple.to, 3, 100);
        CHECK (taken.parts == Bodies{"1", "2", "3"});
        CHECK_FALSE (taken.grown);
        // The second begins in the last place, the third has none.
        taken = take (couple.to, 3, 100);
        CHECK (taken.parts == Bodies{"a+", "b", "c+", "d", "e+", "f"});
        CHECK (taken.grown);
        taken = take (couple.to, 1, 100);
        CHECK (taken.grown);
        REQUIRE (taken.parts.size () == 20);
        CHECK (taken.parts[18] == "x+");
        CHECK (taken.parts[19] == "x");
    }
}

TEST_CASE ("ext: recv_messages takes the rest of a message that was begun before")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        couple.send ({"a", "b", "c"});
        couple.send ({"d"});
        REQUIRE (couple.arrived (2));
        CHECK (couple.receive () == "a+");
        CHECK (take (couple.to, 4, 1).parts == Bodies{"b+", "c"});
        CHECK (take (couple.to, 4, 1).parts == Bodies{"d"});
    }
}

TEST_CASE ("ext: recv_messages' errors leave the array alone")
{
    const Couple couple ("inproc://ext");
    CHECK (take (couple.to, 2, 1, ZMQ_DONTWAIT).result == failed (EAGAIN));
    set (couple.to, ZMQ_RCVTIMEO, 20);
    const Nanoseconds start = now ();
    Taken taken = take (couple.to, 2, 1);
    CHECK (taken.result == failed (EAGAIN));
    CHECK_FALSE (taken.grown);
    CHECK (now () - start >= 20 * millisecond);
    couple.send ({"kept"});
    CHECK (take (couple.to, 0, 1).result == failed (EINVAL));
    CHECK (take (couple.to, 1, 0).result == failed (EINVAL));
    CHECK (outcome (zmq_ext_recv_messages (couple.to, nullptr, 1, 1, 0)) == failed (EFAULT));
    zmq_msg_t *none = nullptr;
    CHECK (outcome (zmq_ext_recv_messages (couple.to, &none, 1, 1, 0)) == failed (EFAULT));
    CHECK (take (couple.from, 1, 1).result == failed (ENOTSUP));
    CHECK (take (couple.to, 1, 1).parts == Bodies{"kept"});
}

TEST_CASE ("ext: ZMQ_EXT_BARE takes the peer's properties away")
{
    const Couple couple ("tcp://127.0.0.1:*");
    for (int i = 0; i < 3; ++i)
        couple.send ({"m"});
    REQUIRE (couple.arrived (3));
    CHECK (take (couple.to, 1, 1, ZMQ_EXT_BARE).socket_type == "(none)");
    CHECK (take (couple.to, 1, 1, ZMQ_DONTWAIT).socket_type == "PUSH");
    CHECK (take (couple.to, 1, 1, ZMQ_EXT_BARE | ZMQ_DONTWAIT).socket_type == "(none)");
    CHECK (take (couple.to, 1, 1, ZMQ_EXT_BARE | ZMQ_DONTWAIT).result == failed (EAGAIN));
}

// ---- placed ----

TEST_CASE ("ext: recv_placed copies to the place, which is asked for the size")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        for (const std::size_t size : {0u, 1u, 33u, 34u, 70000u}) {
            CAPTURE (size);
            const std::string body (size, 'p');
            couple.send ({body});
            Place place;
            zmq_msg_t message;
            std::memset (&message, 0x5a, sizeof message);
            const zmq_msg_t before = message;
            CHECK (zmq_ext_recv_placed (couple.to, Place::give, &place, &message, 0) == static_cast<int> (size));
            CHECK (place.asked == std::vector<std::size_t>{size});
            CHECK (place.bytes == body + "!");
            CHECK (std::memcmp (&message, &before, sizeof message) == 0);
        }
    }
}

TEST_CASE ("ext: recv_placed gives a message where there is no place, without properties")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        for (const std::size_t size : {0u, 33u, 34u, 70000u}) {
            CAPTURE (size);
            const std::string body (size, 'm');
            couple.send ({body, "rest"});
            Place place;
            place.gives = false;
            zmq_msg_t message;
            std::memset (&message, 0x5a, sizeof message);
            REQUIRE (zmq_ext_recv_placed (couple.to, Place::give, &place, &message, 0) == static_cast<int> (size));
            CHECK (place.asked == std::vector<std::size_t>{size});
            CHECK (text (message) == body + "+");
            CHECK (property (message, "Socket-Type") == "(none)");
            CHECK (zmq_msg_close (&message) == 0);
            CHECK (couple.receive () == "rest");
        }
    }
}

TEST_CASE ("ext: recv_placed takes one part at a time")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        couple.send ({"first", "last"});
        Place place;
        zmq_msg_t message;
        CHECK (zmq_ext_recv_placed (couple.to, Place::give, &place, &message, 0) == 5);
        CHECK (place.bytes == "first!");
        CHECK (get (couple.to, ZMQ_RCVMORE) == 1);
        CHECK (zmq_ext_recv_placed (couple.to, Place::give, &place, &message, ZMQ_DONTWAIT) == 4);
        CHECK (place.bytes == "last!");
        CHECK (get (couple.to, ZMQ_RCVMORE) == 0);
    }
}

TEST_CASE ("ext: recv_placed fails without asking for a place or changing anything")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        Place place;
        zmq_msg_t message;
        std::memset (&message, 0x5a, sizeof message);
        const zmq_msg_t before = message;
        CHECK (outcome (zmq_ext_recv_placed (couple.to, Place::give, &place, &message, ZMQ_DONTWAIT)) == failed (EAGAIN));
        set (couple.to, ZMQ_RCVTIMEO, 20);
        const Nanoseconds start = now ();
        CHECK (outcome (zmq_ext_recv_placed (couple.to, Place::give, &place, &message, 0)) == failed (EAGAIN));
        CHECK (now () - start >= 20 * millisecond);
        set (couple.to, ZMQ_RCVTIMEO, patience);
        couple.send ({"kept"});
        REQUIRE (couple.arrived (1));
        CHECK (outcome (zmq_ext_recv_placed (couple.to, nullptr, &place, &message, 0)) == failed (EFAULT));
        CHECK (outcome (zmq_ext_recv_placed (couple.to, Place::give, &place, nullptr, 0)) == failed (EFAULT));
        CHECK (outcome (zmq_ext_recv_placed (couple.from, Place::give, &place, &message, 0)) == failed (ENOTSUP));
        CHECK (place.asked.empty ());
        CHECK (std::memcmp (&message, &before, sizeof message) == 0);
        CHECK (zmq_ext_recv_placed (couple.to, Place::give, &place, &message, 0) == 4);
        CHECK (place.bytes == "kept!");
    }
}

// ---- many messages at a time ----

TEST_CASE ("ext: msg_parts says of each message where its body is, and msg_close_all closes them")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        const std::string inside (33, 'i'), far (34, 'f'), large (70000, 'l');
        couple.send ({inside, far, large, ""});
        REQUIRE (couple.arrived (1));
        zmq_msg_t frames[4];
        zmq_msg_t *array = frames;
        REQUIRE (zmq_ext_recv_messages (couple.to, &array, 4, 1, 0) == 4);
        zmq_ext_part_t parts[4];
        REQUIRE (zmq_ext_msg_parts (frames, 4, parts) == 0);
        const std::string *const bodies[] = {&inside, &far, &large};
        for (int i = 0; i < 3; ++i) {
            CAPTURE (i);
            CHECK (parts[i].data == zmq_msg_data (&frames[i]));
            CHECK (std::string (static_cast<const char *> (parts[i].data), parts[i].size) == *bodies[i]);
            CHECK (parts[i].more == 1);
        }
        CHECK (parts[3].size == 0);
        CHECK (parts[3].more == 0);
        CHECK (zmq_ext_msg_close_all (frames, 4) == 0);
        // Now they are no messages any more.
        const zmq_ext_part_t before = parts[0];
        CHECK (outcome (zmq_ext_msg_parts (frames, 4, parts)) == failed (EFAULT));
        CHECK (parts[0].data == before.data);
        CHECK (outcome (zmq_ext_msg_close_all (frames, 4)) == failed (EFAULT));
    }
}

TEST_CASE ("ext: msg_close_all closes the others although one is no message")
{
    static int freed;
    freed = 0;
    char memory[100];
    zmq_msg_t frames[3];
    const auto give_back = [] (void *, void *) { ++freed; };
    REQUIRE (zmq_msg_init_data (&frames[0], memory, sizeof memory, give_back, nullptr) == 0);
    REQUIRE (zmq_msg_init (&frames[1]) == 0);
    REQUIRE (zmq_msg_close (&frames[1]) == 0);
    REQUIRE (zmq_msg_init_data (&frames[2], memory, sizeof memory, give_back, nullptr) == 0);
    zmq_ext_part_t parts[3] = {};
    CHECK (outcome (zmq_ext_msg_parts (frames, 3, parts)) == failed (EFAULT));
    CHECK (parts[0].data == nullptr);
    CHECK (outcome (zmq_ext_msg_close_all (frames, 3)) == failed (EFAULT));
    CHECK (freed == 2);
    CHECK (zmq_ext_msg_parts (nullptr, 0, nullptr) == 0);
    CHECK (zmq_ext_msg_close_all (nullptr, 0) == 0);
    CHECK (outcome (zmq_ext_msg_parts (nullptr, 1, parts)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_msg_parts (frames, 1, nullptr)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_msg_close_all (nullptr, 1)) == failed (EFAULT));
}
