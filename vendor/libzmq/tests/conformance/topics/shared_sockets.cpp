// shared_sockets.cpp - what only our engine promises: one socket used by several threads at once, whole messages atomic,
// and close while another thread is blocked. Meant to be run under ThreadSanitizer, too. Debian's sockets may not be shared.
#include "harness.hpp"

#include <sys/uio.h>

using namespace conf;

namespace {
constexpr int threads = 4, each = 500;

std::vector<std::unique_ptr<Background>> start (int count, const std::function<void (int)> &body)
{
    std::vector<std::unique_ptr<Background>> list;
    for (int i = 0; i < count; ++i)
        list.push_back (std::make_unique<Background> ([body, i] { body (i); }));
    return list;
}
}  // namespace

TEST_CASE ("several threads send through one socket, several receive from another")
{
    if (oracle ())
        return;
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
        CAPTURE (endpoint);
        Context ctx;
        Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
        push.connect (pull.bind (endpoint));
        std::vector<std::atomic<int>> seen (threads * each);
        {
            auto senders = start (threads, [&] (int t) {
                for (int i = 0; i < each; ++i)
                    send (push, std::to_string (t * each + i));
            });
            auto receivers = start (threads, [&] (int) {
                for (int i = 0; i < each; ++i)
                    ++seen.at (static_cast<size_t> (std::stoi (recv_frame (pull))));
            });
        }
        CHECK (std::all_of (seen.begin (), seen.end (), [] (const std::atomic<int> &n) { return n == 1; }));
    }
}

TEST_CASE ("small messages of several threads through one socket: none lost, none twice")
{
    if (oracle ())
        return;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    auto senders = start (threads, [&] (int t) {
        for (int i = 0; i < each; ++i)
            send (push, Msg{std::to_string (t)});
    });
    std::vector<int> counts (threads);
    for (int i = 0; i < threads * each; ++i)
        ++counts.at (static_cast<size_t> (std::stoi (recv (pull)[0])));
    CHECK (counts == std::vector<int> (threads, each));
}

TEST_CASE ("multipart messages that two threads send with sendiov stay whole")
{
    if (oracle ())
        return;
    for (const auto &types : {std::pair{ZMQ_PUSH, ZMQ_PULL}, std::pair{ZMQ_DEALER, ZMQ_DEALER}})
        for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
            const int from = types.first, to = types.second;
            CAPTURE (from);
            CAPTURE (endpoint);
            Context ctx;
            Socket out (ctx, from), in (ctx, to);
            out.connect (in.bind (endpoint));
            std::atomic<int> refused{0};
            auto senders = start (2, [&] (int t) {
                for (int i = 0; i < each; ++i) {
                    Msg parts{std::to_string (t), std::to_string (i), std::string (static_cast<size_t> (i), 'x')};
                    std::vector<iovec> list;
                    for (std::string &part : parts)
                        list.push_back ({part.data (), part.size ()});
                    refused += zmq_sendiov (out, list.data (), list.size (), ZMQ_SNDMORE) == -1;
                }
            });
            std::vector<int> next (2);  // of each thread
            for (int i = 0; i < 2 * each; ++i) {
                const Msg parts = recv (in);
                int &expected = next.at (parts[0] == "1");
                if (parts != Msg{parts[0], std::to_string (expected), std::string (static_cast<size_t> (expected), 'x')})
                    FAIL ("message " << expected << " of thread " << parts[0] << ": " << parts);
                ++expected;
            }
            CHECK (refused == 0);
        }
}

TEST_CASE ("one thread receives while another sends on the same socket")
{
    if (oracle ())
        return;
    Context ctx;
    Socket a (ctx, ZMQ_DEALER), b (ctx, ZMQ_DEALER);
    a.connect (b.bind ());
    Background echo ([&] {
        for (int i = 0; i < each; ++i)
            send (b, recv (b));
    });
    Background writer ([&] {
        for (int i = 0; i < each; ++i)
            send (a, std::to_string (i));
    });
    for (int i = 0; i < each; ++i)
        CHECK (recv (a) == Msg{std::to_string (i)});
}

TEST_CASE ("options, polling and connecting from other threads while messages flow")
{
    if (oracle ())
        return;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind ());
    std::atomic<bool> stop{false};
    Background options ([&] {
        while (!stop) {
            push.set (ZMQ_LINGER, 0);
            events (pull);
            push.get (ZMQ_SNDHWM);
            zmq_pollitem_t item = {pull, 0, ZMQ_POLLIN, 0};
            zmq_poll (&item, 1, 1);
            std::this_thread::sleep_for (std::chrono::microseconds (50));
        }
    });
    Background sender ([&] {
        for (int i = 0; i < each; ++i)
            send (push, std::to_string (i));
    });
    for (int i = 0; i < each; ++i)
        CHECK (recv (pull) == Msg{std::to_string (i)});
    stop = true;
}

TEST_CASE ("close ends a receive that another thread is blocked in")
{
    if (oracle ())
        return;
    for (const std::string &endpoint : {"tcp://127.0.0.1:*"s, inproc_name ()}) {
        CAPTURE (endpoint);
        Context ctx;
        void *pull = zmq_socket (ctx, ZMQ_PULL);
        REQUIRE (zmq_bind (pull, endpoint.c_str ()) == 0);
        std::atomic<int> error{0};
        Background receiver ([&] {
            char buffer[8];
            if (zmq_recv (pull, buffer, sizeof buffer, 0) == -1)
                error = zmq_errno ();
        });
        CHECK_FALSE (receiver.wait (quiet));
        CHECK (zmq_close (pull) == 0);
        CHECK (receiver.wait ());
        CHECK ((error == ENOTSOCK) != (error == ETERM));
    }
}

TEST_CASE ("close ends a send and a poll that other threads are blocked in")
{
    if (oracle ())
        return;
    Context ctx;
    void *push = zmq_socket (ctx, ZMQ_PUSH);
    std::atomic<int> send_error{0}, poll_error{0};
    Background sender ([&] {
        if (zmq_send (push, "x", 1, 0) == -1)
            send_error = zmq_errno ();
    });
    Background poller ([&] {
        zmq_pollitem_t item = {push, 0, ZMQ_POLLOUT, 0};
        if (zmq_poll (&item, 1, -1) == -1)
            poll_error = zmq_errno ();
    });
    CHECK_FALSE (sender.wait (quiet));
    CHECK (zmq_close (push) == 0);
    CHECK (sender.wait ());
    CHECK (poller.wait ());
    CHECK (send_error != 0);
    CHECK (poll_error != 0);
}

TEST_CASE ("a subscriber's topics changed by one thread while another receives")
{
    if (oracle ())
        return;
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), sub (ctx, ZMQ_SUB);
    sub.subscribe ("always").connect (pub.bind ());
    publish_until_received (pub, sub, "always");
    std::atomic<bool> stop{false};
    Background changes ([&] {
        while (!stop) {
            sub.subscribe ("sometimes");
            sub.unsubscribe ("sometimes");
            std::this_thread::sleep_for (std::chrono::microseconds (50));  // a mutex need not be fair to the others
        }
    });
    for (int i = 0; i < each; ++i) {
        send (pub, "sometimes");
        send (pub, "always " + std::to_string (i));
        std::string frame;
        while ((frame = recv_frame (sub)) == "sometimes") {
        }
        CHECK (frame == "always " + std::to_string (i));
    }
    stop = true;
}
