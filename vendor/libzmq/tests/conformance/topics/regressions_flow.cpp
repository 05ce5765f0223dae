// regressions_flow.cpp - faults that were once found in how messages flow, one case each.
// Owns: buffers lent to zmq_send, output that the kernel does not take at once, full queues, limits changed at run time.
// Leaves to others: the rules themselves (hwm.cpp, pushpull.cpp, proxy.cpp), the ends of connections (regressions_lifecycle.cpp).
#include "harness.hpp"
#include "wire.hpp"

#include <sys/resource.h>

using namespace conf;

namespace {
// Processor time of the whole program so far, in ms.
double cpu_ms ()
{
    rusage usage{};
    getrusage (RUSAGE_SELF, &usage);
    const auto ms = [] (const timeval &time) { return static_cast<double> (time.tv_sec) * 1e3 + static_cast<double> (time.tv_usec) / 1e3; };
    return ms (usage.ru_utime) + ms (usage.ru_stime);
}
}  // namespace

TEST_CASE ("zmq_send is done with the caller's buffer when it returns, whichever peer the message waits for")
{
    for (const bool handshaking : {false, true}) {
        CAPTURE (handshaking);
        Context ctx;
        Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
        push.set (ZMQ_RECONNECT_IVL, 10);
        push.connect (pull.bind ());
        send (push, "connected");
        CHECK (recv (pull) == Msg{"connected"});
        const std::string late = unused_endpoint ();
        std::unique_ptr<Listener> listener;
        std::unique_ptr<Peer> peer;
        if (handshaking)
            listener = std::make_unique<Listener> (late);
        push.connect (late);
        if (handshaking)
            peer = std::make_unique<Peer> (listener->accept ());
        std::string buffer;
        for (const char letter : {'A', 'B', 'C', 'D'}) {
            buffer.assign (20000, letter);
            send (push, buffer);
        }
        buffer.assign (20000, '!');
        if (!handshaking) {
            listener = std::make_unique<Listener> (late);
            peer = std::make_unique<Peer> (listener->accept ());
        }
        peer->handshake ("PULL");
        // They take turns.
        Msg all;
        for (int i = 0; i < 2; ++i) {
            all.push_back (recv (pull)[0]);
            all.push_back (peer->read_frame ().body);
        }
        std::sort (all.begin (), all.end ());
        CHECK (all == Msg{std::string (20000, 'A'), std::string (20000, 'B'), std::string (20000, 'C'), std::string (20000, 'D')});
    }
}

TEST_CASE ("requests to two peers are written to the end while their sender already waits for the replies")
{
    Context ctx;
    const std::string body (4000, 'x');
    for (int each = 5; each <= 100; each += 5) {  // whatever the kernel takes: some number passes it just at the last write
        CAPTURE (each);
        Socket dealer (ctx, ZMQ_DEALER);
        dealer.set (ZMQ_SNDBUF, 4096);
        const std::string endpoint = dealer.bind ();
        std::vector<std::unique_ptr<Background>> peers;
        std::atomic<bool> sent{false};
        std::atomic<int> broken{0};
        for (int i = 0; i < 2; ++i)
            peers.push_back (std::make_unique<Background> ([&] {
                try {
                    Peer peer = Peer::connect (endpoint);
                    peer.handshake ("ROUTER");
                    peer.send (wire::frame ("here"));
                    wait_until ([&] { return sent.load (); });
                    sleep_ms (10);  // so that the dealer sleeps
                    for (int n = 0; n < each; ++n)
                        broken += peer.read_frame ().body != body;
                    peer.send (wire::frame ("reply"));
                    peer.closed ();
                } catch (const Failure &) {
                    ++broken;
                }
            }));
        for (int i = 0; i < 2; ++i)
            CHECK (recv (dealer) == Msg{"here"});
        for (int i = 0; i < 2 * each; ++i)
            send (dealer, body);
        sent = true;
        for (int i = 0; i < 2; ++i)
            REQUIRE (recv (dealer) == Msg{"reply"});
        dealer.close ();
        peers.clear ();
        REQUIRE (broken == 0);
    }
}

TEST_CASE ("what one thread sends is written to the end while another sleeps in a receive on the same socket")
{
    if (oracle ())  // its sockets may not be shared
        return;
    TempDir dir;
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, dir.ipc ()})
        for (const int flags : {0, ZMQ_DONTWAIT}) {
            CAPTURE (endpoint);
            CAPTURE (flags);
            Context ctx;
            Socket dealer (ctx, ZMQ_DEALER), router (ctx, ZMQ_ROUTER);
            dealer.connect (router.bind (endpoint));
            send (dealer, "hello");
            const std::string id = recv (router)[0];
            std::string reply;
            Background receiver ([&] {
                char buffer[8];
                const int rc = zmq_recv (dealer, buffer, sizeof buffer, 0);
                reply.assign (buffer, static_cast<size_t> (std::max (rc, 0)));
            });
            CHECK_FALSE (receiver.wait (quiet));
            CHECK (send_frame (dealer, std::string (8 << 20, 'x'), flags) == 8 << 20);
            CHECK (recv (router)[1].size () == 8 << 20);
            send (router, Msg{id, "reply"});
            CHECK (receiver.wait ());
            CHECK (reply == "reply");
        }
}

TEST_CASE ("a full socket whose peer has gone costs no processor time")
{
    TempDir dir;
    for (const std::string &endpoint : {dir.ipc (), "tcp://127.0.0.1:*"s})
        for (const bool hard : {false, true}) {
            CAPTURE (endpoint);
            CAPTURE (hard);
            Context ctx;
            Socket pull (ctx, ZMQ_PULL);
            pull.set (ZMQ_RCVHWM, 5);
            Peer peer = Peer::connect (pull.bind (endpoint));
            peer.handshake ("PUSH");
            std::string all;
            for (int i = 0; i < 100; ++i)
                all += wire::frame ("hello");
            peer.send (all);
            CHECK (wait_for (pull, ZMQ_POLLIN));
            if (hard)
                peer.reset ();
            else
                peer.close ();
            const double before = cpu_ms ();
            sleep_ms (300);
            CHECK (cpu_ms () - before < 100);
            if (!hard)
                CHECK (drain (pull) == 100);
        }
}

TEST_CASE ("inproc: limits lowered while the queue is empty leave room for messages")
{
    for (const int count : {1, 499, 999}) {
        if (oracle () && count == 999)  // 4.3.4 never sends again
            continue;
        CAPTURE (count);
        Context ctx;
        Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
        push.connect (pull.bind (inproc_name ()));
        for (int i = 0; i < count; ++i) {
            send (push, "before");
            CHECK (recv (pull) == Msg{"before"});
        }
        push.set (ZMQ_SNDHWM, 1);
        pull.set (ZMQ_RCVHWM, 1);
        settle ({push, pull});
        for (int i = 0; i < 20; ++i) {
            REQUIRE (wait_for (push, ZMQ_POLLOUT));
            REQUIRE (try_send (push, std::to_string (i)) != -1);
            REQUIRE (recv (pull) == Msg{std::to_string (i)});
        }
    }
}

TEST_CASE ("a proxy between a socket and itself goes on after it could not send")
{
    constexpr int count = 20;
    Context ctx;
    Socket echo (ctx, ZMQ_DEALER), client (ctx, ZMQ_DEALER);
    echo.set (ZMQ_SNDHWM, 1);
    client.set (ZMQ_RCVHWM, 1);
    client.connect (echo.bind (inproc_name ()));
    for (int i = 0; i < count; ++i)
        send (client, std::to_string (i));
    Background proxy ([&] { zmq_proxy (echo, echo, nullptr); });
    CHECK_FALSE (proxy.wait (quiet));  // its way out is full by now
    client.set (ZMQ_RCVTIMEO, 2000);
    int echoed = 0;
    try {
        while (echoed < count && recv (client) == Msg{std::to_string (echoed)})
            ++echoed;
    } catch (const Failure &) {  // the proxy must be ended all the same
    }
    CHECK (echoed == count);
    zmq_ctx_shutdown (ctx);
    CHECK (proxy.wait ());
}

TEST_CASE ("an XSUB whose queue was full when its publisher left sends to the one that comes next")
{
    Context ctx;
    const std::string endpoint = unused_endpoint ();
    Socket sub (ctx, ZMQ_XSUB);
    sub.set (ZMQ_SNDHWM, 1).set (ZMQ_RECONNECT_IVL, 10);
    {
        Listener listener (endpoint);
        sub.connect (endpoint);
        Peer first = listener.accept ();
        first.handshake ("XPUB");
        send (sub, "first");
        CHECK (first.read_frame () == Frame{0, "first"});
    }
    for (int i = 0; i < 5; ++i) {  // into the queue while it has room
        send (sub, "lost");
        events (sub);
        sleep_ms (10);
    }
    Listener listener (endpoint);
    Peer second = listener.accept ();
    second.handshake ("XPUB");
    CHECK (wait_until ([&] {
        send (sub, "second");
        return second.read_available (5).find ("second") != std::string::npos;
    }));
}

TEST_CASE ("a sender that waits at a full queue goes on when a limit is raised")
{
    if (oracle ())
        return;  // it lets the sender wait until the queue was read, and sometimes for ever
    for (const bool inproc : {true, false})
        for (const bool own : {true, false}) {
            if (!own && !inproc)
                continue;  // the peer's counts for its own end only
            CAPTURE (inproc);
            CAPTURE (own);
            Context ctx;
            Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
            push.set (ZMQ_SNDHWM, 1);
            pull.set (ZMQ_RCVHWM, 1);
            if (inproc)
                push.connect (pull.bind (inproc_name ()));
            else
                push.connect (unused_endpoint ());
            fill (push);
            CHECK_FALSE (can_send (push));
            int sent = 0;
            {
                Background waiting ([&] { sent = send_frame (push, "waited"); });
                sleep_ms (quiet);
                CHECK_FALSE (waiting.done ());
                (own ? push : pull).set (own ? ZMQ_SNDHWM : ZMQ_RCVHWM, 1000);
                CHECK (waiting.wait ());
            }
            CHECK (sent == 6);
        }
}

TEST_CASE ("messages that come together with the handshake are all delivered, also to a small queue beside another connection")
{
    for (const int attend : {1, 0}) {
        CAPTURE (attend);
        Context ctx;
        if (ours ())
            ctx.set (ctx_ext_attend, attend);
        Socket pull (ctx, ZMQ_PULL);
        pull.set (ZMQ_RCVHWM, 1);
        const std::string endpoint = pull.bind ();
        Peer quiet_one = Peer::connect (endpoint);
        quiet_one.handshake ("PUSH");
        Peer peer = Peer::connect (endpoint);
        peer.send (wire::greeting ());
        peer.read_ready ();  // before which no peer may send messages
        peer.send (wire::ready ("PUSH") + wire::frame ("1") + wire::frame ("2") + wire::frame ("3"));
        for (const char *expected : {"1", "2", "3"})
            CHECK (recv (pull) == Msg{expected});
    }
}
