// regressions_extensions.cpp - faults that were once found in what only our engine promises, one case each.
// Owns: the context option ZMQ_EXT_ATTEND, the limits ZMQ_EXT_MAX_..., bounds on what a peer can make it keep, monitor events that
// found no room, closing a socket that a poller waits for.
// Leaves to others: faults in what every engine promises (regressions_flow.cpp, regressions_lifecycle.cpp).
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

#include <fstream>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace conf;

namespace {
struct Poller
{
    int (*destroy) (void **) = symbol<int (void **)> ("zmq_poller_destroy");
    int (*add) (void *, void *, void *, short) = symbol<int (void *, void *, void *, short)> ("zmq_poller_add");
    int (*remove) (void *, void *) = symbol<int (void *, void *)> ("zmq_poller_remove");
    int (*wait) (void *, PollerEvent *, long) = symbol<int (void *, PollerEvent *, long)> ("zmq_poller_wait");
    void *handle = symbol<void *()> ("zmq_poller_new") ();
    ~Poller () { destroy (&handle); }
};

// Memory of the program that is in use, in bytes.
size_t resident ()
{
    size_t total = 0, pages = 0;
    std::ifstream ("/proc/self/statm") >> total >> pages;
    return pages * static_cast<size_t> (sysconf (_SC_PAGESIZE));
}
}  // namespace

TEST_CASE ("ZMQ_EXT_ATTEND set after the first socket leaves running sockets alone")
{
    if (oracle ())
        return;
    TempDir dir;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind (dir.ipc ()));
    send (push, "before");
    CHECK (recv (pull) == Msg{"before"});
    Msg got;
    Background receiver ([&] {
        try {
            for (int i = 0; i < 2; ++i)
                got.push_back (recv (pull)[0]);
        } catch (const Failure &) {  // seen by what is missing
        }
    });
    CHECK_FALSE (receiver.wait (quiet));
    zmq_ctx_set (ctx, ctx_ext_attend, 0);  // it may be refused
    Socket later (ctx, ZMQ_PUSH);
    send (push, "asleep");
    later.connect (pull.text (ZMQ_LAST_ENDPOINT));
    send (later, "new");
    CHECK (receiver.wait ());
    std::sort (got.begin (), got.end ());
    CHECK (got == Msg{"asleep", "new"});
    send (push, "after");
    CHECK (recv (pull) == Msg{"after"});
}

TEST_CASE ("a peer that sends PINGs and reads no answer costs a bounded amount of memory")
{
    if (oracle ())
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    Peer peer = Peer::connect (pull.bind ());
    peer.handshake ("PUSH");
    const timeval limit = {1, 0};  // an engine may just as well stop reading
    setsockopt (peer.fd (), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    std::string flood;
    while (flood.size () < 50000)
        flood += wire::command ("PING", wire::u16 (0) + std::string (16, 'c'));
    const size_t before = resident ();
    bool taken = true;
    for (int i = 0; taken && i < 600; ++i)
        taken = peer.try_send (flood);
    if (taken) {
        peer.send (wire::frame ("still served"));
        CHECK (recv (pull) == Msg{"still served"});
    }
    const size_t now = resident ();
    CHECK ((now > before ? now - before : 0) < 8 << 20);
}

TEST_CASE ("monitor events that found no room come when the consumer reads and the owner makes a call")
{
    if (oracle ())  // drops them
        return;
    constexpr int count = 40;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), consumer (ctx, ZMQ_PAIR);
    push.set (ZMQ_SNDHWM, 5);
    const std::string name = inproc_name ();
    ok (zmq_socket_monitor (push, name.c_str (), ZMQ_EVENT_LISTENING), "zmq_socket_monitor");
    consumer.set (ZMQ_RCVHWM, 5).connect (name);
    Msg bound, seen;
    for (int i = 0; i < count; ++i)
        bound.push_back (push.bind ());
    CHECK (wait_until ([&] {
        while (can_recv (consumer))
            seen.push_back (recv (consumer).at (1));
        events (push);
        return seen.size () == count;
    }));
    CHECK (seen == bound);
}

TEST_CASE ("a poller's wait ends when another thread closes the socket")
{
    if (oracle ())
        return;
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
        CAPTURE (endpoint);
        Context ctx;
        Socket pull (ctx, ZMQ_PULL);
        pull.bind (endpoint);
        Poller poller;
        REQUIRE (poller.add (poller.handle, pull, nullptr, ZMQ_POLLIN) == 0);
        Background waiter ([&] {
            PollerEvent event{};
            poller.wait (poller.handle, &event, 2 * patience);
        });
        CHECK_FALSE (waiter.wait (quiet));
        CHECK (pull.close () == 0);
        CHECK (waiter.wait (patience));
    }
}

TEST_CASE ("removing a closed socket from a poller does not silence one created since")
{
    if (oracle ())
        return;
    Context ctx;
    Poller poller;
    Socket first (ctx, ZMQ_PULL);
    first.bind (inproc_name ());
    REQUIRE (poller.add (poller.handle, first, nullptr, ZMQ_POLLIN) == 0);
    PollerEvent event{};
    CHECK_ERRNO (poller.wait (poller.handle, &event, 1), EAGAIN);  // it has looked at it
    void *const closed = first;
    CHECK (first.close () == 0);
    // As many as it takes to get the closed one's descriptor again.
    std::vector<std::unique_ptr<Socket>> pulls, pushes;
    for (int i = 0; i < 8; ++i) {
        pulls.push_back (std::make_unique<Socket> (ctx, ZMQ_PULL));
        pushes.push_back (std::make_unique<Socket> (ctx, ZMQ_PUSH));
        pushes.back ()->connect (pulls.back ()->bind (inproc_name ()));
        REQUIRE (static_cast<void *> (*pulls.back ()) != closed);
        REQUIRE (poller.add (poller.handle, *pulls.back (), nullptr, ZMQ_POLLIN) == 0);
    }
    poller.remove (poller.handle, closed);  // what it answers is not the point
    for (int i = 0; i < 8; ++i) {
        CAPTURE (i);
        const size_t at = static_cast<size_t> (i);
        send (*pushes[at], "x");
        bool reported = false;
        while (!reported && poller.wait (poller.handle, &event, 500) == 0)
            reported = event.socket == static_cast<void *> (*pulls[at]);
        CHECK (reported);
        CHECK (recv (*pulls[at]) == Msg{"x"});
    }
}

TEST_CASE ("a message without end costs no more than its limits say, and is no message")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    if (oracle ()) {
        const int64_t size = 1000;
        CHECK (zmq_setsockopt (pull, opt_ext_max_message_size, &size, sizeof size) == -1);
        CHECK (zmq_errno () == EINVAL);
        return;
    }
    struct Case
    {
        int64_t size;
        int parts;
        size_t body;
    };
    for (const Case &c : {Case{1 << 20, 0, 1000}, Case{-1, 1000, 0}, Case{1 << 20, 1000, 1000}}) {
        CAPTURE (c.size);
        pull.set (opt_ext_max_message_size, c.size);
        pull.set (opt_ext_max_message_parts, c.parts);
        const std::string endpoint = pull.bind ();
        Peer good = Peer::connect (endpoint), endless = Peer::connect (endpoint);
        good.handshake ("PUSH");
        endless.handshake ("PUSH");
        std::string flood;
        while (flood.size () < 60000)
            flood += wire::frame (std::string (c.body, 'x'), 1);
        const size_t before = resident ();
        bool taken = true;
        for (int i = 0; taken && i < 140; ++i)  // 8 MiB
            taken = endless.try_send (flood);
        CHECK (endless.closed ());
        CHECK (resident () < before + (16u << 20));
        // As large as it may be.
        const int parts = c.parts ? c.parts : 100;
        Msg sent (static_cast<size_t> (parts), std::string (c.parts ? c.body : 10000, 'g'));
        std::string bytes;
        for (int i = 0; i < parts; ++i)
            bytes += wire::frame (sent[static_cast<size_t> (i)], i + 1 < parts);
        good.send (bytes + wire::frame ("next"));
        CHECK (recv (pull) == sent);
        CHECK (recv (pull) == Msg{"next"});
        CHECK (silent (pull));
    }
}

TEST_CASE ("stalled connections keep nobody out, and go when others want their place")
{
    if (oracle ())
        return;
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    pull.set (opt_ext_max_handshakes, 10);
    const std::string endpoint = pull.bind ();
    std::vector<Peer> stalled;
    for (int i = 0; i < 30; ++i) {
        stalled.push_back (Peer::connect (endpoint));
        stalled.back ().send (wire::greeting ().substr (0, static_cast<size_t> (i)));
    }
    Socket push (ctx, ZMQ_PUSH);
    push.connect (endpoint);
    send (push, "through");
    CHECK (recv (pull) == Msg{"through"});
    int gone = 0;
    for (Peer &peer : stalled)
        gone += peer.closed (1);
    CHECK (gone >= 20);
}
