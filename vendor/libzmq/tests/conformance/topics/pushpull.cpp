// pushpull.cpp - PUSH and PULL: load balancing, fair queueing, peers that come and go.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("tasks are shared evenly among workers")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    std::vector<Socket> workers;
    for (int i = 0; i < 5; ++i) {
        workers.emplace_back (ctx, ZMQ_PULL);
        push.connect (workers.back ().bind (inproc_name ()));
    }
    for (int i = 0; i < 50; ++i)
        send (push, Msg{std::to_string (i), "second"});
    for (int i = 0; i < 50; ++i)
        CHECK (recv (workers[static_cast<size_t> (i % 5)]) == Msg{std::to_string (i), "second"});
}

TEST_CASE ("workers that connect over tcp share evenly, too")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    const std::string endpoint = push.bind ();
    std::vector<Socket> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back (ctx, ZMQ_PULL);
        workers.back ().connect (endpoint);
    }
    // Every worker is attached once it has received something.
    std::vector<bool> attached (4);
    CHECK (wait_until ([&] {
        send (push, "warm-up");
        for (size_t i = 0; i < 4; ++i)
            while (wait_for (workers[i], ZMQ_POLLIN, 1)) {
                recv (workers[i]);
                attached[i] = true;
            }
        return std::count (attached.begin (), attached.end (), true) == 4;
    }));
    for (Socket &worker : workers)
        drain (worker, 20);
    for (int i = 0; i < 40; ++i)
        send (push, "task");
    for (Socket &worker : workers)
        CHECK (drain (worker) == 10);
}

TEST_CASE ("a PULL reads its senders in turn")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string name = pull.bind (inproc_name ());
    std::vector<Socket> senders;
    for (int i = 0; i < 3; ++i) {
        senders.emplace_back (ctx, ZMQ_PUSH);
        senders.back ().connect (name);
        for (int k = 0; k < 5; ++k)
            send (senders.back (), Msg{std::to_string (i), std::to_string (k)});
    }
    for (int k = 0; k < 5; ++k) {
        std::vector<int> seen (3);
        for (int i = 0; i < 3; ++i) {
            const Msg message = recv (pull);
            CHECK (message[1] == std::to_string (k));
            ++seen.at (static_cast<size_t> (std::stoi (message[0])));
        }
        CHECK (seen == std::vector<int> (3, 1));
    }
}

TEST_CASE ("a flooding sender does not starve another")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), flood (ctx, ZMQ_PUSH), modest (ctx, ZMQ_PUSH);
    const std::string name = pull.bind (inproc_name ());
    flood.connect (name);
    modest.connect (name);
    for (int i = 0; i < 500; ++i)
        send (flood, "flood");
    CHECK (recv (pull) == Msg{"flood"});
    send (modest, "modest");
    int before = 0;
    while (recv (pull) != Msg{"modest"})
        ++before;
    CHECK (before <= 200);  // pending commands are looked at every hundred messages at the latest
}

TEST_CASE ("nobody to send to blocks, and ends when a worker comes")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    CHECK (events (push) == 0);
    const std::string endpoint = push.bind ();
    CHECK_ERRNO (try_send (push, "x"), EAGAIN);
    std::atomic<bool> sent{false};
    Background sender ([&] { sent = send_frame (push, "waiting") == 7; });
    CHECK_FALSE (sender.wait (quiet));
    pull.connect (endpoint);
    CHECK (recv (pull) == Msg{"waiting"});
    CHECK (sender.wait ());
    CHECK (sent);
}

TEST_CASE ("a PUSH is never readable, a PULL never writable")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind (inproc_name ()));
    send (push, "x");
    CHECK (events (push) == ZMQ_POLLOUT);
    CHECK (wait_for (pull, ZMQ_POLLIN));
    CHECK (events (pull) == ZMQ_POLLIN);
    recv (pull);
    CHECK (events (pull) == 0);
}

TEST_CASE ("a worker that left gets nothing more")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), stays (ctx, ZMQ_PULL);
    push.connect (stays.bind (inproc_name ()));
    {
        Socket leaves (ctx, ZMQ_PULL);
        push.connect (leaves.bind (inproc_name ()));
        send (push, "1");
        send (push, "2");
        CHECK (recv (stays) == Msg{"1"});
        CHECK (recv (leaves) == Msg{"2"});
    }
    sleep_ms (20);
    settle ({push});
    for (int i = 0; i < 10; ++i)
        send (push, std::to_string (i));
    for (int i = 0; i < 10; ++i)
        CHECK (recv (stays) == Msg{std::to_string (i)});
}

TEST_CASE ("every task of several producers reaches exactly one of several workers")
{
    Context ctx;
    constexpr int producers = 3, workers = 3, each = 400;
    std::vector<std::string> endpoints;
    std::vector<Socket> pulls;
    for (int i = 0; i < workers; ++i) {
        pulls.emplace_back (ctx, ZMQ_PULL);
        endpoints.push_back (pulls.back ().bind ());
    }
    std::vector<std::unique_ptr<Background>> threads;
    for (int p = 0; p < producers; ++p)
        threads.push_back (std::make_unique<Background> ([&, p] {
            Socket push (ctx, ZMQ_PUSH);
            push.set (ZMQ_LINGER, -1);
            for (const std::string &endpoint : endpoints)
                push.connect (endpoint);
            for (int i = 0; i < each; ++i)
                send (push, std::to_string (p * each + i));
        }));
    std::vector<int> seen (producers * each);
    for (int received = 0; received < producers * each;) {
        zmq_pollitem_t items[workers];
        for (int i = 0; i < workers; ++i)
            items[i] = {pulls[static_cast<size_t> (i)], 0, ZMQ_POLLIN, 0};
        if (zmq_poll (items, workers, patience) <= 0)
            FAIL ("only " << received);
        for (int i = 0; i < workers; ++i)
            if (items[i].revents) {
                ++seen.at (static_cast<size_t> (std::stoi (recv (items[i].socket)[0])));
                ++received;
            }
    }
    CHECK (seen == std::vector<int> (producers * each, 1));
}

TEST_CASE ("messages sent before the connection is up are delivered in order")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_RECONNECT_IVL, 10);
    const std::string endpoint = unused_endpoint ();
    push.connect (endpoint);
    for (int i = 0; i < 500; ++i)
        send (push, std::to_string (i));
    pull.bind (endpoint);
    for (int i = 0; i < 500; ++i)
        CHECK (recv (pull) == Msg{std::to_string (i)});
}

TEST_CASE ("a large message sent right before close arrives whole")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string endpoint = pull.bind ();
    {
        Socket push (ctx, ZMQ_PUSH);
        push.set (ZMQ_LINGER, -1);
        push.connect (endpoint);
        send (push, Msg{std::string (8 << 20, 'a'), "end"});
    }
    const Msg message = recv (pull);
    REQUIRE (message.size () == 2);
    CHECK (message[0] == std::string (8 << 20, 'a'));
    CHECK (message[1] == "end");
}
