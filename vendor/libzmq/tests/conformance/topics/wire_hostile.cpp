// wire_hostile.cpp - garbage, half connections, resets at every byte: the connection goes, everything else goes on.
#include "harness.hpp"
#include "wire.hpp"

#include <random>
#include <utility>
#include <vector>

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

namespace {

// What port scanners, browsers and the clients of other services say first.
const std::string probes[] = {
  "GET / HTTP/1.0\r\n\r\n"s,
  "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"s,
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s,
  "CONNECT example.org:443 HTTP/1.1\r\n\r\n"s,
  "OPTIONS sip:nm SIP/2.0\r\n\r\n"s,
  "\r\n\r\n"s,
  "\n\n\n\n"s,
  "\0\0\0\0"s,
  "HELP\r\n"s,
  "EHLO scan\r\n"s,
  "SSH-2.0-Go\r\n"s,
  "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"s + std::string (156, '\x21'),                                      // TLS
  "\x16\x03\x00\x00\x69\x01\x00\x00\x65\x03\x00"s + std::string (99, '\x55'),                                       // SSL 3
  "\x80\x2c\x01\x00\x02\x00\x03\x00\x00\x00\x20"s + std::string (35, '\x07'),                                       // SSL 2
  "\x03\x00\x00\x0b\x06\xe0\x00\x00\x00\x00\x00"s,                                                                  // RDP
  "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00"s,                                  // RDP
  "\x03\x00\x00\x2f\x2a\xe0\x00\x00\x00\x00\x00"s + "Cookie: mstshash=hello\r\n\x01\x00\x08\x00\x03\x00\x00\x00"s,  // RDP
  "*1\r\n$4\r\nPING\r\n"s,
  "INFO\r\n"s,
  "stats\r\n"s,
  "\x80\x0b\x00\x00\x00\x00\x00\x00"s + std::string (16, '\0'),                                              // memcached
  "\x3a\x00\x00\x00\xa7\x41\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00"s + std::string (42, '\0') + "\2\0ab"s,  // MongoDB
  "\x04\x01\x00\x50\x01\x02\x03\x04\x00"s,                                                                   // SOCKS 4
  "\x05\x01\x00"s,                                                                                           // SOCKS 5
  "\x05\x04\x00\x01\x02\x80\x05\x01\x00\x03"s,                                                               // SOCKS 5
  "\x00\x00\x00\x08\x04\xd2\x16\x2f"s,                                                                       // PostgreSQL
  "\x00\x00\x00\xa4\xff\x53\x4d\x42\x72"s + std::string (159, '\0'),                                         // SMB
  "\x00\x1e\x00\x06\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04"s + "bind\x00\x00\x10\x00\x03"s,  // DNS
  "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x02\x04\x00\x80\x00"s,                                               // LDAP
  "\x6c\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"s,                                                       // X11
  "\x12\x01\x00\x34\x00\x00\x00\x00\x00\x00\x15\x00\x06\x01\x00"s,                                           // TDS
  "\x01\x00\x00\xfd\xce\xfa\x0b\xb0\xa0\x00\x00\x00MMS\x14"s + std::string (32, '\0'),                       // MMS
  "\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00"s + std::string (200, ' '),                                      // DICOM
  "\x01"
  "default\n"s,                             // LPD
  "\x04\x00\x00\x00\x05\x00\x00\x00\x00"s,  // Cassandra
  "\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02id"s,
  "AMQP\x00\x00\x09\x01"s,
  "JRMI\x00\x02\x4b"s,
  "\x4e\x00\x0e\x00\x00\x00\x00\x00\x02"s + std::string (69, 'n'),
  "\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01"s,  // telnet
  "\xfe\x01\xfa\x00\x0b"s,
  "\xf9\xbe\xb4\xd9version\x00\x00\x00\x00\x00"s,
  std::string (300, '\xff'),
  std::string (300, 'A'),
};

// The message that a proper peer sends afterwards is the first to come, and there is no subscription but that peer's.
void nothing_of (const std::string &probe, int type, const std::string &endpoint, void *socket, bool in_pieces)
{
    CAPTURE (wire::hex (probe));
    CAPTURE (type);
    Peer scanner = Peer::connect (endpoint);
    for (size_t at = 0; in_pieces && at + 1 < std::min<size_t> (probe.size (), 12); ++at)
        scanner.try_send (probe.substr (at, 1));
    scanner.try_send (in_pieces ? probe.substr (std::min<size_t> (probe.size (), 12) - 1) : probe);
    scanner.shut_writes ();
    CHECK (scanner.closed ());  // so everything it sent was looked at

    Peer peer = Peer::connect (endpoint);
    if (type == ZMQ_XPUB) {
        peer.handshake ("SUB");
        peer.send (wire::command ("SUBSCRIBE", "proper"));
        CHECK (recv (socket) == Msg{"\1proper"});
        peer.close ();
        CHECK (recv (socket) == Msg{std::string ("\0proper", 7)});
    } else if (type == ZMQ_ROUTER) {
        static int number = 0;
        const std::string id = "proper " + std::to_string (number++);
        peer.handshake_as ("DEALER", id);
        peer.send (wire::frame ("hello"));
        CHECK (recv (socket) == Msg{id, "hello"});
    } else {
        peer.handshake ("PUSH");
        peer.send (wire::frame ("hello"));
        CHECK (recv (socket) == Msg{"hello"});
    }
}

}  // namespace

TEST_CASE ("what port scanners say reaches nobody")
{
    if (oracle ())  // it takes whatever flags for those of ZMTP 1.0
        return;
    for (const int type : {ZMQ_PULL, ZMQ_XPUB, ZMQ_ROUTER}) {
        Context ctx;
        Socket socket (ctx, type);
        const std::string endpoint = socket.bind ();
        for (const std::string &probe : probes)
            nothing_of (probe, type, endpoint, socket, false);
    }
}

TEST_CASE ("nor in small pieces")
{
    if (oracle ())
        return;
    for (const int type : {ZMQ_PULL, ZMQ_ROUTER}) {
        Context ctx;
        Socket socket (ctx, type);
        const std::string endpoint = socket.bind ();
        for (const std::string &probe : probes)
            nothing_of (probe, type, endpoint, socket, true);
    }
}

namespace {

// The messages of bytes that are ZMTP 1.0 throughout, by a reading of RFC 13 that owes nothing to the engine's; none if they are not, as
// far as they go. (A greeting with a version ends in a refusal for bytes this short.)
std::vector<Msg> messages_of_v1 (const std::string &bytes)
{
    std::vector<Msg> messages;
    Msg message;
    size_t at = 0;
    for (int number = 0;; ++number) {
        const auto byte = [&] (size_t where) { return static_cast<unsigned char> (bytes[where]); };
        if (at >= bytes.size () || byte (at) == 0xff)
            break;
        if (byte (at) == 0)
            return {};
        const size_t length = byte (at);
        if (at + 1 >= bytes.size ())
            break;
        const int flags = byte (at + 1);
        if (flags > (number == 0 ? 0 : 1))
            return {};
        if (at + 1 + length > bytes.size ()) {
            if (number == 0)
                return {};
            break;
        }
        const std::string body = bytes.substr (at + 2, length - 1);
        at += 1 + length;
        if (number == 0) {
            if (!body.empty () && body[0] == 0)
                return {};
            continue;
        }
        message.push_back (body);
        if (flags == 0)
            messages.push_back (std::exchange (message, {}));
    }
    return messages;
}

}  // namespace

TEST_CASE ("of random bytes only those arrive that are ZMTP 1.0 to the last")
{
    if (oracle ())
        return;
    Target target;
    std::mt19937 random (1961);
    int arrived = 0;
    for (int round = 0; round < 1500; ++round) {
        // Small numbers are likely: lengths and flags that fit by accident.
        std::string bytes (1 + random () % 40, '\0');
        for (char &byte : bytes)
            byte = static_cast<char> (random () % 3 == 0 ? random () % 256 : random () % 4);
        if (bytes[0] == '\xff')
            continue;
        CAPTURE (wire::hex (bytes));
        Peer scanner = Peer::connect (target.endpoint);
        scanner.try_send (bytes);
        scanner.shut_writes ();
        CHECK (scanner.closed ());
        for (const Msg &message : messages_of_v1 (bytes)) {
            CHECK (recv (target.pull) == message);
            ++arrived;
        }
    }
    CHECK (arrived > 0);
    CHECK (silent (target.pull));
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
