// zmq_ext.h through the front door: batches, whole messages, placed receives, counters, waiting; each error as the header promises it.
#include <zmq.h>
#include <zmq_ext.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "core/clock.hpp"
#include "core/spin.hpp"

using namespace engine;

namespace {

using Bodies = std::vector<std::string>;

constexpr int patience = 10000;  // ms
const std::string endpoints[] = {"inproc://ext", "tcp://127.0.0.1:*"};

void set (void *socket, int option, int value) { REQUIRE (zmq_setsockopt (socket, option, &value, sizeof value) == 0); }

int get (void *socket, int option)
{
    int value = -1;
    std::size_t size = sizeof value;
    REQUIRE (zmq_getsockopt (socket, option, &value, &size) == 0);
    return value;
}

std::string last_endpoint (void *socket)
{
    char name[256];
    std::size_t size = sizeof name;
    REQUIRE (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, name, &size) == 0);
    return name;
}

zmq_ext_stats_t stats_of (void *socket)
{
    zmq_ext_stats_t stats;
    REQUIRE (zmq_ext_socket_stats (socket, &stats, sizeof stats) == 0);
    return stats;
}

// What a call returned, and errno if that was -1.
struct Result
{
    int value;
    int error;
    bool operator== (const Result &) const = default;
};

Result outcome (int value) { return {value, value < 0 ? errno : 0}; }

Result failed (int error) { return {-1, error}; }

// Two sockets of a context, `from` connected to `to`.
class Couple
{
  public:
    explicit Couple (const std::string &endpoint, int from_type = ZMQ_PUSH, int to_type = ZMQ_PULL, int hwm = 1000)
        : context (zmq_ctx_new ())
    {
        from = open (from_type, hwm);
        to = open (to_type, hwm);
        REQUIRE (zmq_bind (to, endpoint.c_str ()) == 0);
        REQUIRE (zmq_connect (from, last_endpoint (to).c_str ()) == 0);
    }
    ~Couple ()
    {
        zmq_close (from);
        zmq_close (to);
        zmq_ctx_term (context);
    }
    Couple (const Couple &) = delete;
    Couple &operator= (const Couple &) = delete;

    // Until so many messages lie in the receiver's queues; false when patience is over.
    bool arrived (std::uint64_t messages) const
    {
        for (const Nanoseconds deadline = deadline_in (patience); now () < deadline; ::poll (nullptr, 0, 1)) {
            get (to, ZMQ_EVENTS);  // does input
            if (stats_of (to).queued_in >= messages)
                return true;
        }
        return false;
    }
    void send (const Bodies &parts) const
    {
        for (std::size_t i = 0; i < parts.size (); ++i)
            REQUIRE (zmq_send (from, parts[i].data (), parts[i].size (), i + 1 < parts.size () ? ZMQ_SNDMORE : 0) >= 0);
    }
    // The next part; "+" behind it if more follow.
    std::string receive () const
    {
        zmq_msg_t part;
        zmq_msg_init (&part);
        REQUIRE (zmq_msg_recv (&part, to, 0) >= 0);
        std::string text (static_cast<const char *> (zmq_msg_data (&part)), zmq_msg_size (&part));
        if (zmq_msg_more (&part))
            text += '+';
        zmq_msg_close (&part);
        return text;
    }

    void *context;
    void *from;
    void *to;

  private:
    void *open (int type, int hwm)
    {
        void *const socket = zmq_socket (context, type);
        REQUIRE (socket);
        set (socket, ZMQ_LINGER, 0);
        set (socket, ZMQ_RCVTIMEO, patience);
        set (socket, ZMQ_SNDTIMEO, patience);
        set (socket, ZMQ_SNDHWM, hwm);
        set (socket, ZMQ_RCVHWM, hwm);
        return socket;
    }
};

std::vector<zmq_ext_bytes_t> list (const Bodies &bodies)
{
    std::vector<zmq_ext_bytes_t> out;
    for (const std::string &body : bodies)
        out.push_back ({body.data (), body.size ()});
    return out;
}

// Messages for the engine to fill or send; closed at the end.
class Messages
{
  public:
    explicit Messages (std::size_t count) : list_ (count)
    {
        for (zmq_msg_t &message : list_)
            zmq_msg_init (&message);
    }
    explicit Messages (const Bodies &bodies) : list_ (bodies.size ())
    {
        for (std::size_t i = 0; i < bodies.size (); ++i) {
            REQUIRE (zmq_msg_init_size (&list_[i], bodies[i].size ()) == 0);
            std::memcpy (zmq_msg_data (&list_[i]), bodies[i].data (), bodies[i].size ());
        }
    }
    ~Messages ()
    {
        for (zmq_msg_t &message : list_)
            zmq_msg_close (&message);
    }
    Messages (const Messages &) = delete;
    Messages &operator= (const Messages &) = delete;

    zmq_msg_t *data () { return list_.data (); }
    zmq_msg_t &operator[] (std::size_t index) { return list_[index]; }

  private:
    std::vector<zmq_msg_t> list_;
};

std::string text (zmq_msg_t &message)
{
    return std::string (static_cast<const char *> (zmq_msg_data (&message)), zmq_msg_size (&message)) +
           (zmq_msg_more (&message) ? "+" : "");
}

std::string property (zmq_msg_t &message, const char *name)
{
    const char *const value = zmq_msg_gets (&message, name);
    return value ? value : "(none)";
}

// What zmq_ext_recv_messages gave, as text, and what it did with the array.
struct Taken
{
    Result result{};
    Bodies parts;
    bool grown = false;
    std::string socket_type;  // the first frame's property
};

Taken take (void *socket, std::size_t room, std::size_t messages, int flags = 0)
{
    // The frames need not be initialised, and none but those given is touched.
    std::vector<zmq_msg_t> own (room + 1);
    std::memset (static_cast<void *> (own.data ()), 0x5a, own.size () * sizeof (zmq_msg_t));
    const zmq_msg_t guard = own[room];
    zmq_msg_t *frames = own.data ();
    Taken taken;
    taken.result = outcome (zmq_ext_recv_messages (socket, &frames, room, messages, flags));
    taken.grown = frames != own.data ();
    for (int i = 0; i < taken.result.value; ++i) {
        taken.parts.push_back (text (frames[i]));
        if (i == 0)
            taken.socket_type = property (frames[i], "Socket-Type");
        zmq_msg_close (&frames[i]);
    }
    if (taken.grown)
        std::free (frames);
    CHECK (std::memcmp (&own[room], &guard, sizeof guard) == 0);
    return taken;
}

// A place for parts, which notes what it was asked.
struct Place
{
    static void *give (std::size_t size, void *hint)
    {
        Place &self = *static_cast<Place *> (hint);
        self.asked.push_back (size);
        if (!self.gives)
            return nullptr;
        self.bytes.assign (size + 1, '!');
        return self.bytes.data ();
    }
    bool gives = true;
    std::vector<std::size_t> asked;
    std::string bytes;  // one more than was asked for, which must remain '!'
};

}  // namespace

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

// ---- counters ----

TEST_CASE ("ext: stats count whole messages, bytes and what is queued")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        couple.send ({"ab", "c"});
        couple.send ({"def"});
        REQUIRE (couple.arrived (2));
        zmq_ext_stats_t stats = stats_of (couple.to);
        CHECK (stats.queued_in == 2);
        CHECK (stats.peers == 1);
        CHECK (stats.messages_in == 0);
        CHECK (couple.receive () == "ab+");
        CHECK (couple.receive () == "c");
        stats = stats_of (couple.to);
        CHECK (stats.queued_in == 1);
        CHECK (stats.messages_in == 1);
        CHECK (couple.receive () == "def");
        stats = stats_of (couple.to);
        CHECK (stats.queued_in == 0);
        CHECK (stats.messages_in == 2);
        CHECK (stats.bytes_in == 6);
        CHECK (stats.messages_out == 0);
        stats = stats_of (couple.from);
        CHECK (stats.messages_out == 2);
        CHECK (stats.bytes_out == 6);
        CHECK (stats.queued_out == 0);
        CHECK (stats.messages_in == 0);
        CHECK (stats.dropped_out == 0);
    }
}

TEST_CASE ("ext: stats say in messages what an inproc pipe holds, whoever looks")
{
    const Couple couple ("inproc://ext");
    const auto queued = [&] (std::uint64_t messages) {
        CHECK (stats_of (couple.to).queued_in == messages);
        CHECK (stats_of (couple.from).queued_out == messages);
    };
    REQUIRE (couple.arrived (0));
    couple.send (Bodies (100, "x"));
    couple.send ({"y"});
    queued (2);
    // What is not complete does not count, nor what was taken back.
    REQUIRE (zmq_send (couple.from, "a", 1, ZMQ_SNDMORE) == 1);
    REQUIRE (zmq_send (couple.from, "b", 1, ZMQ_SNDMORE) == 1);
    queued (2);
    // One that is being read does.
    CHECK (couple.receive () == "x+");
    queued (2);
    for (int i = 0; i < 99; ++i)
        couple.receive ();
    queued (1);
    couple.send ({"c"});
    queued (2);
    CHECK (couple.receive () == "y");
    CHECK (couple.receive () == "a+");
    queued (1);
    CHECK (couple.receive () == "b+");
    CHECK (couple.receive () == "c");
    queued (0);
}

TEST_CASE ("ext: stats leave a monitor's own traffic out")
{
    const Couple couple ("tcp://127.0.0.1:*");
    REQUIRE (zmq_socket_monitor (couple.to, "inproc://monitor", ZMQ_EVENT_ALL) == 0);
    void *const reader = zmq_socket (couple.context, ZMQ_PAIR);
    REQUIRE (zmq_connect (reader, "inproc://monitor") == 0);
    REQUIRE (zmq_bind (couple.to, "tcp://127.0.0.1:*") == 0);  // an event
    const zmq_ext_stats_t stats = stats_of (couple.to);
    CHECK (stats.bytes_out == 0);
    CHECK (stats.messages_out == 0);
    CHECK (stats.queued_out == 0);
    REQUIRE (zmq_disconnect (couple.from, last_endpoint (couple.from).c_str ()) == 0);
    for (const Nanoseconds deadline = deadline_in (patience); stats_of (couple.to).peers > 0 && now () < deadline; ::poll (nullptr, 0, 1)) {
    }
    CHECK (stats_of (couple.to).peers == 0);
    set (reader, ZMQ_RCVTIMEO, patience);
    CHECK (zmq_recv (reader, nullptr, 0, 0) == 6);
    zmq_close (reader);
}

TEST_CASE ("ext: stats count connections as they come and go")
{
    const Couple couple ("tcp://127.0.0.1:*");
    couple.send ({"m"});
    CHECK (couple.receive () == "m");
    zmq_ext_stats_t stats = stats_of (couple.from);
    CHECK (stats.connects == 1);
    CHECK (stats.accepts == 0);
    stats = stats_of (couple.to);
    CHECK (stats.connects == 0);
    CHECK (stats.accepts == 1);
    CHECK (stats.disconnects == 0);
    REQUIRE (zmq_unbind (couple.to, last_endpoint (couple.to).c_str ()) == 0);
    // The other side sees the end, and tries again.
    for (const Nanoseconds deadline = deadline_in (patience); stats.reconnects == 0 && now () < deadline; ::poll (nullptr, 0, 1))
        stats = stats_of (couple.from);
    CHECK (stats.reconnects == 1);
    CHECK (stats.disconnects == 1);
    CHECK (stats.peers == 0);
    CHECK (stats_of (couple.to).peers == 0);
}

TEST_CASE ("ext: stats count what was dropped")
{
    const Couple couple ("inproc://ext", ZMQ_ROUTER, ZMQ_DEALER);
    CHECK (zmq_ext_send_parts (couple.from, list ({"nobody", "x"}).data (), 2, 0) == 2);
    CHECK (stats_of (couple.from).dropped_out == 1);
    CHECK (stats_of (couple.from).messages_out == 0);
}

TEST_CASE ("ext: stats fill a struct of any size")
{
    const Couple couple ("inproc://ext");
    couple.send ({"abc"});
    union
    {
        zmq_ext_stats_t stats;
        unsigned char bytes[sizeof (zmq_ext_stats_t) + 16];
    } out;
    CHECK (outcome (zmq_ext_socket_stats (couple.from, nullptr, sizeof out.stats)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_socket_stats (couple.from, &out.stats, 0)) == failed (EINVAL));
    std::memset (&out, 0x5a, sizeof out);
    CHECK (zmq_ext_socket_stats (couple.from, &out.stats, 2 * sizeof (std::uint64_t)) == 0);
    CHECK (out.stats.messages_in == 0);
    CHECK (out.stats.messages_out == 1);
    CHECK (out.stats.bytes_in == 0x5a5a5a5a5a5a5a5a);
    std::memset (&out, 0x5a, sizeof out);
    CHECK (zmq_ext_socket_stats (couple.from, &out.stats, sizeof out - 1) == 0);
    CHECK (out.stats.bytes_out == 3);
    for (std::size_t i = sizeof out.stats; i < sizeof out; ++i)
        CHECK (out.bytes[i] == (i + 1 < sizeof out ? 0 : 0x5a));
}

// ---- waiting ----

TEST_CASE ("ext: a wait limit ends one sleep with EINTR, of this thread only")
{
    const Couple couple ("inproc://ext");
    CHECK (zmq_ext_wait_limit (20) == 0);
    const Nanoseconds start = now ();
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EINTR));
    CHECK (now () - start >= 20 * millisecond);
    CHECK (now () - start < patience / 2 * millisecond);
    Messages frames (1);
    CHECK (outcome (zmq_ext_recv_many (couple.to, frames.data (), 1, 0)) == failed (EINTR));
    CHECK (take (couple.to, 1, 1).result == failed (EINTR));
    // A time-out that comes first is one.
    set (couple.to, ZMQ_RCVTIMEO, 5);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
    // What is there is received.
    couple.send ({"m"});
    CHECK (couple.receive () == "m");
    set (couple.to, ZMQ_RCVTIMEO, 40);
    Result other{};
    std::thread ([&] { other = outcome (zmq_recv (couple.to, nullptr, 0, 0)); }).join ();
    CHECK (other == failed (EAGAIN));
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EINTR));
    CHECK (zmq_ext_wait_limit (0) == 0);
    CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
}

TEST_CASE ("ext: a wait mask lets signals in while the thread sleeps, and is copied")
{
    struct sigaction action = {}, before;
    action.sa_handler = [] (int) {};
    REQUIRE (::sigaction (SIGUSR1, &action, &before) == 0);
    std::thread ([] {
        const Couple couple ("inproc://ext");
        sigset_t only, none;
        ::sigemptyset (&only);
        ::sigaddset (&only, SIGUSR1);
        ::pthread_sigmask (SIG_BLOCK, &only, nullptr);
        ::sigemptyset (&none);
        CHECK (zmq_ext_wait_sigmask (&none) == 0);
        ::sigfillset (&none);  // theirs is a copy
        ::pthread_kill (::pthread_self (), SIGUSR1);
        CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EINTR));
        CHECK (zmq_ext_wait_sigmask (nullptr) == 0);
        set (couple.to, ZMQ_RCVTIMEO, 20);
        ::pthread_kill (::pthread_self (), SIGUSR1);
        CHECK (outcome (zmq_recv (couple.to, nullptr, 0, 0)) == failed (EAGAIN));
    }).join ();
    ::sigaction (SIGUSR1, &before, nullptr);
}

TEST_CASE ("ext: spin says what is ready, and waits no longer than ZMQ_EXT_SPIN_US")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        REQUIRE (zmq_ctx_set (couple.context, ZMQ_EXT_SPIN_US, 0) == 0);
        std::thread ([&] {
            couple.send ({"m"});
            REQUIRE (couple.arrived (1));
            // Nothing is looked at when it may not poll at all.
            CHECK (zmq_ext_spin (couple.to, ZMQ_POLLIN) == 0);
            CHECK (SpinMemory::current ().take_done ());
        }).join ();
        // Long enough for the scheduler to come back within it; a thread of its own, which has learnt nothing yet.
        REQUIRE (zmq_ctx_set (couple.context, ZMQ_EXT_SPIN_US, 2000) == 0);
        std::thread ([&] {
            while (processors_contended (now ()))
                ::poll (nullptr, 0, 1);
            CHECK (zmq_ext_spin (couple.to, ZMQ_POLLIN) == 1);
            // The next blocking call may poll as ever.
            CHECK_FALSE (SpinMemory::current ().take_done ());
            CHECK (zmq_ext_spin (couple.from, ZMQ_POLLOUT) == 1);
            CHECK (zmq_ext_spin (couple.from, ZMQ_POLLIN) == 0);
            CHECK (SpinMemory::current ().take_done ());
            CHECK (couple.receive () == "m");
            const Nanoseconds start = now ();
            CHECK (zmq_ext_spin (couple.to, ZMQ_POLLIN) == 0);
            CHECK (now () - start < 5000 * millisecond);
            CHECK (SpinMemory::current ().take_done ());
        }).join ();
    }
}

TEST_CASE ("ext: spin sees what comes while it polls")
{
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        const Couple couple (endpoint);
        REQUIRE (zmq_ctx_set (couple.context, ZMQ_EXT_SPIN_US, 1000000) == 0);
        std::thread sender ([&] { zmq_send (couple.from, "m", 1, 0); });
        // It may give up early where the processor is shared with many.
        int found = 0;
        for (const Nanoseconds deadline = deadline_in (patience); found == 0 && now () < deadline;)
            found = zmq_ext_spin (couple.to, ZMQ_POLLIN);
        CHECK (found == 1);
        sender.join ();
        CHECK (couple.receive () == "m");
    }
}
