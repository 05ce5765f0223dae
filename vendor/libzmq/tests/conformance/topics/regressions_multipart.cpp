// regressions_multipart.cpp - a connection that is lost while the application is in the middle of sending a message.
// Owns: whatever becomes of such a message, no peer ever gets a part of it, and the messages after it are whole.
// Leaves to others: messages half received (multipart.cpp), messages half written to the wire (reconnect.cpp).
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

namespace {

struct Sender
{
    int type;
    const char *peer;
};

constexpr Sender senders[] = {
  {ZMQ_PUSH, "PULL"}, {ZMQ_DEALER, "ROUTER"}, {ZMQ_PAIR, "PAIR"}, {ZMQ_PUB, "SUB"}, {ZMQ_XPUB, "SUB"}, {ZMQ_XSUB, "XPUB"},
};

bool publishes (int type) { return type == ZMQ_PUB || type == ZMQ_XPUB; }

// The next message a peer gets, without commands and subscriptions.
Msg next_message (Peer &peer)
{
    Msg frames;
    for (;;) {
        const Frame frame = peer.read_frame ();
        if (frame.command () || (frame.body.size () > 0 && frame.body[0] <= 1))
            continue;
        frames.push_back (frame.body);
        if (!frame.more ())
            return frames;
    }
}

// Established, and subscribed to everything where that counts.
void begin (Peer &peer, void *socket, const Sender &sender)
{
    peer.handshake (sender.peer);
    if (publishes (sender.type))
        peer.send (wire::frame ("\1"s));
    if (sender.type == ZMQ_XPUB)
        CHECK (recv (socket) == Msg{"\1"s});
    // The engine has it as soon as what is sent arrives.
    CHECK (wait_until ([&] {
        try_send (socket, "probe");
        return peer.waiting (10);
    }));
    while (peer.waiting (quiet))
        next_message (peer);
}

}  // namespace

TEST_CASE ("the connection of a message half sent is lost and made again: no half of it goes anywhere")
{
    for (const Sender &sender : senders)
        for (const int immediate : {0, 1})
            for (const bool ends_before : {false, true}) {
                // 4.3.4 refuses the next part with EAGAIN and takes the one after it for a message; an XSUB sends the last part alone.
                if (oracle () && (immediate || sender.type == ZMQ_XSUB))
                    continue;
                CAPTURE (sender.type);
                CAPTURE (immediate);
                CAPTURE (ends_before);
                Context ctx;
                Listener listener;
                Socket socket (ctx, sender.type);
                socket.set (ZMQ_RECONNECT_IVL, 10).set (ZMQ_IMMEDIATE, immediate);
                socket.connect (listener.endpoint ());
                Peer peer = listener.accept ();
                begin (peer, socket, sender);

                REQUIRE (try_send (socket, "first", ZMQ_SNDMORE) == 5);
                REQUIRE (try_send (socket, "second", ZMQ_SNDMORE) == 6);
                peer.close ();
                Peer again = listener.accept ();  // so the loss was noticed
                if (ends_before)
                    CHECK (try_send (socket, "last") == 4);
                again.handshake (sender.peer);
                if (publishes (sender.type))
                    again.send (wire::frame ("\1"s));
                sleep_ms (quiet);
                if (!ends_before)
                    CHECK (try_send (socket, "last") == 4);
                CHECK (wait_until ([&] {
                    send (socket, Msg{"whole", "message"});
                    return again.waiting (10);
                }));
                Msg got = next_message (again);
                if (got == Msg{"first", "second", "last"})
                    got = next_message (again);
                CHECK (got == Msg{"whole", "message"});
            }
}

TEST_CASE ("the peer of a bound socket leaves while a message to it is half sent: the next peer gets no half of it")
{
    if (oracle ())  // as above
        return;
    for (const Sender &sender : senders)
        for (const bool ends_before : {false, true}) {
            CAPTURE (sender.type);
            CAPTURE (ends_before);
            Context ctx;
            Socket socket (ctx, sender.type);
            const std::string endpoint = socket.bind ();
            Peer peer = Peer::connect (endpoint);
            begin (peer, socket, sender);
            REQUIRE (try_send (socket, "first", ZMQ_SNDMORE) == 5);
            REQUIRE (try_send (socket, "second", ZMQ_SNDMORE) == 6);
            peer.close ();
            sleep_ms (quiet);
            if (ends_before)
                CHECK (try_send (socket, "last") == 4);
            Peer again = Peer::connect (endpoint);
            again.handshake (sender.peer);
            if (publishes (sender.type))
                again.send (wire::frame ("\1"s));
            sleep_ms (quiet);
            if (!ends_before)
                CHECK (try_send (socket, "last") == 4);
            CHECK (wait_until ([&] {
                if (try_send (socket, "whole", ZMQ_SNDMORE) != -1)
                    try_send (socket, "message");
                return again.waiting (10);
            }));
            CHECK (next_message (again) == Msg{"whole", "message"});
        }
}
