// restart.cpp - what becomes of messages when the peer at the other end goes away and another takes its place.
//
// Debian's engine hears of an end by its own thread, some time after it has come; ours looks before it sends. So there the tests wait for
// DISCONNECTED where ours need not.
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

using namespace conf;

namespace {

struct Pattern
{
    int type;
    const char *peer;
    bool relaxed = false;
};
const Pattern patterns[] = {{ZMQ_PUSH, "PULL"}, {ZMQ_DEALER, "DEALER"}, {ZMQ_PAIR, "PAIR"}, {ZMQ_REQ, "REP"}, {ZMQ_REQ, "REP", true}};

// A listening peer on which a socket of the engine's depends.
struct Place
{
    std::string endpoint (const std::string &transport)
    {
        listener = std::make_unique<Listener> (transport == "ipc" ? dir.ipc () : "tcp://127.0.0.1:0");
        return listener->endpoint ();
    }
    TempDir dir;
    std::unique_ptr<Listener> listener;
};

// The next whole message, without what a REQ puts before it.
Msg read_message (Peer &peer, bool enveloped)
{
    Msg message;
    for (bool more = true; more;) {
        const Frame frame = peer.read_frame ();
        if (frame.command ())
            continue;
        more = frame.more ();
        if (!enveloped)
            message.push_back (frame.body);
        else if (frame.body.empty ())
            enveloped = false;
    }
    return message;
}

void end_and_notice (Peer &peer, Monitor &monitor)
{
    peer.close ();
    if (oracle ())
        monitor.wait (ZMQ_EVENT_DISCONNECTED);
}

}  // namespace

TEST_CASE ("what is sent when the peer has ended goes to the next one")
{
    for (const std::string transport : {"tcp", "ipc"})
        for (const auto &[type, peer_type, relaxed] : patterns)
            for (const std::size_t size : {1, 1 << 20}) {
                CAPTURE (transport);
                // Clang before 16 captures no structured bindings.
                const std::string wire_type = peer_type;
                const bool is_relaxed = relaxed;
                CAPTURE (wire_type);
                CAPTURE (is_relaxed);
                CAPTURE (size);
                Context ctx;
                Socket socket (ctx, type);
                socket.set (ZMQ_RECONNECT_IVL, 10);
                if (relaxed)
                    socket.set (ZMQ_REQ_RELAXED, 1).set (ZMQ_REQ_CORRELATE, 1);
                Monitor monitor (ctx, socket, ZMQ_EVENT_DISCONNECTED);
                Place place;
                socket.connect (place.endpoint (transport));
                Peer first = place.listener->accept ();
                first.handshake (peer_type);
                // It is in use, by the thread that makes the calls.
                for (int i = 0; i < 2; ++i) {
                    send (socket, "one");
                    std::string envelope;
                    if (type == ZMQ_REQ && relaxed)
                        envelope = wire::frame (first.read_frame ().body, 1);
                    CHECK (read_message (first, type == ZMQ_REQ) == Msg{"one"});
                    if (type == ZMQ_REQ) {
                        first.send (envelope + wire::frame ("", 1) + wire::frame ("reply"));
                        CHECK (recv (socket) == Msg{"reply"});
                    }
                }
                end_and_notice (first, monitor);
                const std::string body (size, 'b');
                sleep_ms (1);
                CHECK (try_send (socket, body) == static_cast<int> (size));
                Peer second = place.listener->accept ();
                second.handshake (peer_type);
                CHECK (read_message (second, type == ZMQ_REQ) == Msg{body});
            }
}

TEST_CASE ("a message whose last part is sent when the peer has ended goes to the next one whole")
{
    for (const std::string transport : {"tcp", "ipc"}) {
        Context ctx;
        Socket dealer (ctx, ZMQ_DEALER);
        dealer.set (ZMQ_RECONNECT_IVL, 10);
        Monitor monitor (ctx, dealer, ZMQ_EVENT_DISCONNECTED);
        Place place;
        dealer.connect (place.endpoint (transport));
        Peer first = place.listener->accept ();
        first.handshake ("DEALER");
        send (dealer, "one");
        CHECK (read_message (first, false) == Msg{"one"});
        send_frame (dealer, "head", ZMQ_SNDMORE);
        end_and_notice (first, monitor);
        sleep_ms (1);
        send_frame (dealer, "tail");
        Peer second = place.listener->accept ();
        second.handshake ("DEALER");
        CHECK (read_message (second, false) == Msg{"head", "tail"});
    }
}

TEST_CASE ("with several peers, what is sent when one of them has ended goes to another")
{
    for (const int type : {ZMQ_PUSH, ZMQ_DEALER}) {
        Context ctx;
        Socket socket (ctx, type);
        Monitor monitor (ctx, socket, ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        const std::string endpoint = socket.bind ();
        Peer first = Peer::connect (endpoint);
        first.handshake (type == ZMQ_PUSH ? "PULL" : "DEALER");
        monitor.wait (ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        Peer second = Peer::connect (endpoint);
        second.handshake (type == ZMQ_PUSH ? "PULL" : "DEALER");
        monitor.wait (ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        for (int i = 0; i < 2; ++i)
            send (socket, "one");
        CHECK (read_message (first, false) == Msg{"one"});
        CHECK (read_message (second, false) == Msg{"one"});
        end_and_notice (first, monitor);
        sleep_ms (oracle () ? quiet : 1);  // (the event is not yet the end of its routing to there)
        events (socket);
        for (int i = 0; i < 4; ++i) {
            send (socket, std::to_string (i));
            CHECK (read_message (second, false) == Msg{std::to_string (i)});
        }
    }
}

TEST_CASE ("the only peer having ended, nothing can be sent until there is another")
{
    for (const int type : {ZMQ_PUSH, ZMQ_DEALER, ZMQ_PAIR}) {
        Context ctx;
        Socket socket (ctx, type);
        Monitor monitor (ctx, socket, ZMQ_EVENT_DISCONNECTED);
        const std::string endpoint = socket.bind ();
        const char *const peer_type = type == ZMQ_PUSH ? "PULL" : type == ZMQ_PAIR ? "PAIR" : "DEALER";
        Peer first = Peer::connect (endpoint);
        first.handshake (peer_type);
        send (socket, "one");
        CHECK (read_message (first, false) == Msg{"one"});
        end_and_notice (first, monitor);
        sleep_ms (1);
        if (oracle ())  // it knows a little later than its monitor
            CHECK (wait_until ([&] { return !can_send (socket); }));
        CHECK_ERRNO (try_send (socket, "nobody"), EAGAIN);
        Peer second = Peer::connect (endpoint);
        second.handshake (peer_type);
        send (socket, "two");
        CHECK (read_message (second, false) == Msg{"two"});
    }
}

TEST_CASE ("a stream of messages goes on where the kernel stopped taking them")
{
    if (oracle ())
        return;  // loses what was encoded and not written
    for (const std::string transport : {"tcp", "ipc"})
        for (const std::size_t size : {100, 100000}) {
            CAPTURE (transport);
            CAPTURE (size);
            Context ctx;
            Socket push (ctx, ZMQ_PUSH);
            push.set (ZMQ_RECONNECT_IVL, 10).set (ZMQ_SNDHWM, 0).set (ZMQ_SNDBUF, 65536);
            Place place;
            push.connect (place.endpoint (transport));
            Peer first = place.listener->accept ();
            first.handshake ("PULL");
            // More than the kernel takes.
            const int count = size == 100 ? 100000 : 200;
            for (int i = 0; i < count; ++i)
                send (push, std::to_string (i) + std::string (size, '.'));
            // The peer takes some, and all that it and the kernel held is lost with it; but all of that lies before what comes.
            int taken = 0;
            for (; taken < count / 20; ++taken)
                CHECK (std::stoi (read_message (first, false).at (0)) == taken);
            first.close ();
            Peer second = place.listener->accept ();
            second.handshake ("PULL");
            int next = std::stoi (read_message (second, false).at (0));
            CHECK (next >= taken);
            CHECK (next < count);
            while (++next < count)
                REQUIRE (std::stoi (read_message (second, false).at (0)) == next);
        }
}
