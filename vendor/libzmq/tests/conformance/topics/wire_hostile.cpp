// wire_hostile.cpp - garbage, half connections, resets at every byte: the connection goes, everything else goes on.
#include "harness.hpp"
#include "wire.hpp"

#include <random>

using namespace conf;

namespace {
// A bound socket and a well-behaved raw PUSH that must go on working whatever else connects.
struct Target
{
    Context ctx;
    Socket pull{ctx, ZMQ_PULL};
    std::string endpoint;
    int alive = 0;

    explicit Target (const std::string &where = "tcp://127.0.0.1:*") : endpoint (pull.bind (where)) {}
    bool works ()
    {
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("PUSH");
        const std::string text = "alive " + std::to_string (alive++);
        peer.send (wire::frame (text));
        for (int skipped = 0; skipped < 1000; ++skipped)  // garbage may be messages in ZMTP 1.0, and come late
            if (recv (pull) == Msg{text})
                return true;
        return false;
    }
};
const std::string conversation = wire::greeting () + wire::ready ("PUSH");
}  // namespace

TEST_CASE ("RST at every byte of greeting and handshake")
{
    Target target;
    for (size_t at = 0; at <= conversation.size (); ++at) {
        Peer peer = Peer::connect (target.endpoint);
        peer.send (conversation.substr (0, at));
        peer.reset ();
    }
    CHECK (target.works ());
}

TEST_CASE ("RST at every byte with the engine's answers read before")
{
    Target target;
    for (size_t at = 0; at <= conversation.size (); at += 3) {
        Peer peer = Peer::connect (target.endpoint);
        peer.read (10);
        peer.send (conversation.substr (0, at));
        sleep_ms (1);
        peer.reset ();
    }
    CHECK (target.works ());
}

TEST_CASE ("orderly close at every byte of greeting and handshake")
{
    Target target;
    for (size_t at = 0; at <= conversation.size (); ++at) {
        Peer peer = Peer::connect (target.endpoint);
        peer.send (conversation.substr (0, at));
        peer.shut_writes ();
        CHECK (peer.closed ());
    }
    CHECK (target.works ());
}

TEST_CASE ("the same over ipc")
{
    TempDir dir;
    Target target (dir.ipc ());
    for (size_t at = 0; at <= conversation.size (); ++at) {
        Peer peer = Peer::connect (target.endpoint);
        peer.send (conversation.substr (0, at));
    }
    CHECK (target.works ());
}

TEST_CASE ("RST at every byte towards a connecting socket, which connects again each time")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    push.set (ZMQ_RECONNECT_IVL, 1);
    Listener listener;
    push.connect (listener.endpoint ());
    const std::string answer = wire::greeting () + wire::ready ("PULL");
    for (size_t at = 0; at < answer.size (); at += 5) {
        Peer peer = listener.accept ();
        peer.send (answer.substr (0, at));
        peer.reset ();
    }
    Peer peer = listener.accept ();
    peer.handshake ("PULL");
    send (push, "through");
    CHECK (peer.read_frame () == Frame{0, "through"});
}

TEST_CASE ("random garbage")
{
    Target target;
    std::mt19937 random (20240601);
    for (int round = 0; round < 200; ++round) {
        std::string bytes (random () % 200, '\0');
        for (char &byte : bytes)
            byte = static_cast<char> (random ());
        Peer peer = Peer::connect (target.endpoint);
        peer.try_send (bytes);
    }
    CHECK (target.works ());
}

TEST_CASE ("random garbage after a proper greeting")
{
    Target target;
    std::mt19937 random (77);
    for (int round = 0; round < 200; ++round) {
        std::string bytes (random () % 100, '\0');
        for (char &byte : bytes)
            byte = static_cast<char> (random ());
        Peer peer = Peer::connect (target.endpoint);
        peer.try_send (wire::greeting () + bytes);
    }
    CHECK (target.works ());
}

TEST_CASE ("a handshake with one byte changed, for every byte")
{
    Target target;
    for (size_t at = 0; at < conversation.size (); ++at) {
        std::string bytes = conversation;
        bytes[at] = static_cast<char> (bytes[at] ^ 0x15);
        Peer peer = Peer::connect (target.endpoint);
        peer.try_send (bytes);
    }
    CHECK (target.works ());
}

TEST_CASE ("other protocols")
{
    Target target;
    for (const std::string &bytes : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n"s, "SSH-2.0-OpenSSH_9.2\r\n"s, "\x16\x03\x01\x02\x00\x01\x00"s,
                                     "EHLO example.org\r\n"s, std::string (10000, '\xff'), std::string (10000, '\0')})
    {
        Peer peer = Peer::connect (target.endpoint);
        peer.try_send (bytes);
        sleep_ms (2);
    }
    CHECK (target.works ());
}

TEST_CASE ("peers that say one byte and wait do not keep others out")
{
    Target target;
    std::vector<Peer> slow;
    for (int i = 0; i < 100; ++i) {
        slow.push_back (Peer::connect (target.endpoint));
        slow.back ().send ("\xff");
    }
    CHECK (target.works ());
}

TEST_CASE ("a peer that never reads does not hold up the others of a publisher")
{
    Context ctx;
    Socket pub (ctx, ZMQ_XPUB);
    pub.set (ZMQ_SNDHWM, 10);
    const std::string endpoint = pub.bind ();
    Peer stuck = Peer::connect (endpoint), reads = Peer::connect (endpoint);
    for (Peer *peer : {&stuck, &reads})
        peer->handshake ("SUB");
    stuck.send (wire::command ("SUBSCRIBE", "a"));
    CHECK (recv (pub) == Msg{"\1a"});
    reads.send (wire::command ("SUBSCRIBE", "ab"));
    CHECK (recv (pub) == Msg{"\1ab"});
    const std::string body = "abc" + std::string (20000, 'x');
    for (int i = 0; i < 500; ++i) {
        settle ({pub});  // a send by itself may look for room only once a millisecond
        send (pub, body);
        if (reads.read_frame ().body != body)
            FAIL ("message " << i);
    }
}

TEST_CASE ("connections that come and go by the hundred")
{
    Target target;
    for (int i = 0; i < 300; ++i) {
        Peer peer = Peer::connect (target.endpoint);
        if (i % 3 == 0)
            peer.reset ();
        else if (i % 3 == 1)
            peer.send (conversation + wire::frame ("half", 1));
    }
    CHECK (target.works ());
}

TEST_CASE ("a peer that dies while it is being sent a large message")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH);
    const std::string endpoint = push.bind ();
    {
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("PULL");
        send (push, std::string (4 << 20, 'x'));
        peer.read (100000);
        peer.reset ();
    }
    Peer next = Peer::connect (endpoint);
    next.handshake ("PULL");
    CHECK (wait_until ([&] { return try_send (push, "next") != -1 && next.waiting (20); }));
    CHECK (next.read_frame () == Frame{0, "next"});  // whole, not the rest of the large one
}
