// refused.cpp - sending after the last peer has refused the connection for good. Both engines take a message then, since nobody can know of
// the refusal yet, and neither delivers it; what comes next would block. Debian's socket begins to note it with its first call, whichever
// that is, so that it may take more or none; ours takes exactly one.
#include "draft.hpp"
#include "engine.hpp"
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

#include <string>
#include <vector>

using namespace conf;

namespace {

struct Pairing
{
    int type;
    const char *stranger;  // a type it does not talk to
    const char *partner;
};
const Pairing senders[] = {{ZMQ_PUSH, "SUB", "PULL"}, {ZMQ_DEALER, "PUSH", "DEALER"}, {ZMQ_REQ, "PULL", "REP"}, {ZMQ_PAIR, "REP", "PAIR"}};
const Pairing draft_senders[] = {{type_client, "PULL", "SERVER"}, {type_scatter, "PULL", "GATHER"}, {type_channel, "PULL", "CHANNEL"}};

std::vector<Pairing> blocking_senders ()
{
    std::vector<Pairing> all (std::begin (senders), std::end (senders));
    if (zmq_has ("draft"))
        all.insert (all.end (), std::begin (draft_senders), std::end (draft_senders));
    return all;
}

// A peer that refuses, and is seen to.
void be_refused (Socket &socket, Listener &listener, const char *stranger)
{
    socket.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    peer.send (wire::greeting () + wire::ready (stranger));
    CHECK (peer.closed ());
}

// What a send without waiting gives once a message is lost: REQ waits for the reply.
int after_it (int type) { return type == ZMQ_REQ ? EFSM : EAGAIN; }

}  // namespace

TEST_CASE ("after a refusal sends find nobody soon, never hang, and leave nothing that delays the end")
{
    for (const Pairing &at : blocking_senders ()) {
        CAPTURE (at.stranger);
        Context ctx;
        Socket socket (ctx, at.type);
        Listener listener;
        be_refused (socket, listener, at.stranger);
        CHECK (wait_until ([&] { return try_send (socket, "x") == -1; }));
        CHECK ((zmq_errno () == EAGAIN || (at.type == ZMQ_REQ && zmq_errno () == EFSM)));
        CHECK (wait_until ([&] { return !can_send (socket); }));
        CHECK (zmq_disconnect (socket, listener.endpoint ().c_str ()) == 0);
        // (Its destructor ends the context.)
    }
}

TEST_CASE ("the first message after a refusal is taken, and only that")
{
    if (oracle ())
        return;
    TempDir dir;
    for (const Pairing &at : blocking_senders ()) {
        for (const std::string &where : {unused_endpoint (), dir.ipc (std::to_string (at.type))}) {
            CAPTURE (at.stranger);
            CAPTURE (where);
            Context ctx;
            Socket socket (ctx, at.type);
            socket.set (ZMQ_LINGER, -1).set (ZMQ_SNDTIMEO, -1);
            Listener listener (where);
            be_refused (socket, listener, at.stranger);
            CHECK (can_send (socket));
            CHECK (can_send (socket));  // looking does not change it
            CHECK (wait_for (socket, ZMQ_POLLOUT));
            CHECK (send_frame (socket, "x") == 1);
            CHECK_FALSE (can_send (socket));
            CHECK_ERRNO (try_send (socket, "x"), after_it (at.type));
            CHECK_ERRNO (send_frame (socket, "x"), at.type == ZMQ_REQ ? EFSM : EHOSTUNREACH);
        }
    }
}

TEST_CASE ("it is a whole message, of however many parts")
{
    if (oracle ())
        return;
    for (const Pairing &at : senders) {
        CAPTURE (at.stranger);
        Context ctx;
        Socket socket (ctx, at.type);
        Listener listener;
        be_refused (socket, listener, at.stranger);
        CHECK (try_send (socket, "1", ZMQ_SNDMORE) == 1);
        CHECK (can_send (socket));
        CHECK (try_send (socket, "2", ZMQ_SNDMORE) == 1);
        CHECK (try_send (socket, "3") == 1);
        CHECK_ERRNO (try_send (socket, "4"), after_it (at.type));
    }
}

TEST_CASE ("a peer that breaks the protocol later is no different, with IMMEDIATE too")
{
    for (const int immediate : {0, 1}) {
        CAPTURE (immediate);
        Context ctx;
        Socket dealer (ctx, ZMQ_DEALER);
        dealer.set (ZMQ_MAXMSGSIZE, int64_t{100}).set (ZMQ_IMMEDIATE, immediate);
        Listener listener;
        dealer.connect (listener.endpoint ());
        Peer peer = listener.accept ();
        peer.handshake ("DEALER");
        CHECK (wait_for (dealer, ZMQ_POLLOUT));
        peer.send (wire::frame (std::string (200, 'l')));
        CHECK (peer.closed ());
        if (ours ())
            CHECK (try_send (dealer, "x") == 1);
        CHECK (wait_until ([&] { return try_send (dealer, "x") == -1; }));
        CHECK (zmq_errno () == EAGAIN);
    }
}

TEST_CASE ("nothing is lost as long as another peer may take it")
{
    if (oracle ())  // gives the refused one its turn
        return;
    for (const std::string other : {"connected", "connected later", "without a pipe yet", "bound"}) {
        CAPTURE (other);
        Context ctx;
        Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
        push.set (ZMQ_SNDHWM, 1).set (ZMQ_RECONNECT_IVL, 5);
        const std::string endpoint = unused_endpoint ();
        const auto name_other = [&] {
            if (other == "bound")
                push.bind (endpoint);
            else
                push.set (ZMQ_IMMEDIATE, other == "without a pipe yet").connect (endpoint);
        };
        if (other != "connected later")
            name_other ();
        push.set (ZMQ_IMMEDIATE, 0);
        Listener listener;
        be_refused (push, listener, "SUB");
        if (other == "connected later")
            name_other ();
        const bool has_pipe = other.starts_with ("connected");
        if (has_pipe)
            CHECK (try_send (push, "0") == 1);
        CHECK_ERRNO (try_send (push, "too many"), EAGAIN);
        CHECK_FALSE (can_send (push));
        if (other == "bound")
            pull.connect (endpoint);
        else
            pull.bind (endpoint);
        for (int number = has_pipe; number < 20; ++number)
            send (push, std::to_string (number));
        for (int number = 0; number < 20; ++number)
            CHECK (recv (pull) == Msg{std::to_string (number)});
    }
}

TEST_CASE ("a peer whose queue was full takes nothing when it refuses: a sender that waits is told")
{
    if (oracle ())
        return;
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_SNDTIMEO, -1).set (ZMQ_SNDHWM, 1);
    Listener listener;
    push.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    send (push, "fill");
    Background sender ([&] { CHECK_ERRNO (send_frame (push, "x"), EHOSTUNREACH); });
    CHECK_FALSE (sender.wait (quiet));
    peer.send (wire::greeting () + wire::ready ("SUB"));
    CHECK (sender.wait ());
}

TEST_CASE ("types that never wait for a peer go on as before")
{
    for (const int type : {ZMQ_PUB, ZMQ_XPUB, ZMQ_ROUTER}) {
        CAPTURE (type);
        Context ctx;
        Socket socket (ctx, type);
        Listener listener;
        be_refused (socket, listener, "PULL");
        for (int i = 0; i < 3; ++i) {
            CHECK (try_send (socket, "id", ZMQ_SNDMORE) == 2);
            CHECK (try_send (socket, "x") == 1);
            CHECK (can_send (socket));
        }
    }
}
