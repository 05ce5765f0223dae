// message_data.cpp - zmq_msg_init_data and zmq_send_const: memory of the caller's, and its free callback.
// The rule under test: the callback runs exactly once, when the last reference is gone, whatever happened to the message.
#include <mutex>

#include "harness.hpp"

using namespace conf;

namespace {
struct Owned
{
    std::atomic<int> freed{0};
    std::atomic<void *> data{nullptr};
    std::string body;
    explicit Owned (size_t size) : body (size, 'd') {}

    static void release (void *data, void *hint)
    {
        auto *self = static_cast<Owned *> (hint);
        self->data = data;
        ++self->freed;
    }
    int init (zmq_msg_t &message) { return zmq_msg_init_data (&message, body.data (), body.size (), release, this); }
    bool freed_once ()
    {
        if (!wait_until ([&] { return freed > 0; }))
            return false;
        sleep_ms (2);
        return freed == 1 && data == body.data ();
    }
};

// A connected pair over `endpoint`.
struct Pair
{
    Context ctx;
    Socket a{ctx, ZMQ_PAIR}, b{ctx, ZMQ_PAIR};
    explicit Pair (const std::string &endpoint) { b.connect (a.bind (endpoint)); }
};
}  // namespace

TEST_CASE ("init_data uses the caller's memory and frees it on close")
{
    for (const size_t size : {1, 33, 34, 100000}) {
        CAPTURE (size);
        Owned owned (size);
        zmq_msg_t message;
        CHECK (owned.init (message) == 0);
        CHECK (zmq_msg_data (&message) == owned.body.data ());
        CHECK (zmq_msg_size (&message) == size);
        CHECK (zmq_msg_get (&message, ZMQ_SHARED) == 0);
        CHECK (owned.freed == 0);
        CHECK (zmq_msg_close (&message) == 0);
        CHECK (owned.freed == 1);
        CHECK (owned.data.load () == owned.body.data ());
    }
}

TEST_CASE ("the free function gets data and hint even for size 0")
{
    Owned owned (0);
    zmq_msg_t message;
    CHECK (owned.init (message) == 0);
    CHECK (zmq_msg_size (&message) == 0);
    CHECK (zmq_msg_close (&message) == 0);
    CHECK (owned.freed == 1);
}

TEST_CASE ("without a free function the data is constant and counts as shared")
{
    static char constant[] = "constant data that outlives everything in this program";
    zmq_msg_t message;
    CHECK (zmq_msg_init_data (&message, constant, sizeof constant, nullptr, nullptr) == 0);
    CHECK (zmq_msg_data (&message) == constant);
    CHECK (zmq_msg_get (&message, ZMQ_SHARED) == 1);
    CHECK (zmq_msg_close (&message) == 0);
}

TEST_CASE ("copies free once, after the last is closed, in any order")
{
    for (const int last : {0, 1, 2}) {
        CAPTURE (last);
        Owned owned (500);
        zmq_msg_t messages[3];
        CHECK (owned.init (messages[0]) == 0);
        for (int i = 1; i < 3; ++i) {
            zmq_msg_init (&messages[i]);
            CHECK (zmq_msg_copy (&messages[i], &messages[0]) == 0);
        }
        for (int i = 0; i < 3; ++i)
            if (i != last)
                CHECK (zmq_msg_close (&messages[i]) == 0);
        CHECK (owned.freed == 0);
        CHECK (zmq_msg_close (&messages[last]) == 0);
        CHECK (owned.freed == 1);
    }
}

TEST_CASE ("moving does not free, overwriting does")
{
    Owned owned (500);
    zmq_msg_t a, b;
    owned.init (a);
    zmq_msg_init (&b);
    CHECK (zmq_msg_move (&b, &a) == 0);
    CHECK (owned.freed == 0);
    CHECK (zmq_msg_move (&b, &a) == 0);  // a is empty now: b's content goes
    CHECK (owned.freed == 1);
    zmq_msg_close (&a);
    zmq_msg_close (&b);
    CHECK (owned.freed == 1);
}

TEST_CASE ("copying over the message frees it")
{
    Owned owned (500);
    zmq_msg_t a, b;
    owned.init (a);
    zmq_msg_init (&b);
    CHECK (zmq_msg_copy (&a, &b) == 0);
    CHECK (owned.freed == 1);
    zmq_msg_close (&a);
    zmq_msg_close (&b);
}

TEST_CASE ("sent over inproc the very same memory arrives")
{
    Pair pair (inproc_name ());
    Owned owned (5000);
    zmq_msg_t message;
    owned.init (message);
    CHECK (zmq_msg_send (&message, pair.a, 0) == 5000);
    CHECK (owned.freed == 0);
    zmq_msg_init (&message);
    CHECK (zmq_msg_recv (&message, pair.b, 0) == 5000);
    CHECK (zmq_msg_data (&message) == owned.body.data ());
    CHECK (owned.freed == 0);
    CHECK (zmq_msg_close (&message) == 0);
    CHECK (owned.freed == 1);
}

TEST_CASE ("sent over tcp it is freed once after it was written")
{
    Pair pair ("tcp://127.0.0.1:*");
    for (const size_t size : {1, 100, 8192, 1 << 20}) {
        CAPTURE (size);
        Owned owned (size);
        zmq_msg_t message;
        owned.init (message);
        CHECK (zmq_msg_send (&message, pair.a, 0) == static_cast<int> (size));
        CHECK (recv (pair.b) == Msg{owned.body});
        CHECK (owned.freed_once ());
    }
}

TEST_CASE ("published to many subscribers it is freed once")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB);
    const std::string endpoint = pub.bind (inproc_name ());
    std::vector<Socket> subs;
    for (int i = 0; i < 5; ++i) {
        subs.emplace_back (ctx, ZMQ_SUB);
        subs.back ().connect (endpoint).subscribe ();
    }
    CHECK (recv (pub) == Msg{"\1"s});
    Owned owned (300);
    zmq_msg_t message;
    owned.init (message);
    CHECK (zmq_msg_send (&message, pub, 0) == 300);
    for (Socket &sub : subs) {
        CHECK (owned.freed == 0);
        CHECK (recv (sub) == Msg{owned.body});
    }
    CHECK (owned.freed_once ());
}

TEST_CASE ("a publisher without subscribers frees at once")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB);
    Owned owned (300);
    zmq_msg_t message;
    owned.init (message);
    CHECK (zmq_msg_send (&message, pub, 0) == 300);
    CHECK (owned.freed == 1);
}

TEST_CASE ("a message refused by send is not freed")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    Owned owned (300);
    zmq_msg_t message;
    owned.init (message);
    CHECK_ERRNO (zmq_msg_send (&message, push, ZMQ_DONTWAIT), EAGAIN);
    CHECK (owned.freed == 0);
    zmq_msg_close (&message);
    CHECK (owned.freed == 1);
}

TEST_CASE ("a message still queued when its socket closes is freed")
{
    Owned owned (300);
    {
        Context ctx;
        Socket push (ctx, ZMQ_PUSH);
        push.connect (unused_endpoint ());
        zmq_msg_t message;
        owned.init (message);
        CHECK (zmq_msg_send (&message, push, 0) == 300);
        CHECK (owned.freed == 0);
    }
    CHECK (owned.freed == 1);
}

TEST_CASE ("a message unread over inproc is freed with its context")
{
    Owned owned (300);
    {
        Pair pair (inproc_name ());
        zmq_msg_t message;
        owned.init (message);
        CHECK (zmq_msg_send (&message, pair.a, 0) == 300);
    }
    CHECK (owned.freed == 1);
}

TEST_CASE ("a reply dropped by a router is freed")
{
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER);
    router.bind ();
    CHECK (send_frame (router, "nobody", ZMQ_SNDMORE) == 6);
    Owned owned (300);
    zmq_msg_t message;
    owned.init (message);
    CHECK (zmq_msg_send (&message, router, 0) == 300);
    CHECK (owned.freed_once ());
}

TEST_CASE ("send_const passes the memory without copying")
{
    static const std::string constant (400, 'k');
    Pair pair (inproc_name ());
    CHECK (zmq_send_const (pair.a, constant.data (), constant.size (), 0) == 400);
    zmq_msg_t message;
    zmq_msg_init (&message);
    CHECK (zmq_msg_recv (&message, pair.b, 0) == 400);
    CHECK (zmq_msg_data (&message) == constant.data ());
    CHECK (zmq_msg_get (&message, ZMQ_SHARED) == 1);
    zmq_msg_close (&message);
}

TEST_CASE ("send_const works over tcp and in several parts")
{
    static const char first[] = "first", second[] = "second";
    Pair pair ("tcp://127.0.0.1:*");
    CHECK (zmq_send_const (pair.a, first, 5, ZMQ_SNDMORE) == 5);
    CHECK (zmq_send_const (pair.a, second, 6, 0) == 6);
    CHECK (recv (pair.b) == Msg{"first", "second"});
}

TEST_CASE ("copies may be closed in different threads")
{
    Owned owned (1000);
    zmq_msg_t original;
    owned.init (original);
    std::vector<zmq_msg_t> copies (16);
    for (zmq_msg_t &copy : copies) {
        zmq_msg_init (&copy);
        CHECK (zmq_msg_copy (&copy, &original) == 0);
    }
    zmq_msg_close (&original);
    std::vector<std::thread> threads;
    for (zmq_msg_t &copy : copies)
        threads.emplace_back ([&copy] { zmq_msg_close (&copy); });
    for (std::thread &thread : threads)
        thread.join ();
    CHECK (owned.freed == 1);
}

// What an application that guards its buffers with a mutex does, which it holds while it sends.
TEST_CASE ("a free function may lock what the sender holds, over every transport")
{
    struct Guarded
    {
        std::mutex mutex;
        std::atomic<int> freed{0};
        static void release (void *data, void *hint)
        {
            auto *self = static_cast<Guarded *> (hint);
            const std::lock_guard lock (self->mutex);
            delete[] static_cast<char *> (data);
            ++self->freed;
        }
    };
    const TempDir folder;
    for (const std::string &endpoint : {inproc_name (), "tcp://127.0.0.1:*"s, folder.ipc ()})
        for (const size_t size : {40, 9000, 1 << 20}) {
            CAPTURE (endpoint);
            CAPTURE (size);
            Guarded guarded;
            constexpr int count = 20;
            {
                Pair pair (endpoint);
                Background reader ([&] {
                    for (int i = 0; i < count; ++i) {
                        zmq_msg_t message;
                        zmq_msg_init (&message);
                        ok (zmq_msg_recv (&message, pair.b, 0), "recv");
                        zmq_msg_close (&message);
                    }
                });
                for (int i = 0; i < count; ++i) {
                    const std::lock_guard lock (guarded.mutex);
                    zmq_msg_t message;
                    zmq_msg_init_data (&message, new char[size](), size, Guarded::release, &guarded);
                    ok (zmq_msg_send (&message, pair.a, 0), "send");
                }
                CHECK (reader.wait ());
                // And while it closes, with messages that nobody reads.
                zmq_msg_t message;
                zmq_msg_init_data (&message, new char[size](), size, Guarded::release, &guarded);
                ok (zmq_msg_send (&message, pair.a, 0), "send");
                const std::lock_guard lock (guarded.mutex);
                pair.a.close ();
                pair.b.close ();
            }
            CHECK (guarded.freed == count + 1);
        }
}
