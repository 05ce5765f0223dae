// zmq_ext.h through the front door: who is there, waiting for them, monitors, and the counters of whole contexts.
#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "api/ext_couple.hpp"

using namespace ext;

namespace {

std::vector<zmq_ext_peer_t> peers_of (void *socket)
{
    std::vector<zmq_ext_peer_t> list (16);
    const int count = zmq_ext_socket_peers (socket, list.data (), list.size (), sizeof list[0]);
    REQUIRE (count >= 0);
    list.resize (static_cast<std::size_t> (count));
    return list;
}

std::string id_of (const zmq_ext_peer_t &peer)
{
    return std::string (reinterpret_cast<const char *> (peer.routing_id), peer.routing_id_size);
}

std::vector<zmq_ext_socket_t> sockets_of (void *context)
{
    std::vector<zmq_ext_socket_t> list (16);
    const int count = zmq_ext_ctx_sockets (context, list.data (), list.size (), sizeof list[0]);
    REQUIRE (count >= 0);
    list.resize (static_cast<std::size_t> (count));
    return list;
}

// A socket that is closed at the end.
class Open
{
  public:
    Open (void *context, int type) : handle_ (zmq_socket (context, type))
    {
        REQUIRE (handle_);
        set (handle_, ZMQ_LINGER, 0);
        set (handle_, ZMQ_RCVTIMEO, patience);
        set (handle_, ZMQ_SNDTIMEO, patience);
    }
    ~Open () { close (); }
    Open (const Open &) = delete;
    Open &operator= (const Open &) = delete;
    void close ()
    {
        if (handle_)
            zmq_close (handle_);
        handle_ = nullptr;
    }
    operator void * () const { return handle_; }

  private:
    void *handle_;
};

class Ended
{
  public:
    Ended () : handle_ (zmq_ctx_new ()) {}
    ~Ended () { zmq_ctx_term (handle_); }
    Ended (const Ended &) = delete;
    Ended &operator= (const Ended &) = delete;
    operator void * () const { return handle_; }

  private:
    void *handle_;
};

std::string bind_tcp (void *socket)
{
    REQUIRE (zmq_bind (socket, "tcp://127.0.0.1:*") == 0);
    return last_endpoint (socket);
}

// The next event of a monitor: its number, and all texts with a bar between them.
struct Event
{
    std::uint64_t number = 0;
    zmq_ext_event_t head{};
    std::string texts;
};

Event next_event (void *pull)
{
    Event event;
    for (int frame = 0, more = 1; more; ++frame) {
        char buffer[512];
        const int size = zmq_recv (pull, buffer, sizeof buffer, 0);
        REQUIRE (size >= 0);
        more = get (pull, ZMQ_RCVMORE);
        if (frame == 0) {
            REQUIRE (size == sizeof event.head);
            std::memcpy (&event.head, buffer, sizeof event.head);
            event.number = event.head.event;
        } else {
            event.texts += "|" + std::string (buffer, static_cast<std::size_t> (size));
        }
    }
    return event;
}

}  // namespace

// ---- who is there ----

TEST_CASE ("ext: peers that come and go")
{
    const Ended context;
    Open router (context, ZMQ_ROUTER), dealer (context, ZMQ_DEALER);
    CHECK (peers_of (router).empty ());
    const std::string name = bind_tcp (router);
    zmq_setsockopt (dealer, ZMQ_ROUTING_ID, "somebody", 8);
    REQUIRE (zmq_connect (dealer, name.c_str ()) == 0);
    CHECK (zmq_ext_wait_peers (router, 1, patience) == 1);
    CHECK (zmq_ext_wait_peers (dealer, 1, patience) == 1);
    const zmq_ext_peer_t client = peers_of (router).at (0), server = peers_of (dealer).at (0);
    CHECK (client.state == ZMQ_EXT_PEER_UP);
    CHECK (client.accepted == 1);
    CHECK (id_of (client) == "somebody");
    CHECK (client.endpoint == name);
    CHECK (std::string (client.address) == "127.0.0.1");
    CHECK (std::string (client.mechanism) == "NULL");
    CHECK (client.since > 0);
    CHECK (client.since <= now ());
    CHECK (server.state == ZMQ_EXT_PEER_UP);
    CHECK (server.accepted == 0);
    CHECK (server.endpoint == name);
    CHECK (stats_of (router).handshakes == 1);
    router.close ();
    for (const Nanoseconds deadline = deadline_in (patience); now () < deadline; get (dealer, ZMQ_EVENTS))
        if (peers_of (dealer).at (0).state == ZMQ_EXT_PEER_CONNECTING)
            break;
    CHECK (peers_of (dealer).at (0).state == ZMQ_EXT_PEER_CONNECTING);
    CHECK (peers_of (dealer).at (0).since == 0);
}

TEST_CASE ("ext: what is queued for a peer that is not there, and for one that has no id of its own")
{
    const Ended context;
    Open router (context, ZMQ_ROUTER), dealer (context, ZMQ_DEALER);
    const std::string name = bind_tcp (router);
    REQUIRE (zmq_unbind (router, name.c_str ()) == 0);
    REQUIRE (zmq_connect (dealer, name.c_str ()) == 0);
    for (int i = 0; i < 3; ++i)
        REQUIRE (zmq_send (dealer, "12345", 5, 0) == 5);
    CHECK (peers_of (dealer).at (0).queued_out == 3);
    CHECK (peers_of (dealer).at (0).unsent >= 15);
    CHECK (outcome (zmq_ext_flush (dealer, 20)) == failed (EAGAIN));
    CHECK (outcome (zmq_ext_wait_peers (dealer, 1, 20)) == failed (EAGAIN));
    REQUIRE (zmq_bind (router, name.c_str ()) == 0);
    CHECK (zmq_ext_flush (dealer, patience) == 0);
    CHECK (peers_of (dealer).at (0).queued_out == 0);
    char id[256];
    const int size = zmq_recv (router, id, sizeof id, 0);
    REQUIRE (size == 5);
    CHECK (id_of (peers_of (router).at (0)) == std::string (id, 5));
}

TEST_CASE ("ext: peers of inproc")
{
    const Ended context;
    Open pull (context, ZMQ_PULL), push (context, ZMQ_PUSH);
    REQUIRE (zmq_connect (push, "inproc://peers") == 0);
    CHECK (peers_of (push).at (0).state == ZMQ_EXT_PEER_CONNECTING);
    CHECK (outcome (zmq_ext_wait_peers (push, 1, 20)) == failed (EAGAIN));
    std::atomic<int> found{0};
    std::thread waiter ([&] { found = zmq_ext_wait_peers (push, 1, patience); });
    REQUIRE (zmq_bind (pull, "inproc://peers") == 0);
    waiter.join ();
    CHECK (found == 1);
    CHECK (peers_of (push).at (0).state == ZMQ_EXT_PEER_UP);
    CHECK (std::string (peers_of (push).at (0).endpoint) == "inproc://peers");
    CHECK (peers_of (pull).at (0).accepted == 1);
    REQUIRE (zmq_send (push, "x", 1, 0) == 1);
    CHECK (peers_of (pull).at (0).queued_in == 1);
    CHECK (zmq_ext_flush (push, 0) == 0);  // it is with the peer
}

TEST_CASE ("ext: lists are filled as far as there is room, in the caller's size")
{
    const Ended context;
    Open pull (context, ZMQ_PULL), one (context, ZMQ_PUSH), other (context, ZMQ_PUSH);
    REQUIRE (zmq_bind (pull, "inproc://lists") == 0);
    for (void *socket : {static_cast<void *> (one), static_cast<void *> (other)})
        REQUIRE (zmq_connect (socket, "inproc://lists") == 0);
    CHECK (zmq_ext_wait_peers (pull, 2, patience) == 2);
    CHECK (zmq_ext_socket_peers (pull, nullptr, 0, sizeof (zmq_ext_peer_t)) == 2);
    CHECK (outcome (zmq_ext_socket_peers (pull, nullptr, 1, sizeof (zmq_ext_peer_t))) == failed (EFAULT));
    int small[4] = {7, 7, 7, 7};
    CHECK (outcome (zmq_ext_socket_peers (pull, reinterpret_cast<zmq_ext_peer_t *> (small), 1, 0)) == failed (EINVAL));
    CHECK (zmq_ext_socket_peers (pull, reinterpret_cast<zmq_ext_peer_t *> (small), 1, sizeof (int)) == 2);
    CHECK (small[0] == ZMQ_EXT_PEER_UP);
    CHECK (small[1] == 7);
    CHECK (zmq_ext_socket_peers (pull, reinterpret_cast<zmq_ext_peer_t *> (small), 4, sizeof (int)) == 2);
    CHECK (small[1] == ZMQ_EXT_PEER_UP);
    CHECK (small[2] == 7);
    CHECK (outcome (zmq_ext_socket_peers (nullptr, nullptr, 0, 1)) == failed (ENOTSOCK));
    CHECK (outcome (zmq_ext_socket_peers (context, nullptr, 0, 1)) == failed (ENOTSOCK));
}

// ---- subscribers ----

TEST_CASE ("ext: subscribers are counted once each, by what they would get")
{
    const Ended context;
    Open pub (context, ZMQ_PUB), sub (context, ZMQ_SUB), other (context, ZMQ_SUB), none (context, ZMQ_SUB);
    const std::string name = bind_tcp (pub);
    for (void *socket : {static_cast<void *> (sub), static_cast<void *> (other), static_cast<void *> (none)})
        REQUIRE (zmq_connect (socket, name.c_str ()) == 0);
    CHECK (zmq_ext_wait_peers (pub, 3, patience) == 3);
    CHECK (zmq_ext_subscribers (pub, "", 0) == 0);
    CHECK (outcome (zmq_ext_wait_subscribers (pub, "", 0, 1, 20)) == failed (EAGAIN));
    std::atomic<int> found{0};
    std::thread waiter ([&] { found = zmq_ext_wait_subscribers (pub, "abc", 3, 2, patience); });
    for (const char *topic : {"a", "ab", "abcd"})
        zmq_setsockopt (sub, ZMQ_SUBSCRIBE, topic, std::strlen (topic));
    zmq_setsockopt (other, ZMQ_SUBSCRIBE, "abc", 3);
    waiter.join ();
    CHECK (found == 2);
    CHECK (zmq_ext_wait_subscribers (pub, "abcd", 4, 2, patience) == 2);
    CHECK (zmq_ext_subscribers (pub, "ab", 2) == 1);
    CHECK (zmq_ext_subscribers (pub, "x", 1) == 0);
    CHECK (zmq_ext_subscribers (pub, nullptr, 0) == 2);
    CHECK (outcome (zmq_ext_subscribers (pub, nullptr, 1)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_subscribers (sub, "", 0)) == failed (ENOTSUP));
    CHECK (outcome (zmq_ext_wait_subscribers (sub, "", 0, 1, patience)) == failed (ENOTSUP));
}

// ---- waiting ----

TEST_CASE ("ext: a flush ends when the background thread has written the last of it")
{
    for (const int attend : {1, 0}) {
        CAPTURE (attend);
        const Ended context;
        zmq_ctx_set (context, ZMQ_EXT_ATTEND, attend);
        Open pull (context, ZMQ_PULL), push (context, ZMQ_PUSH);
        set (push, ZMQ_SNDHWM, 0);
        const std::string name = bind_tcp (pull);
        REQUIRE (zmq_connect (push, name.c_str ()) == 0);
        const std::string body (100000, 'x');
        for (int i = 0; i < 200; ++i)  // more than the system takes
            REQUIRE (zmq_send (push, body.data (), body.size (), 0) == 100000);
        std::thread reader ([&] {
            std::vector<char> buffer (body.size ());
            for (int i = 0; i < 200; ++i)
                REQUIRE (zmq_recv (pull, buffer.data (), buffer.size (), 0) == 100000);
        });
        CHECK (zmq_ext_flush (push, patience) == 0);
        CHECK (peers_of (push).at (0).unsent == 0);
        CHECK (stats_of (push).messages_out == 200);
        reader.join ();
    }
}

TEST_CASE ("ext: waits end with the context and with the socket")
{
    void *const context = zmq_ctx_new ();
    void *const first = zmq_socket (context, ZMQ_DEALER);
    void *const second = zmq_socket (context, ZMQ_PUB);
    std::vector<int> errors (2);
    std::thread one ([&] { errors[0] = zmq_ext_wait_peers (first, 1, -1) < 0 ? errno : 0; });
    std::thread other ([&] { errors[1] = zmq_ext_wait_subscribers (second, "", 0, 1, -1) < 0 ? errno : 0; });
    ::poll (nullptr, 0, 20);  // either way is right; most of the time both wait by now
    zmq_close (first);
    one.join ();
    zmq_ctx_shutdown (context);
    other.join ();
    CHECK (errors == std::vector<int>{ENOTSOCK, ETERM});
    zmq_close (second);
    zmq_ctx_term (context);
}

// ---- what keeps a context ----

TEST_CASE ("ext: a context's sockets, closed ones that linger among them")
{
    void *const context = zmq_ctx_new ();
    CHECK (sockets_of (context).empty ());
    Open pull (context, ZMQ_PULL), push (context, ZMQ_PUSH);
    const std::string name = bind_tcp (pull);
    CHECK (sockets_of (context).size () == 2);
    pull.close ();
    REQUIRE (zmq_connect (push, name.c_str ()) == 0);
    void *const handle = push;
    set (push, ZMQ_LINGER, patience);
    REQUIRE (zmq_send (push, "x", 1, 0) == 1);
    push.close ();
    const std::vector<zmq_ext_socket_t> left = sockets_of (context);
    REQUIRE (left.size () == 1);
    CHECK (left[0].socket == handle);
    CHECK (left[0].type == ZMQ_PUSH);
    CHECK (left[0].closed == 1);
    CHECK (left[0].unsent == 1);
    CHECK (left[0].endpoint == name);
    CHECK (zmq_ctx_shutdown (context) == 0);
    zmq_ext_wait_limit (20);
    CHECK (outcome (zmq_ctx_term (context)) == failed (EINTR));
    zmq_ext_wait_limit (0);
    const zmq_ext_peer_t peer = peers_of (handle).at (0);
    CHECK (peer.endpoint == name);
    CHECK (peer.queued_out == 1);
    CHECK (peer.state == ZMQ_EXT_PEER_ENDING);
    const Ended rescue;
    Open taker (rescue, ZMQ_PULL);
    REQUIRE (zmq_bind (taker, name.c_str ()) == 0);
    char body;
    CHECK (zmq_recv (taker, &body, 1, 0) == 1);
    CHECK (zmq_ctx_term (context) == 0);
    CHECK (outcome (zmq_ext_ctx_sockets (nullptr, nullptr, 0, 1)) == failed (EFAULT));
}

// ---- counters ----

TEST_CASE ("ext: parts are counted, and what a context's sockets have counted outlives them")
{
    const Ended context;
    zmq_ext_stats_t all;
    for (const std::string &endpoint : endpoints) {
        CAPTURE (endpoint);
        Open pull (context, ZMQ_PULL), push (context, ZMQ_PUSH);
        REQUIRE (zmq_bind (pull, endpoint.c_str ()) == 0);
        REQUIRE (zmq_connect (push, last_endpoint (pull).c_str ()) == 0);
        for (const int flags : {ZMQ_SNDMORE, ZMQ_SNDMORE, 0, 0})
            REQUIRE (zmq_send (push, "x", 1, flags) == 1);
        char body;
        for (int i = 0; i < 4; ++i)
            REQUIRE (zmq_recv (pull, &body, 1, 0) == 1);
        CHECK (stats_of (push).parts_out == 4);
        CHECK (stats_of (push).messages_out == 2);
        CHECK (stats_of (pull).parts_in == 4);
        CHECK (stats_of (pull).messages_in == 2);
        CHECK (peers_of (push).at (0).messages_out == 2);
        CHECK (peers_of (push).at (0).bytes_out == 4);
        CHECK (peers_of (pull).at (0).messages_in == 2);
        CHECK (peers_of (pull).at (0).bytes_in == 4);
        REQUIRE (zmq_ext_ctx_stats (context, &all, sizeof all) == 0);
        CHECK (all.peers == 2);
    }
    for (const Nanoseconds deadline = deadline_in (patience); now () < deadline && !sockets_of (context).empty ();)
        ::poll (nullptr, 0, 1);
    REQUIRE (zmq_ext_ctx_stats (context, &all, sizeof all) == 0);
    CHECK (all.parts_out == 8);
    CHECK (all.parts_in == 8);
    CHECK (all.messages_in == 4);
    CHECK (all.peers == 0);
    CHECK (outcome (zmq_ext_ctx_stats (context, nullptr, 1)) == failed (EFAULT));
    CHECK (outcome (zmq_ext_ctx_stats (context, &all, 0)) == failed (EINVAL));
    CHECK (outcome (zmq_ext_ctx_stats (nullptr, &all, 1)) == failed (EFAULT));
}

TEST_CASE ("ext: what is dropped is counted by its cause")
{
    const Ended context;
    Open router (context, ZMQ_ROUTER), dealer (context, ZMQ_DEALER);
    set (router, ZMQ_SNDHWM, 1);
    set (dealer, ZMQ_RCVHWM, 1);
    zmq_setsockopt (dealer, ZMQ_ROUTING_ID, "d", 1);
    REQUIRE (zmq_bind (router, "inproc://drops") == 0);
    REQUIRE (zmq_connect (dealer, "inproc://drops") == 0);
    CHECK (zmq_ext_wait_peers (router, 1, patience) == 1);
    const auto send_to = [&router] (const char *id) {
        REQUIRE (zmq_send (router, id, 1, ZMQ_SNDMORE) == 1);
        REQUIRE (zmq_send (router, "x", 1, 0) == 1);
    };
    send_to ("?");
    for (int i = 0; i < 5; ++i)
        send_to ("d");
    const zmq_ext_stats_t stats = stats_of (router);
    CHECK (stats.dropped_unroutable == 1);
    CHECK (stats.dropped_full == 3);
    CHECK (stats.dropped_out == 4);
}

TEST_CASE ("ext: what was queued for a peer that has gone counts as lost")
{
    const Ended context;
    Open push (context, ZMQ_PUSH);
    Open pull (context, ZMQ_PULL);
    const std::string name = bind_tcp (pull);
    pull.close ();
    REQUIRE (zmq_connect (push, name.c_str ()) == 0);
    for (int i = 0; i < 3; ++i)
        REQUIRE (zmq_send (push, "x", 1, 0) == 1);
    REQUIRE (zmq_disconnect (push, name.c_str ()) == 0);
    CHECK (stats_of (push).dropped_lost == 3);
    CHECK (stats_of (push).dropped_out == 3);
}

// ---- monitors ----

TEST_CASE ("ext: events with who it was, and several monitors at a time")
{
    const Ended context;
    Open router (context, ZMQ_ROUTER), dealer (context, ZMQ_DEALER), events (context, ZMQ_PULL), other (context, ZMQ_PULL),
      classic (context, ZMQ_PAIR);
    zmq_setsockopt (dealer, ZMQ_ROUTING_ID, "somebody", 8);
    REQUIRE (zmq_ext_socket_monitor (router, "inproc://events", ZMQ_EVENT_ALL) == 0);
    REQUIRE (zmq_ext_socket_monitor (router, "inproc://other", ZMQ_EVENT_LISTENING) == 0);
    REQUIRE (zmq_socket_monitor (router, "inproc://classic", ZMQ_EVENT_LISTENING) == 0);
    CHECK (outcome (zmq_ext_socket_monitor (router, "inproc://events", ZMQ_EVENT_ALL)) == failed (EADDRINUSE));
    REQUIRE (zmq_connect (events, "inproc://events") == 0);
    REQUIRE (zmq_connect (other, "inproc://other") == 0);
    REQUIRE (zmq_connect (classic, "inproc://classic") == 0);
    const Nanoseconds before = now ();
    const std::string name = bind_tcp (router);
    Event event = next_event (events);
    CHECK (event.number == ZMQ_EVENT_LISTENING);
    CHECK (event.head.socket == router);
    CHECK (event.head.time >= before);
    CHECK (event.head.time <= now ());
    CHECK (event.texts == "|" + name + "||||");
    CHECK (next_event (other).number == ZMQ_EVENT_LISTENING);
    char head[6];
    CHECK (zmq_recv (classic, head, 6, 0) == 6);
    REQUIRE (zmq_connect (dealer, name.c_str ()) == 0);
    CHECK (next_event (events).number == ZMQ_EVENT_ACCEPTED);
    event = next_event (events);
    CHECK (event.number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    CHECK (event.texts.find ("|somebody|NULL|") != std::string::npos);
    CHECK (event.texts.find ("|" + name + "|tcp://127.0.0.1:") == 0);
    REQUIRE (zmq_disconnect (dealer, name.c_str ()) == 0);
    event = next_event (events);
    CHECK (event.number == ZMQ_EVENT_DISCONNECTED);
    CHECK ((event.head.reason == EPIPE || event.head.reason == ECONNRESET));
    CHECK (event.texts.find ("|somebody|NULL|") != std::string::npos);
    CHECK (zmq_ext_socket_monitor (router, "inproc://events", 0) == 0);
    CHECK (next_event (events).number == ZMQ_EVENT_MONITOR_STOPPED);
    CHECK (outcome (zmq_ext_socket_monitor (router, "inproc://events", 0)) == failed (ENOENT));
    CHECK (outcome (zmq_ext_socket_monitor (router, "inproc://classic", 0)) == failed (ENOENT));
    CHECK (outcome (zmq_ext_socket_monitor (router, "tcp://127.0.0.1:1", 1)) == failed (EPROTONOSUPPORT));
    CHECK (outcome (zmq_ext_socket_monitor (router, nullptr, 1)) == failed (EINVAL));
    router.close ();
    CHECK (next_event (other).number == ZMQ_EVENT_MONITOR_STOPPED);
}
