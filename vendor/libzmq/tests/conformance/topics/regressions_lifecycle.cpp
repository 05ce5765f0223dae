// regressions_lifecycle.cpp - faults that were once found in how sockets linger and reconnect, one case each.
// Owns: what happens to queued messages when connections, endpoints or sockets end in an unlucky order.
// Leaves to others: the rules themselves (linger.cpp, reconnect.cpp), flow control (regressions_flow.cpp).
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

#include <sys/socket.h>

using namespace conf;

namespace {
std::string repeat (const std::string &text, int count)
{
    std::string all;
    for (int i = 0; i < count; ++i)
        all += text;
    return all;
}

const std::string pings = repeat (wire::command ("PING", wire::u16 (0)), 50);

// Reads at least `count` bytes in small steps, with PINGs in between, unless the connection ends before.
void read_a_little (Peer &peer, int count)
{
    char buffer[4096];
    const Timer timer;
    while (count > 0 && timer.ms () < patience) {
        ::send (peer.fd (), pings.data (), pings.size (), MSG_NOSIGNAL | MSG_DONTWAIT);
        const ssize_t rc = ::recv (peer.fd (), buffer, sizeof buffer, MSG_DONTWAIT);
        if (rc == 0 || (rc == -1 && errno != EAGAIN))
            return;
        count -= static_cast<int> (std::max<ssize_t> (rc, 0));
    }
}

// A PUSH socket with LINGER -1 whose peer has not read what is queued for it.
struct Stuck
{
    Context ctx;
    Socket push{ctx, ZMQ_PUSH};
    Peer peer;
    explicit Stuck (size_t bytes, int window = 0) : peer (Peer::connect (push.set (ZMQ_LINGER, -1).set (ZMQ_SNDBUF, 4096).bind ()))
    {
        if (window)
            setsockopt (peer.fd (), SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
        peer.handshake ("PULL");
        for (int i = 0; i < 4; ++i)
            send (push, std::string (bytes / 4, 'x'));
    }
    // Terminates the context; true if that did not have to wait any more.
    bool ends ()
    {
        Background terminator ([&] { ctx.term (); });
        return terminator.wait ();
    }
};
}  // namespace

TEST_CASE ("a peer that sends PINGs and resets the connection of a closed socket ends its lingering")
{
    if (oracle ())  // 4.3.4's zmq_ctx_term then hangs for good
        return;
    for (int round = 0; round < 20; ++round) {
        Stuck stuck (240000, 4096);
        stuck.push.close ();
        stuck.peer.send (pings);
        read_a_little (stuck.peer, round % 5 * 10000);
        stuck.peer.try_send (pings);
        stuck.peer.reset ();
        REQUIRE (stuck.ends ());
    }
}

TEST_CASE ("a peer that sends PINGs while it reads the last of a closed socket's messages")
{
    for (int round = 0; round < 10; ++round) {
        Stuck stuck (1 << 20);
        stuck.push.close ();
        // The end may come as a reset: the engine owes no answer to PINGs that came too late.
        read_a_little (stuck.peer, (1 << 20) + 4 * 9);
        stuck.peer.close ();
        REQUIRE (stuck.ends ());
    }
}

TEST_CASE ("events of a connection that outlives its closed socket name the right endpoint")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_LINGER, -1).set (ZMQ_SNDBUF, 4096);
    Monitor monitor (ctx, push);
    const std::string endpoint = push.bind ();
    Peer peer = Peer::connect (endpoint);
    peer.handshake ("PULL");
    send (push, std::string (8 << 20, 'x'));
    CHECK (monitor.wait (ZMQ_EVENT_HANDSHAKE_SUCCEEDED).endpoint == endpoint);
    push.close ();
    sleep_ms (quiet);                      // the closing is done by another thread
    peer.send (std::string (64, '\xff'));  // no frame begins like that: the engine gives the peer up
    std::vector<int> seen;
    for (Event found = monitor.next (); found.event; found = monitor.next (quiet)) {
        CAPTURE (event_name (found.event));
        CHECK (found.endpoint == (found.event == ZMQ_EVENT_MONITOR_STOPPED ? "" : endpoint));
        seen.push_back (found.event);
    }
    if (ours ())  // 4.3.4 may have ended the monitor before
        CHECK (std::count (seen.begin (), seen.end (), ZMQ_EVENT_DISCONNECTED) == 1);
}

TEST_CASE ("a closed socket that lingers delivers to a server that dies and comes back")
{
    constexpr int count = 50;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_LINGER, -1).set (ZMQ_RECONNECT_IVL, 10).set (ZMQ_SNDBUF, 200000);
    Listener listener;
    push.connect (listener.endpoint ());
    Peer dies = listener.accept ();
    dies.handshake ("PULL");
    const std::string body (200000, '.');
    for (int i = 0; i < count; ++i)
        send (push, std::to_string (i) + body);
    push.close ();
    Background terminator ([&] { ctx.term (); });
    CHECK_FALSE (terminator.wait (quiet));  // blocked, and lingering
    dies.reset ();
    Peer next = listener.accept ();
    next.handshake ("PULL");
    // What lay in buffers of the lost connection is lost with it; all the rest comes, in order, up to the last.
    int at = std::stoi (next.read_frame ().body);
    CHECK (at < count - 10);
    for (++at; at < count; ++at)
        CHECK (std::stoi (next.read_frame ().body) == at);
    CHECK (terminator.wait ());
}

TEST_CASE ("a disconnected endpoint that is still to deliver gets nothing new when it connects at last")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.set (ZMQ_LINGER, -1).set (ZMQ_RECONNECT_IVL, 10).set (ZMQ_SNDBUF, 200000);
    const std::string late = unused_endpoint ();
    push.connect (late);
    const std::string queued (4 << 20, 'q');
    send (push, queued);
    CHECK (zmq_disconnect (push, late.c_str ()) == 0);
    push.connect (pull.bind ());
    for (int i = 0; i < 10; ++i)
        send (push, std::to_string (i));
    Listener listener (late);
    Peer peer = listener.accept ();
    peer.handshake ("PULL");
    CHECK (peer.waiting (patience));  // the message has begun, and most of it cannot be sent yet
    for (int i = 10; i < 20; ++i)
        send (push, std::to_string (i));
    for (int i = 0; i < 20; ++i)
        CHECK (recv (pull) == Msg{std::to_string (i)});
    CHECK (peer.read_frame ().body == queued);
    CHECK (peer.read_available ().empty ());
}

// Disconnects two endpoints that nobody listens on, one message queued for each, and gives both.
static std::pair<std::string, std::string> disconnect_two (Socket &push, int first_linger, int second_linger)
{
    push.set (ZMQ_RECONNECT_IVL, 10);
    std::pair<std::string, std::string> endpoints{unused_endpoint (), unused_endpoint ()};
    for (const auto &[endpoint, linger] : {std::pair{endpoints.first, first_linger}, {endpoints.second, second_linger}}) {
        push.set (ZMQ_LINGER, linger);
        push.connect (endpoint);
        send (push, endpoint);
        CHECK (zmq_disconnect (push, endpoint.c_str ()) == 0);
    }
    return endpoints;
}

TEST_CASE ("a short LINGER of one disconnected endpoint does not end another's long one")
{
    for (const int linger : {-1, 4 * patience}) {
        CAPTURE (linger);
        Context ctx;
        Socket push (ctx, ZMQ_PUSH);
        const auto [patient, hasty] = disconnect_two (push, linger, 50);
        sleep_ms (120);  // longer than the short one
        Listener listener (patient);
        Peer peer = listener.accept ();
        peer.handshake ("PULL");
        CHECK (peer.read_frame () == Frame{0, patient});
        Listener gone (hasty);
        if (ours ())  // 4.3.4 still connects
            CHECK (gone.nobody (60));
    }
}

TEST_CASE ("a long LINGER of one disconnected endpoint does not prolong another's short one")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    const auto [hasty, patient] = disconnect_two (push, 50, 4 * patience);
    sleep_ms (120);  // longer than the short one
    Listener gone (hasty);
    if (ours ())  // 4.3.4 still connects
        CHECK (gone.nobody (60));
    Listener listener (patient);
    Peer peer = listener.accept ();
    peer.handshake ("PULL");
    CHECK (peer.read_frame () == Frame{0, patient});
}
