// draft_threads.cpp - thread-safe socket types: one socket in several threads, and zmq_poller with them. Also under ThreadSanitizer.
#include "draft.hpp"
#include "harness.hpp"

#include <poll.h>

using namespace conf;

namespace {

constexpr int threads = 4, each = 300;

std::vector<std::unique_ptr<Background>> start (int count, const std::function<void (int)> &body)
{
    std::vector<std::unique_ptr<Background>> list;
    for (int i = 0; i < count; ++i)
        list.push_back (std::make_unique<Background> ([body, i] { body (i); }));
    return list;
}

struct Poller
{
    int (*add) (void *, void *, void *, short) = symbol<int (void *, void *, void *, short)> ("zmq_poller_add");
    int (*remove) (void *, void *) = symbol<int (void *, void *)> ("zmq_poller_remove");
    int (*wait) (void *, PollerEvent *, long) = symbol<int (void *, PollerEvent *, long)> ("zmq_poller_wait");
    int (*fd) (void *, int *) = symbol<int (void *, int *)> ("zmq_poller_fd");
    void *handle = symbol<void *()> ("zmq_poller_new") ();
    ~Poller () { symbol<int (void **)> ("zmq_poller_destroy") (&handle); }
};

}  // namespace

TEST_CASE ("one SERVER in several threads answers one CLIENT that is used by several")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket server (ctx, type_server), client (ctx, type_client);
        client.connect (server.bind (endpoint));
        std::vector<std::atomic<int>> seen (threads * each);
        {
            auto workers = start (threads, [&] (int) {
                for (int i = 0; i < each; ++i) {
                    const Letter letter = recv_letter (server);
                    send_letter (server, {letter.body, letter.routing_id});
                }
            });
            auto senders = start (threads, [&] (int t) {
                for (int i = 0; i < each; ++i)
                    send (client, std::to_string (t * each + i));
            });
            auto receivers = start (threads, [&] (int) {
                for (int i = 0; i < each; ++i)
                    ++seen.at (static_cast<size_t> (std::stoi (recv_letter (client).body)));
            });
        }
        CHECK (std::all_of (seen.begin (), seen.end (), [] (const std::atomic<int> &n) { return n == 1; }));
    }
}

TEST_CASE ("groups are joined and left in some threads while others send and receive")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket radio (ctx, type_radio), dish (ctx, type_dish);
        CHECK (join (dish, "always") == 0);
        dish.connect (radio.bind (endpoint));
        std::atomic<bool> over{false};
        std::atomic<int> heard{0};
        {
            auto changing = start (2, [&] (int t) {
                const std::string group = "group" + std::to_string (t);
                // (So often, not for ever: two threads that do nothing else leave the others little of a slow machine.)
                for (int i = 0; i < each && !over; ++i) {
                    ok (join (dish, group));
                    ok (leave (dish, group));
                    std::this_thread::yield ();
                }
            });
            auto sending = start (2, [&] (int t) {
                while (!over) {
                    send_letter (radio, {"x", 0, "always"});
                    send_letter (radio, {"y", 0, "group" + std::to_string (t)});
                    std::this_thread::yield ();
                }
            });
            auto receiving = start (2, [&] (int) {
                for (int i = 0; i < each; ++i) {
                    const Letter letter = recv_letter (dish);
                    CHECK ((letter.group == "always") == (letter.body == "x"));
                    ++heard;
                }
            });
            receiving.clear ();
            CHECK (heard == 2 * each);
            over = true;
        }
    }
}

TEST_CASE ("close in one thread ends the waiting of another; so does the end of the context")
{
    NEEDS_DRAFTS ();
    for (const DraftType &type : draft_types) {
        CAPTURE (std::string (type.name));
        if (!type.receives)
            continue;
        for (const bool closes : {true, false}) {
            Context ctx;
            Socket socket (ctx, type.number);
            socket.set (ZMQ_RCVTIMEO, -1);
            std::atomic<int> error{0};
            Background waiting ([&] {
                char byte;
                error = zmq_recv (socket, &byte, 1, 0) == -1 ? zmq_errno () : -1;
            });
            CHECK_FALSE (waiting.wait (5));
            // (That another thread may close it is our engine's promise.)
            if (closes && ours ())
                socket.close ();
            else
                zmq_ctx_shutdown (ctx);
            CHECK (waiting.wait ());
            CHECK (error == (closes && ours () ? ENOTSOCK : ETERM));
        }
    }
}

TEST_CASE ("zmq_poller takes thread-safe sockets, beside others, and wakes for them")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const std::string &endpoint : every_endpoint (folder)) {
        CAPTURE (endpoint);
        Context ctx;
        Socket server (ctx, type_server), client (ctx, type_client), pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
        client.connect (server.bind (endpoint));
        push.connect (pull.bind (inproc_name ()));
        Poller poller;
        int mine = 0;
        REQUIRE (poller.add (poller.handle, server, &mine, ZMQ_POLLIN) == 0);
        REQUIRE (poller.add (poller.handle, pull, nullptr, ZMQ_POLLIN) == 0);
        PollerEvent event;
        CHECK_ERRNO (poller.wait (poller.handle, &event, 10), EAGAIN);
        for (int i = 0; i < 20; ++i) {
            Background sender ([&] {
                if (i % 2)
                    sleep_ms (2);
                send (client, "x");
            });
            REQUIRE (poller.wait (poller.handle, &event, patience) == 0);
            CHECK (event.socket == static_cast<void *> (server));
            CHECK (event.user_data == &mine);
            CHECK (event.events == ZMQ_POLLIN);
            CHECK (recv_letter (server).body == "x");
            CHECK_ERRNO (poller.wait (poller.handle, &event, 0), EAGAIN);
        }
        send (push, "y");
        REQUIRE (poller.wait (poller.handle, &event, patience) == 0);
        CHECK (event.socket == static_cast<void *> (pull));
        CHECK (poller.remove (poller.handle, server) == 0);
    }
}

TEST_CASE ("zmq_poller: POLLOUT of a thread-safe socket")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket scatter (ctx, type_scatter), gather (ctx, type_gather);
    Poller poller;
    REQUIRE (poller.add (poller.handle, scatter, nullptr, ZMQ_POLLOUT) == 0);
    PollerEvent event;
    CHECK_ERRNO (poller.wait (poller.handle, &event, 10), EAGAIN);
    Background connecting ([&] { scatter.connect (gather.bind ()); });
    REQUIRE (poller.wait (poller.handle, &event, patience) == 0);
    CHECK (event.events == ZMQ_POLLOUT);
}

TEST_CASE ("zmq_poller_fd: only with a thread-safe socket, and readable when there may be something")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket client (ctx, type_client), server (ctx, type_server), pull (ctx, ZMQ_PULL);
    client.connect (server.bind (inproc_name ()));
    Poller poller;
    int fd = -1;
    CHECK_ERRNO (poller.fd (poller.handle, &fd), EINVAL);
    REQUIRE (poller.add (poller.handle, pull, nullptr, ZMQ_POLLIN) == 0);
    CHECK_ERRNO (poller.fd (poller.handle, &fd), EINVAL);
    CHECK_ERRNO (poller.fd (nullptr, &fd), EFAULT);
    REQUIRE (poller.add (poller.handle, server, nullptr, ZMQ_POLLIN) == 0);
    REQUIRE (poller.fd (poller.handle, &fd) == 0);
    PollerEvent event;
    for (int i = 0; i < 5; ++i) {
        while (poller.wait (poller.handle, &event, 0) == 0)
            recv_letter (server);
        send (client, "x");
        pollfd entry{fd, POLLIN, 0};
        CHECK (poll (&entry, 1, patience) == 1);
        CHECK (poller.wait (poller.handle, &event, 0) == 0);
        CHECK (event.socket == static_cast<void *> (server));
        CHECK (recv_letter (server).body == "x");
    }
    CHECK (poller.remove (poller.handle, server) == 0);
    CHECK (poller.fd (poller.handle, &fd) == 0);
}

TEST_CASE ("several pollers in several threads: each message is seen and taken once")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket gather (ctx, type_gather), scatter (ctx, type_scatter);
    gather.set (ZMQ_RCVTIMEO, 0);
    scatter.connect (gather.bind ());
    std::atomic<int> taken{0};
    {
        auto takers = start (threads, [&] (int) {
            Poller poller;
            ok (poller.add (poller.handle, gather, nullptr, ZMQ_POLLIN));
            while (taken < threads * each) {
                PollerEvent event;
                if (poller.wait (poller.handle, &event, 20) != 0)
                    continue;
                char byte;
                if (zmq_recv (gather, &byte, 1, ZMQ_DONTWAIT) == 1)
                    ++taken;
            }
        });
        auto senders = start (threads, [&] (int) {
            for (int i = 0; i < each; ++i)
                send (scatter, "x");
        });
        CHECK (wait_until ([&] { return taken == threads * each; }));
        if (taken < threads * each)
            taken = threads * each;  // ends the takers
    }
}

TEST_CASE ("zmq_poll takes thread-safe sockets too")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket client (ctx, type_client), server (ctx, type_server), pull (ctx, ZMQ_PULL);
    client.connect (server.bind ());
    zmq_pollitem_t items[] = {{pull, 0, ZMQ_POLLIN, 0}, {server, 0, ZMQ_POLLIN, 0}};
    CHECK (zmq_poll (items, 2, 10) == 0);
    send (client, "x");
    CHECK (zmq_poll (items, 2, patience) == 1);
    CHECK (items[1].revents == ZMQ_POLLIN);
    CHECK (items[0].revents == 0);
}
