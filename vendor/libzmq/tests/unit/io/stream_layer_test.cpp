// Streams over a layer that makes other bytes of all bytes: a connection's whole life, and what layers change of it. See fake_layer.hpp.
#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <zmq.h>

#include "io/connector.hpp"
#include "io/fake_transport.hpp"
#include "io/stream.hpp"
#include "transport/fake_layer.hpp"

using namespace held;

namespace {

int put_layer_on (ByteStream &bytes)
{
    bytes.put_on (std::make_unique<FakeLayer> ());
    return 0;
}

std::string handshake (const std::string &type) { return greeting () + ready (type); }

// A stream that was accepted, and its peer.
struct Layered
{
    Layered () : socket (ZMQ_PAIR)
    {
        script.layers = put_layer_on;
        socket.socket ().options.sndhwm = 0;
    }
    void connect ()
    {
        Link link = make_link ();
        stream = std::make_unique<WiredStream> (socket, fake_transport (), link.near);
        peer = std::make_unique<LayeredPeer> (link.far.release ());
        peer->say (handshake ("PAIR"));
        REQUIRE (wait ([&] { return (*stream)->established () && peer->heard == handshake ("PAIR"); }));
        peer->heard.clear ();
    }
    // Lets both sides work: many rounds, before the reactor has its millisecond, since a round moves no more than the layer's window.
    bool wait (const std::function<bool ()> &condition, bool reading = true)
    {
        return socket.wait ([&] {
            bool met = false;
            for (int round = 0; round < 50 && !met; ++round) {
                peer->advance (reading);
                (*stream).advance ();
                met = condition ();
            }
            return met;
        });
    }
    Frames recv ()
    {
        Frames frames;
        wait ([&] {
            frames = socket.recv ();
            return !frames.empty ();
        });
        return frames;
    }

    Script script;
    HeldSocket socket;
    std::unique_ptr<WiredStream> stream;
    std::unique_ptr<LayeredPeer> peer;
};

// Passes everything on, but one write, for which the system has no buffers.
class ScarceLayer final : public ByteLayer
{
  public:
    explicit ScarceLayer (int writes_before) : left_ (writes_before) {}

    int open () noexcept override { return 0; }
    ssize_t read (std::span<std::uint8_t> space) noexcept override { return below ().read (space); }
    bool pending () const noexcept override { return below ().pending (); }
    ssize_t write (const iovec *pieces, int count) noexcept override
    {
        if (left_-- != 0)
            return below ().write (pieces, count);
        errno = ENOBUFS;
        return -1;
    }
    std::uint32_t wants (std::uint32_t interest) const noexcept override { return below ().wants (interest); }
    int end_output () noexcept override { return below ().end_output (); }

  private:
    int left_;
};

struct LayeredPair : Layered
{
    LayeredPair () { connect (); }
};

}  // namespace

TEST_CASE ("layered stream: traffic both ways, of all sizes")
{
    LayeredPair at;
    const std::string bodies[] = {
      "", "a", std::string (254, 'b'), std::string (999, 'c'), std::string (5000, 'd'), std::string (1'000'000, 'e')};
    std::string expected;
    for (const std::string &body : bodies) {
        at.peer->say (message ({"head", body}));
        REQUIRE (at.socket.send ("head", true) == 0);
        REQUIRE (at.socket.send (body) == 0);
        expected += message ({"head", body});
        at.socket.socket ().batching ().flush ();
    }
    for (const std::string &body : bodies)
        CHECK (at.recv () == Frames{"head", body});
    CHECK (at.wait ([&] { return at.peer->heard.size () >= expected.size (); }));
    CHECK (at.peer->heard == expected);
}

TEST_CASE ("layered stream: a handshake whose bytes find no buffers goes on when there are some")
{
    for (int before = 0; before < 4; ++before) {
        CAPTURE (before);
        Script script;
        script.layers = [=] (ByteStream &bytes) {
            bytes.put_on (std::make_unique<ScarceLayer> (before));
            return 0;
        };
        HeldSocket socket (ZMQ_PAIR);
        Link link = make_link ();
        WiredStream stream (socket, fake_transport (), link.near);
        std::string heard;
        bool said = false;
        // The reactor's alone: the peer waits for what it is owed, and nothing comes that would have the stream look again.
        CHECK (socket.wait ([&] {
            heard += link.far.read ().value_or ("");
            if (!said && heard.size () >= 10) {
                link.far.write (handshake ("PAIR"));
                said = true;
            }
            return stream->established () && heard == handshake ("PAIR");
        }));
    }
}

TEST_CASE ("layered stream: what the layer holds is not forgotten when the pipe was full")
{
    Layered at;
    at.socket.socket ().options.rcvhwm = 2;
    at.connect ();
    constexpr int count = 300;
    for (int i = 0; i < count; ++i)
        at.peer->say (message ({std::to_string (i)}));
    CHECK (at.wait ([&] { return at.peer->silent () && (*at.stream)->paused (); }));
    // Everything has left the kernel; nothing will ever be announced again.
    for (int i = 0; i < count; ++i) {
        at.socket.socket ().poll_input ();
        CHECK (at.socket.recv () == Frames{std::to_string (i)});
        at.socket.next_call ();
    }
}

TEST_CASE ("layered stream: what a blocked one has queued arrives once the peer reads")
{
    LayeredPair at;
    const std::string body (20'000, 'x');
    std::string expected;
    while (!(*at.stream)->blocked ()) {
        REQUIRE (at.socket.send (body) == 0);
        at.socket.socket ().batching ().flush ();
        expected += frame (body);
    }
    // It waits for acknowledgements, not for room.
    CHECK ((*at.stream)->interest () == io_in);
    for (int i = 0; i < 100; ++i) {
        REQUIRE (at.socket.send (body) == 0);
        expected += frame (body);
    }
    // What comes meanwhile is read by the write, and noticed.
    at.peer->say (message ({"back"}));
    CHECK (at.wait ([&] { return at.peer->heard.size () >= expected.size (); }));
    CHECK (at.peer->heard == expected);
    CHECK (at.recv () == Frames{"back"});
}

TEST_CASE ("layered stream: one that may not read goes on writing")
{
    Layered at;
    at.socket.socket ().options.rcvhwm = 1;
    at.connect ();
    for (int i = 0; i < 3; ++i)
        at.peer->say (message ({"unread"}));
    CHECK (at.wait ([&] { return (*at.stream)->paused (); }));
    const std::string body (100'000, 'x');
    REQUIRE (at.socket.send (body) == 0);
    at.socket.socket ().batching ().flush ();
    CHECK (at.wait ([&] { return at.peer->heard.size () >= frame (body).size (); }));
    CHECK (at.peer->heard == frame (body));
    for (int i = 0; i < 3; ++i)
        CHECK (at.recv () == Frames{"unread"});
}

TEST_CASE ("layered stream: everything before the peer's end arrives, then the end")
{
    LayeredPair at;
    for (int i = 0; i < 100; ++i)
        at.peer->say (message ({std::string (100, 'x')}));
    at.peer->end ();
    CHECK (at.wait ([&] { return (*at.stream)->dead (); }));
    for (int i = 0; i < 100; ++i)
        CHECK (at.socket.recv () == Frames{std::string (100, 'x')});
    CHECK (at.socket.socket ().stats.disconnects == 1);
}

TEST_CASE ("layered stream: lingering ends with the layer's good-bye")
{
    LayeredPair at;
    const std::string body (100'000, 'b');
    for (int i = 0; i < 20; ++i)
        REQUIRE (at.socket.send (body) == 0);
    (*at.stream)->linger ();
    CHECK_FALSE ((*at.stream)->dead ());
    CHECK (at.wait ([&] { return at.peer->ended; }));
    CHECK (messages_in (at.peer->heard).size () == 20);
    at.peer->close ();
    CHECK (at.socket.wait ([&] { return (*at.stream)->dead (); }));
    CHECK (at.socket.socket ().stats.disconnects == 0);
}

TEST_CASE ("layered stream: heartbeats")
{
    Layered at;
    at.socket.socket ().options.heartbeat_ivl = 20;
    at.socket.socket ().options.heartbeat_timeout = 50;
    at.connect ();
    CHECK (at.wait ([&] { return at.peer->heard.find ("\4PING") != std::string::npos; }));
    at.peer->say (frame ("\4PING\0\0ctx"s, 4));
    CHECK (at.wait ([&] { return at.peer->heard.find ("\4PONGctx") != std::string::npos; }));
    // Nothing more is said.
    CHECK (at.socket.wait ([&] { return (*at.stream)->dead (); }));
}

TEST_CASE ("layered stream: a peer that is silent in the opening exchange, or says something else, is dropped")
{
    for (const std::string &said : {""s, "H"s, "HO"s, "GET / HTTP/1.1\r\n\r\n"s}) {
        Layered at;
        at.socket.socket ().options.handshake_ivl = 50;
        const Link link = make_link ();
        WiredStream stream (at.socket, fake_transport (), link.near);
        link.far.write (said);
        CHECK (at.socket.wait ([&] { return stream->dead (); }));
    }
}

TEST_CASE ("layered stream: a handshake begins where the layer says")
{
    for (const HandshakeStart agreed : {HandshakeStart{&zmtp::v3_1}, HandshakeStart{&zmtp::v2, false}}) {
        Layered at;
        at.script.layers = [&] (ByteStream &bytes) {
            bytes.put_on (std::make_unique<FakeLayer> (agreed));
            return 0;
        };
        Link link = make_link ();
        at.stream = std::make_unique<WiredStream> (at.socket, fake_transport (), link.near);
        at.peer = std::make_unique<LayeredPeer> (link.far.release ());
        const std::string first = agreed.mechanism ? ready ("PAIR") : "\0\0"s;
        at.peer->say (first + message ({"hello"}));
        CHECK (at.recv () == Frames{"hello"});
        CHECK (at.wait ([&] { return at.peer->heard == first; }));
    }
}

namespace {

// A socket that connects by way of the layer, and its peer, which restarts.
struct Reconnecting
{
    Reconnecting () : socket (ZMQ_DEALER)
    {
        script.layers = put_layer_on;
        socket.socket ().options.reconnect_ivl = 1;
        socket.socket ().options.sndhwm = 0;
        const Connector before (socket.socket (), fake_transport (), "", "", socket.socket ().snapshot ());
        script.dials = {{0}};
        REQUIRE (socket.socket ().connect_stream (fake_transport (), "fake://name", "name") == 0);
        connector = socket.socket ().find_connector (before.id () + 1);
        REQUIRE (connector);
        shake_hands ();
    }
    void shake_hands ()
    {
        peer = std::make_unique<LayeredPeer> (script.far.back ().release ());
        peer->say (handshake ("DEALER"));
        const std::string last = "\x08Identity\0\0\0\0"s;
        REQUIRE (
          wait ([&] { return connector->stream && connector->stream->established () && peer->heard.find (last) != std::string::npos; }));
        peer->heard.erase (0, peer->heard.find (last) + last.size ());
    }
    void restart ()
    {
        const std::size_t before = script.far.size ();
        peer->close ();
        script.dials = {{0}};
        REQUIRE (socket.wait ([&] { return script.far.size () > before; }));
        shake_hands ();
    }
    bool wait (const std::function<bool ()> &condition)
    {
        return socket.wait ([&] {
            peer->advance ();
            if (connector->stream && connector->stream->established ())
                socket.socket ().poll_input ();
            return condition ();
        });
    }

    Script script;
    HeldSocket socket;
    Connector *connector = nullptr;
    std::unique_ptr<LayeredPeer> peer;
};

}  // namespace

TEST_CASE ("layered stream: what a layer has begun to send, and not ended, goes out on the next connection, whole and once")
{
    Reconnecting at;
    const auto body = [] (int number) { return std::to_string (number) + std::string (700, '.'); };
    constexpr int count = 3000;
    for (int i = 0; i < count; ++i)
        REQUIRE (at.socket.send (body (i)) == 0);
    at.socket.socket ().batching ().flush ();
    REQUIRE (at.connector->stream->blocked ());
    // Some of it arrives.
    REQUIRE (at.wait ([&] { return at.peer->heard.size () > 100'000; }));
    const std::size_t whole = frame (body (1000)).size ();
    std::string first = at.peer->heard;
    at.restart ();
    const std::string last = frame (body (count - 1));
    REQUIRE (at.wait ([&] { return at.peer->heard.ends_with (last); }));
    const std::vector<Frames> second = messages_in (at.peer->heard);
    // Each one that is in the second was not whole in the first, and none that was neither is missing but what the kernel had.
    for (std::size_t i = 0; i < second.size (); ++i)
        CHECK (second[i] == Frames{body (count - static_cast<int> (second.size () - i))});
    CHECK (first.find (frame (second.front ().front ())) == std::string::npos);
    const std::size_t lost = static_cast<std::size_t> (count) - second.size () - first.size () / whole;
    CHECK (lost < 20);  // what was under way, and what of it had gone to the kernel: the layer's window
}

TEST_CASE ("layered connection: the monitor hears of it once the layer is open; a layer that does not open is a failed attempt")
{
    Script script;
    HeldSocket socket (ZMQ_DEALER);
    EventLog events (socket);
    script.layers = put_layer_on;
    socket.socket ().options.reconnect_ivl = 1;
    socket.socket ().options.handshake_ivl = 50;
    script.dials = {{0}, {0}, {0}};
    REQUIRE (socket.socket ().connect_stream (fake_transport (), "fake://name", "name") == 0);
    // One that says nothing is not waited for.
    REQUIRE (socket.wait ([&] { return script.far.size () == 2; }));
    CHECK (events.text () == "CLOSED fake://name RETRIED fake://name");
    // One that says what no such layer says.
    script.far.back ().write ("no");
    REQUIRE (socket.wait ([&] { return script.far.size () == 3; }));
    CHECK (events.text () == "CLOSED fake://name RETRIED fake://name");
    LayeredPeer peer (script.far.back ().release ());
    peer.say (handshake ("DEALER"));
    std::string heard;
    CHECK (socket.wait ([&] {
        peer.advance ();
        heard += events.text ();
        return heard.ends_with ("SUCCEEDED fake://name");
    }));
    CHECK (heard.starts_with ("CONNECTED fake://name"));
}

TEST_CASE ("layered connection: a layer that cannot be put on is a failed attempt, or a connection that ends")
{
    Script script;
    HeldSocket socket (ZMQ_DEALER);
    EventLog events (socket);
    script.layers = [] (ByteStream &) { return EACCES; };
    script.dials = {{0}};
    REQUIRE (socket.socket ().connect_stream (fake_transport (), "fake://name", "name") == 0);
    CHECK (events.text () == "CLOSED fake://name RETRIED fake://name");
    Link link = make_link ();
    WiredStream stream (socket, fake_transport (), link.near);
    CHECK (stream->dead ());
    CHECK_FALSE (link.far.read ().has_value ());
}

namespace {

// One that fails in its opening exchange, of its own accord or not, and may have refused its peer before.
class FailingLayer final : public ByteLayer
{
  public:
    FailingLayer (int error, int failure, int refusal) : error_ (error), failure_ (failure), refusal_ (refusal) {}
    int open () noexcept override { return std::exchange (asked_, true) || !refusal_ ? error_ : EAGAIN; }
    ssize_t read (std::span<std::uint8_t>) noexcept override { return 0; }
    bool pending () const noexcept override { return false; }
    ssize_t write (const iovec *, int) noexcept override { return 0; }
    std::uint32_t wants (std::uint32_t interest) const noexcept override { return below ().wants (interest); }
    int end_output () noexcept override { return below ().end_output (); }
    int failure () const noexcept override { return asked_ ? failure_ : 0; }
    int refusal () const noexcept override { return refusal_; }

  private:
    const int error_, failure_, refusal_;
    bool asked_ = false;
};

}  // namespace

TEST_CASE ("layered connection: an opening exchange that fails is counted once, whoever finds out")
{
    const struct
    {
        int error, failure, refusal;
    } cases[] = {{EACCES, EACCES, 0}, {EPIPE, 0, 0}, {EPROTO, EPROTO, EBADMSG}, {ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED, 0, 0}};
    for (const auto &fails : cases) {
        CAPTURE (fails.error);
        Script script;
        script.layers = [&] (ByteStream &bytes) {
            bytes.put_on (std::make_unique<FailingLayer> (fails.error, fails.failure, fails.refusal));
            return 0;
        };
        HeldSocket accepting (ZMQ_DEALER);
        Link link = make_link ();
        WiredStream stream (accepting, fake_transport (), link.near);
        if (fails.refusal)
            link.far.write ("wake up");
        CHECK (accepting.wait ([&] { return stream->dead (); }));
        CHECK (accepting.socket ().stats.handshake_failures == 1);
        if (fails.refusal)
            continue;  // a server's
        HeldSocket connecting (ZMQ_DEALER);
        connecting.socket ().options.reconnect_ivl = -1;
        script.dials = {{0}};
        REQUIRE (connecting.socket ().connect_stream (fake_transport (), "fake://name", "name") == 0);
        CHECK (connecting.socket ().stats.handshake_failures == 1);
    }
}

TEST_CASE ("layered connection: two sockets, each attended by a thread that blocks")
{
    Script script;
    script.layers = put_layer_on;
    HeldSocket pusher (ZMQ_PUSH), puller (ZMQ_PULL);
    pusher.socket ().options.linger = puller.socket ().options.linger = 0;
    script.dials = {{0}};
    REQUIRE (pusher.socket ().connect_stream (fake_transport (), "fake://name", "name") == 0);
    const WiredStream other (puller, fake_transport (), script.far.back ().release ());
    pusher.let_go ();
    puller.let_go ();
    constexpr int count = 3000;
    const auto size = [] (int i) { return static_cast<std::size_t> (i % 100 == 7 ? 100'000 : i % 300); };
    int sent = 0, received = 0;
    const int timeout = 20'000;
    zmq_setsockopt (pusher.handle (), ZMQ_SNDTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt (puller.handle (), ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    std::thread sender ([&] {
        for (; sent < count; ++sent) {
            const std::string body (size (sent), static_cast<char> (sent));
            if (zmq_send (pusher.handle (), body.data (), body.size (), 0) < 0)
                break;
        }
    });
    std::string buffer (200'000, '\0');
    for (; received < count; ++received) {
        const int got = zmq_recv (puller.handle (), buffer.data (), buffer.size (), 0);
        if (got != static_cast<int> (size (received)) || (got > 0 && buffer[0] != static_cast<char> (received)))
            break;
    }
    sender.join ();
    CHECK (sent == count);
    CHECK (received == count);
}

TEST_CASE ("layered stream: that a WebSocket peer is refused is told when it is, once, and its end is waited for")
{
    HeldSocket socket (ZMQ_PULL);
    socket.socket ().options.handshake_ivl = 0;
    EventLog log (socket);
    Link link = make_link ();
    WiredStream stream (socket, *find_transport ("ws"), link.near);
    const auto failures = [&] {
        int count = 0;
        for (const Event &event : log.take ())
            count += event.name == std::to_string (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) && event.value == ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED;
        return count;
    };
    link.far.write ("GET / HTTP/1.1\r\n\r\n");
    int told = 0;
    CHECK (socket.wait ([&] { return (told += failures ()) > 0; }));
    CHECK_FALSE (stream->dead ());
    CHECK (socket.socket ().stats.handshake_failures == 1);
    CHECK (link.far.read ().value_or ("").starts_with ("HTTP/1.1 400 "));
    link.far.close ();
    CHECK (socket.wait ([&] { return stream->dead (); }));
    CHECK (told + failures () == 1);
    CHECK (socket.socket ().stats.handshake_failures == 1);
}
