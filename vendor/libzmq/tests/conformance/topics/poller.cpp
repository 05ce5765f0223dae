// poller.cpp - zmq_poller_*, zmq_ppoll and the other draft calls; each runs only where the library exports it.
#include "harness.hpp"
#include "monitor.hpp"

#include <climits>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

using namespace conf;

namespace {
// The poller's functions and one poller.
struct Poller
{
    int (*destroy) (void **) = symbol<int (void **)> ("zmq_poller_destroy");
    int (*size) (void *) = symbol<int (void *)> ("zmq_poller_size");
    int (*add) (void *, void *, void *, short) = symbol<int (void *, void *, void *, short)> ("zmq_poller_add");
    int (*modify) (void *, void *, short) = symbol<int (void *, void *, short)> ("zmq_poller_modify");
    int (*remove) (void *, void *) = symbol<int (void *, void *)> ("zmq_poller_remove");
    int (*add_fd) (void *, int, void *, short) = symbol<int (void *, int, void *, short)> ("zmq_poller_add_fd");
    int (*modify_fd) (void *, int, short) = symbol<int (void *, int, short)> ("zmq_poller_modify_fd");
    int (*remove_fd) (void *, int) = symbol<int (void *, int)> ("zmq_poller_remove_fd");
    int (*wait) (void *, PollerEvent *, long) = symbol<int (void *, PollerEvent *, long)> ("zmq_poller_wait");
    int (*wait_all) (void *, PollerEvent *, int, long) = symbol<int (void *, PollerEvent *, int, long)> ("zmq_poller_wait_all");
    void *handle = symbol<void *()> ("zmq_poller_new") ();
    ~Poller () { destroy (&handle); }
};

bool missing (const char *function) { return find_symbol (function) == nullptr; }
}  // namespace

#define NEEDS(function)                                                                                                                    \
    if (missing (#function))                                                                                                               \
    return

TEST_CASE ("poller: add, size, modify, remove and their errors")
{
    NEEDS (zmq_poller_new);
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    Poller poller;
    CHECK (poller.size (poller.handle) == 0);
    CHECK (poller.add (poller.handle, a, nullptr, ZMQ_POLLIN) == 0);
    CHECK (poller.size (poller.handle) == 1);
    CHECK_ERRNO (poller.add (poller.handle, a, nullptr, ZMQ_POLLIN), EINVAL);
    CHECK_ERRNO (poller.add (poller.handle, b, nullptr, 64), EINVAL);
    CHECK_ERRNO (poller.add (poller.handle, ctx, nullptr, ZMQ_POLLIN), ENOTSOCK);
    CHECK_ERRNO (poller.add (poller.handle, nullptr, nullptr, ZMQ_POLLIN), ENOTSOCK);
    CHECK_ERRNO (poller.modify (poller.handle, b, ZMQ_POLLIN), EINVAL);
    CHECK_ERRNO (poller.remove (poller.handle, b), EINVAL);
    CHECK (poller.modify (poller.handle, a, ZMQ_POLLOUT) == 0);
    CHECK (poller.remove (poller.handle, a) == 0);
    CHECK (poller.size (poller.handle) == 0);
    CHECK_ERRNO (poller.add_fd (poller.handle, -1, nullptr, ZMQ_POLLIN), EBADF);
    CHECK_ERRNO (poller.modify_fd (poller.handle, 0, ZMQ_POLLIN), EINVAL);
    CHECK_ERRNO (poller.remove_fd (poller.handle, 0), EINVAL);
    CHECK_ERRNO (poller.size (nullptr), EFAULT);
    CHECK_ERRNO (poller.add (nullptr, a, nullptr, ZMQ_POLLIN), EFAULT);
    CHECK_ERRNO (poller.destroy (nullptr), EFAULT);
}

TEST_CASE ("poller: destroy clears the handle")
{
    NEEDS (zmq_poller_new);
    Poller poller;
    void *other = symbol<void *()> ("zmq_poller_new") ();
    CHECK (poller.destroy (&other) == 0);
    CHECK (other == nullptr);
    CHECK_ERRNO (poller.destroy (&other), EFAULT);
}

TEST_CASE ("poller: wait tells which socket, with its user data; EAGAIN when the time is over")
{
    NEEDS (zmq_poller_new);
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    Poller poller;
    int mine = 0;
    CHECK (poller.add (poller.handle, pull, &mine, ZMQ_POLLIN) == 0);
    PollerEvent event = {&mine, 1, &mine, 1};
    const Timer timer;
    CHECK_ERRNO (poller.wait (poller.handle, &event, 50), EAGAIN);
    CHECK (timer.reached (50));
    CHECK (event.socket == nullptr);
    CHECK (event.events == 0);
    send (push, "x");
    CHECK (poller.wait (poller.handle, &event, patience) == 0);
    CHECK (event.socket == static_cast<void *> (pull));
    CHECK (event.user_data == &mine);
    CHECK (event.events == ZMQ_POLLIN);
}

TEST_CASE ("poller: a message ends a wait without limit")
{
    NEEDS (zmq_poller_new);
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind (inproc_name ()));
    Poller poller;
    poller.add (poller.handle, pull, nullptr, ZMQ_POLLIN);
    Background sender ([&] {
        sleep_ms (30);
        send (push, "x");
    });
    PollerEvent event;
    CHECK (poller.wait (poller.handle, &event, -1) == 0);
    CHECK (event.socket == static_cast<void *> (pull));
}

TEST_CASE ("poller: the longest time-outs wait until something comes")
{
    NEEDS (zmq_poller_new);
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind (inproc_name ()));
    Poller poller;
    poller.add (poller.handle, pull, nullptr, ZMQ_POLLIN);
    for (const long ms : {LONG_MAX, LONG_MAX / 1000000, 10000000000000L}) {
        CAPTURE (ms);
        PollerEvent event;
        std::atomic<int> rc{-2};
        Background waiter ([&] { rc = poller.wait (poller.handle, &event, ms); });
        CHECK_FALSE (waiter.wait (quiet));
        send (push, "x");
        CHECK (waiter.wait ());
        CHECK (rc == 0);
        CHECK (recv (pull) == Msg{"x"});
    }
}

TEST_CASE ("poller: wait_all gives all that are ready, in the order added")
{
    NEEDS (zmq_poller_new);
    Context ctx;
    Poller poller;
    std::vector<Socket> pulls, pushes;
    for (int i = 0; i < 5; ++i) {
        pulls.emplace_back (ctx, ZMQ_PULL);
        pushes.emplace_back (ctx, ZMQ_PUSH);
        pushes.back ().connect (pulls.back ().bind (inproc_name ()));
        poller.add (poller.handle, pulls.back (), nullptr, ZMQ_POLLIN);
    }
    PollerEvent ready[5];
    CHECK_ERRNO (poller.wait_all (poller.handle, ready, 5, 0), EAGAIN);
    send (pushes[3], "x");
    send (pushes[1], "x");
    CHECK (poller.wait_all (poller.handle, ready, 5, patience) == 2);
    CHECK (ready[0].socket == static_cast<void *> (pulls[1]));
    CHECK (ready[1].socket == static_cast<void *> (pulls[3]));
    CHECK (ready[2].socket == nullptr);
    CHECK_ERRNO (poller.wait_all (poller.handle, ready, -1, 0), EINVAL);
    CHECK_ERRNO (poller.wait_all (poller.handle, nullptr, 5, 0), EFAULT);
}

TEST_CASE ("poller: descriptors beside sockets")
{
    NEEDS (zmq_poller_new);
    int ends[2];
    REQUIRE (pipe2 (ends, O_CLOEXEC) == 0);
    Context ctx;
    Socket pair (ctx, ZMQ_PAIR);
    {
        Poller poller;
        poller.add (poller.handle, pair, nullptr, ZMQ_POLLIN);
        CHECK (poller.add_fd (poller.handle, ends[0], nullptr, ZMQ_POLLIN) == 0);
        CHECK_ERRNO (poller.add_fd (poller.handle, ends[0], nullptr, ZMQ_POLLIN), EINVAL);
        PollerEvent event;
        CHECK_ERRNO (poller.wait (poller.handle, &event, 0), EAGAIN);
        CHECK (::write (ends[1], "x", 1) == 1);
        CHECK (poller.wait (poller.handle, &event, patience) == 0);
        CHECK (event.socket == nullptr);
        CHECK (event.fd == ends[0]);
        CHECK (event.events == ZMQ_POLLIN);
        CHECK (poller.modify_fd (poller.handle, ends[0], 0) == 0);
        CHECK_ERRNO (poller.wait (poller.handle, &event, 0), EAGAIN);
        CHECK (poller.remove_fd (poller.handle, ends[0]) == 0);
    }
    ::close (ends[0]);
    ::close (ends[1]);
}

TEST_CASE ("poller: nothing to wait for")
{
    NEEDS (zmq_poller_new);
    Poller poller;
    PollerEvent event;
    CHECK_ERRNO (poller.wait (poller.handle, &event, -1), EFAULT);
    const Timer timer;
    CHECK_ERRNO (poller.wait (poller.handle, &event, 30), EAGAIN);
    CHECK (timer.reached (30));
}

TEST_CASE ("poller: shutdown ends a wait with ETERM")
{
    NEEDS (zmq_poller_new);
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.bind ();
    Poller poller;
    poller.add (poller.handle, pull, nullptr, ZMQ_POLLIN);
    std::atomic<int> error{0};
    Background waiter ([&] {
        PollerEvent event;
        if (poller.wait (poller.handle, &event, -1) == -1)
            error = zmq_errno ();
    });
    CHECK_FALSE (waiter.wait (quiet));
    CHECK (zmq_ctx_shutdown (ctx) == 0);
    CHECK (waiter.wait ());
    CHECK (error == ETERM);
}

TEST_CASE ("ppoll: like poll, with a signal mask")
{
    NEEDS (zmq_ppoll);
    auto *ppoll = symbol<int (zmq_pollitem_t *, int, long, const sigset_t *)> ("zmq_ppoll");
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    sigset_t mask;
    sigemptyset (&mask);
    zmq_pollitem_t item = {pull, 0, ZMQ_POLLIN, 0};
    CHECK (ppoll (&item, 1, 20, &mask) == 0);
    send (push, "x");
    CHECK (ppoll (&item, 1, patience, &mask) == 1);
    CHECK (item.revents == ZMQ_POLLIN);
    CHECK (ppoll (&item, 1, patience, nullptr) == 1);
    CHECK_ERRNO (ppoll (&item, -1, 0, &mask), EINVAL);
}

TEST_CASE ("ppoll: a signal blocked before and let through by the mask ends it with EINTR")
{
    NEEDS (zmq_ppoll);
    auto *ppoll = symbol<int (zmq_pollitem_t *, int, long, const sigset_t *)> ("zmq_ppoll");
    struct sigaction action = {}, before;
    action.sa_handler = [] (int) {};
    sigaction (SIGUSR2, &action, &before);
    sigset_t blocked, empty;
    sigemptyset (&empty);
    sigemptyset (&blocked);
    sigaddset (&blocked, SIGUSR2);
    pthread_sigmask (SIG_BLOCK, &blocked, nullptr);
    {
        Context ctx;
        Socket pull (ctx, ZMQ_PULL);
        pull.bind ();
        zmq_pollitem_t item = {pull, 0, ZMQ_POLLIN, 0};
        pthread_kill (pthread_self (), SIGUSR2);  // pending now: no race
        CHECK_ERRNO (ppoll (&item, 1, patience, &empty), EINTR);
    }
    pthread_sigmask (SIG_UNBLOCK, &blocked, nullptr);
    sigaction (SIGUSR2, &before, nullptr);
}

TEST_CASE ("ctx_set_ext and ctx_get_ext")
{
    NEEDS (zmq_ctx_set_ext);
    auto *set = symbol<int (void *, int, const void *, size_t)> ("zmq_ctx_set_ext");
    auto *get = symbol<int (void *, int, void *, size_t *)> ("zmq_ctx_get_ext");
    Context ctx;
    int value = 4;
    CHECK (set (ctx, ZMQ_IO_THREADS, &value, sizeof value) == 0);
    CHECK (ctx.get (ZMQ_IO_THREADS) == 4);
    int read = 0;
    size_t size = sizeof read;
    CHECK (get (ctx, ZMQ_IO_THREADS, &read, &size) == 0);
    CHECK (read == 4);
    CHECK (set (ctx, ctx_thread_name_prefix, "worker", 6) == 0);
    char name[32] = {};
    size = sizeof name;
    CHECK (get (ctx, ctx_thread_name_prefix, name, &size) == 0);
    CHECK (std::string (name) == "worker");
    CHECK_ERRNO (set (ctx, ctx_thread_name_prefix, "longer than 16 bytes", 20), EINVAL);
    CHECK_ERRNO (set (ctx, ZMQ_IO_THREADS, &value, 2), EINVAL);
    CHECK_ERRNO (set (nullptr, ZMQ_IO_THREADS, &value, sizeof value), EFAULT);
    CHECK_ERRNO (get (nullptr, ZMQ_IO_THREADS, &read, &size), EFAULT);
}

TEST_CASE ("msg_init_buffer copies")
{
    NEEDS (zmq_msg_init_buffer);
    auto *init = symbol<int (zmq_msg_t *, const void *, size_t)> ("zmq_msg_init_buffer");
    for (const size_t size : {0, 1, 33, 34, 10000}) {
        std::string body (size, 'b');
        zmq_msg_t message;
        CHECK (init (&message, body.data (), size) == 0);
        CHECK (zmq_msg_size (&message) == size);
        CHECK (std::string (static_cast<char *> (zmq_msg_data (&message)), size) == body);
        zmq_msg_close (&message);
    }
    zmq_msg_t message;
    CHECK (init (&message, nullptr, 0) == 0);
    zmq_msg_close (&message);
}

TEST_CASE ("routing id and group of a message")
{
    NEEDS (zmq_msg_set_routing_id);
    auto *set_id = symbol<int (zmq_msg_t *, uint32_t)> ("zmq_msg_set_routing_id");
    auto *id = symbol<uint32_t (zmq_msg_t *)> ("zmq_msg_routing_id");
    auto *set_group = symbol<int (zmq_msg_t *, const char *)> ("zmq_msg_set_group");
    auto *group = symbol<const char *(zmq_msg_t *)> ("zmq_msg_group");
    zmq_msg_t message, copy;
    zmq_msg_init (&message);
    zmq_msg_init (&copy);
    CHECK (id (&message) == 0);
    CHECK_ERRNO (set_id (&message, 0), EINVAL);
    CHECK (set_id (&message, 77) == 0);
    CHECK (id (&message) == 77);
    CHECK (group (&message) == ""s);
    for (const std::string &name : {"short"s, std::string (14, 'g'), std::string (15, 'g'), std::string (255, 'g')}) {
        CHECK (set_group (&message, name.c_str ()) == 0);
        CHECK (group (&message) == name);
        CHECK (zmq_msg_copy (&copy, &message) == 0);
        CHECK (group (&copy) == name);
        CHECK (id (&copy) == 77);
    }
    zmq_msg_close (&message);
    zmq_msg_close (&copy);
}

TEST_CASE ("get_peer_state of a router")
{
    NEEDS (zmq_socket_get_peer_state);
    auto *state = symbol<int (void *, const void *, size_t)> ("zmq_socket_get_peer_state");
    Context ctx;
    Socket router (ctx, ZMQ_ROUTER), dealer (ctx, ZMQ_DEALER);
    router.set (ZMQ_SNDHWM, 1);
    dealer.set (ZMQ_RCVHWM, 1).set (ZMQ_ROUTING_ID, "d");
    dealer.connect (router.bind (inproc_name ()));
    settle ({router});
    CHECK_ERRNO (state (router, "x", 1), EHOSTUNREACH);
    CHECK_ERRNO (state (dealer, "x", 1), ENOTSUP);
    CHECK (state (router, "d", 1) == ZMQ_POLLOUT);
    send (router, Msg{"d", "1"});
    send (router, Msg{"d", "2"});
    send (router, Msg{"d", "3"});  // dropped: full
    CHECK (state (router, "d", 1) == 0);
}

TEST_CASE ("socket_monitor_versioned: version 2 events and refused arguments")
{
    NEEDS (zmq_socket_monitor_versioned);
    auto *monitor = symbol<int (void *, const char *, uint64_t, int, int)> ("zmq_socket_monitor_versioned");
    Context ctx;
    Socket server (ctx, ZMQ_DEALER), consumer (ctx, ZMQ_PAIR);
    CHECK_ERRNO (monitor (server, inproc_name ().c_str (), 0x1ffff, 1, ZMQ_PAIR), EINVAL);
    CHECK_ERRNO (monitor (server, inproc_name ().c_str (), 0xffff, 2, ZMQ_ROUTER), EINVAL);
    const std::string name = inproc_name ();
    CHECK (monitor (server, name.c_str (), 0xffff, 2, ZMQ_PAIR) == 0);
    consumer.connect (name);
    const std::string endpoint = server.bind ();
    const Msg frames = recv (consumer);
    REQUIRE (frames.size () == 5);
    uint64_t event = 0, count = 0;
    std::memcpy (&event, frames[0].data (), sizeof event);
    std::memcpy (&count, frames[1].data (), sizeof count);
    CHECK (event == ZMQ_EVENT_LISTENING);
    CHECK (count == 1);
    CHECK (frames[2].size () == 8);
    CHECK (frames[3] == endpoint);
    CHECK (frames[4].empty ());

    // A connecting endpoint is the remote one, in every event: DELAYED, CLOSED, RETRIED.
    Socket client (ctx, ZMQ_DEALER), client_events (ctx, ZMQ_PAIR);
    const std::string client_name = inproc_name (), nobody = unused_endpoint ();
    CHECK (monitor (client, client_name.c_str (), 0xffff, 2, ZMQ_PAIR) == 0);
    client_events.connect (client_name);
    client.connect (nobody);
    for (int i = 0; i < 6; ++i) {
        const Msg seen = recv (client_events);
        REQUIRE (seen.size () == 5);
        CHECK (seen[3].empty ());
        CHECK (seen[4] == nobody);
    }
}

TEST_CASE ("poller: of several that watch one socket each learns what there is, whoever asked first")
{
    if (oracle ())
        return;
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
        CAPTURE (endpoint);
        Context ctx;
        Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
        push.connect (pull.bind (endpoint));
        Poller first, second;
        PollerEvent event{};
        for (Poller *poller : {&first, &second}) {
            REQUIRE (poller->add (poller->handle, pull, nullptr, ZMQ_POLLIN) == 0);
            CHECK_ERRNO (poller->wait (poller->handle, &event, 0), EAGAIN);
        }
        send (push, "1");
        send (push, "2");
        CHECK (first.wait (first.handle, &event, patience) == 0);
        CHECK (recv (pull) == Msg{"1"});
        CHECK (second.wait (second.handle, &event, patience) == 0);
        CHECK (recv (pull) == Msg{"2"});
        CHECK_ERRNO (first.wait (first.handle, &event, 0), EAGAIN);
        CHECK_ERRNO (second.wait (second.handle, &event, 0), EAGAIN);
    }
}

TEST_CASE ("TOPICS_COUNT")
{
    if (oracle ())  // not in 4.3.4
        return;
    Context ctx;
    Socket xpub (ctx, ZMQ_XPUB), sub (ctx, ZMQ_SUB), dealer (ctx, ZMQ_DEALER);
    sub.connect (xpub.bind (inproc_name ()));
    CHECK (sub.get (opt_topics_count) == 0);
    sub.subscribe ("a").subscribe ("b").subscribe ("a");
    CHECK (sub.get (opt_topics_count) == 2);
    settle ({xpub});
    CHECK (xpub.get (opt_topics_count) == 2);
    int value;
    size_t size = sizeof value;
    CHECK_ERRNO (zmq_getsockopt (dealer, opt_topics_count, &value, &size), EINVAL);
}
