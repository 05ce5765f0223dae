// Messages and the end of their connection: what the kernel has not taken goes out on the next one, whole and once.
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "io/connector.hpp"
#include "io/fake_cipher.hpp"
#include "io/fake_transport.hpp"
#include "io/large_sends.hpp"
#include "io/stream.hpp"
#include "transport/byte_layer.hpp"
#include "transport/websocket_layer.hpp"
#include "transport/websocket_opening.hpp"

using namespace held;

namespace {

// A socket that connects to a peer which the test plays, and which restarts.
struct Restarting
{
    explicit Restarting (int type = ZMQ_DEALER, const std::string &peer_ = "DEALER") : socket (type), peer (peer_)
    {
        socket.socket ().options.reconnect_ivl = 1;
        socket.socket ().options.sndhwm = 0;
    }
    void connect ()
    {
        const Connector before (socket.socket (), fake_transport (), "", "", socket.socket ().snapshot ());
        script.dials = {{0}};
        REQUIRE (socket.socket ().connect_stream (fake_transport (), "fake://name", "name") == 0);
        connector = socket.socket ().find_connector (before.id () + 1);
        REQUIRE (connector);
        shake_hands ();
    }
    void restart ()
    {
        const std::size_t before = script.far.size ();
        script.dials = {{0}};
        REQUIRE (socket.wait ([&] { return script.far.size () > before; }));
        shake_hands ();
    }
    void shake_hands ()
    {
        far ().write (greeting () + ready (peer));
        REQUIRE (socket.wait ([&] { return connector->stream && connector->stream->established (); }));
        bytes.clear ();
        // The greeting, and READY, which is short.
        REQUIRE (socket.wait ([&] { return receive () && bytes.size () > 65 && bytes.size () >= ready_end (); }));
        bytes.erase (0, ready_end ());
    }
    std::size_t ready_end () const { return 66 + static_cast<std::uint8_t> (bytes[65]); }
    FarEnd &far () { return script.far.back (); }
    Stream &stream () { return *connector->stream; }
    bool receive ()
    {
        const auto some = far ().read ();
        bytes += some.value_or ("");
        return some.has_value ();
    }
    // Everything that comes until it ends with this.
    std::string until (const std::string &end)
    {
        CHECK (socket.wait ([&] {
            receive ();
            return bytes.ends_with (end);
        }));
        return bytes;
    }
    void end_peer () { far ().close (); }
    // Fills the kernel; gives how many messages were sent for it.
    std::size_t fill (const std::string &body)
    {
        std::size_t count = 0;
        for (; !stream ().blocked (); ++count) {
            REQUIRE (socket.send (body) == 0);
            socket.socket ().batching ().flush ();
        }
        return count;
    }

    Script script;
    HeldSocket socket;
    const std::string peer;
    std::string bytes;  // from the newest connection, without its handshake
    Connector *connector = nullptr;
};

}  // namespace

TEST_CASE ("stream: what is sent to a peer whose end has come goes to the next")
{
    for (const std::size_t frames : {1u, 3u}) {
        Restarting at;
        at.connect ();
        REQUIRE (at.socket.send ("one") == 0);
        CHECK (at.until (frame ("one")) == frame ("one"));
        at.end_peer ();
        at.socket.socket ().batching ().flush ();
        // A call that comes later than a burst would last, and before anybody has read.
        for (const Nanoseconds until = now () + 200 * microsecond; now () < until;) {
        }
        for (std::size_t i = 1; i < frames; ++i)
            REQUIRE (at.socket.send ("part", true) == 0);
        REQUIRE (at.socket.send ("two") == 0);
        at.restart ();
        std::string expected;
        for (std::size_t i = 1; i < frames; ++i)
            expected += frame ("part", 1);
        CHECK (at.until (frame ("two")) == expected + frame ("two"));
        CHECK (at.socket.socket ().stats.messages_out == 2);
    }
}

TEST_CASE ("stream: what the kernel refuses goes to the next peer, also what was encoded ahead")
{
    Restarting at;
    at.connect ();
    REQUIRE (at.socket.send ("one") == 0);
    CHECK (at.until (frame ("one")) == frame ("one"));
    std::string expected;
    for (int i = 0; i < 2000; ++i) {
        // Nobody looks: the connection ends in the middle of the burst.
        if (i == 1000)
            at.end_peer ();
        const std::string body = std::to_string (i) + std::string (100, '.');
        REQUIRE (at.socket.send (body) == 0);
        expected += frame (body);
    }
    at.restart ();
    const std::string second = at.until (frame ("1999" + std::string (100, '.')));
    // Some of the first thousand may have been written before the end. None of those that follow is missing, and none comes twice.
    CHECK (expected.ends_with (second));
    CHECK (second.size () >= expected.size () / 2);
    CHECK (at.socket.socket ().stats.messages_out == 2001);
}

TEST_CASE ("stream: a message that was half written goes out whole on the next connection")
{
    const std::string large (3'000'000, 'L');
    Restarting at;
    at.connect ();
    REQUIRE (at.socket.send ("head", true) == 0);
    REQUIRE (at.socket.send (large, true) == 0);
    REQUIRE (at.socket.send (large) == 0);
    REQUIRE (at.socket.send ("after") == 0);
    at.socket.socket ().batching ().flush ();
    REQUIRE (at.stream ().blocked ());
    REQUIRE (at.socket.wait ([&] {
        at.receive ();
        return at.bytes.size () > large.size () + 100'000;
    }));
    at.end_peer ();
    at.restart ();
    const std::string whole = frame ("head", 1) + frame (large, 1) + frame (large) + frame ("after");
    CHECK (at.until (frame ("after")) == whole);
}

TEST_CASE ("stream: what was written to its last byte is not repeated")
{
    Restarting at;
    at.connect ();
    const std::string body (20'000, 'b');
    const std::size_t count = at.fill (body);
    // Only so much was taken as the peer's kernel holds.
    at.receive ();
    const std::size_t first = at.bytes.size () / frame (body).size ();
    at.end_peer ();
    REQUIRE (at.socket.send ("last") == 0);
    at.restart ();
    const std::vector<Frames> second = messages_in (at.until (frame ("last")));
    CHECK (first + second.size () == count + 1);
}

TEST_CASE ("stream: a lent body that was half written is whole again only while its memory is there, sealed or not")
{
    for (const int variant : {0, 1, 2, 3}) {
        const bool owned = variant & 1, sealed = variant & 2;
        CAPTURE (owned);
        CAPTURE (sealed);
        const std::string lent (3'000'000, 'l');
        Restarting at;
        at.connect ();
        if (sealed)
            at.stream ().secure_with (std::make_unique<Brackets> ());
        Msg one;
        one.init_lent (lent.data (), lent.size ());
        REQUIRE (at.socket.socket ().try_send (one) == 0);
        at.socket.socket ().batching ().flush ();
        REQUIRE (at.stream ().blocked ());
        if (owned)
            REQUIRE (LargeSends (at.socket.socket ()).own_output (lent.data ()));
        at.end_peer ();
        REQUIRE (at.socket.wait ([&] { return !at.connector->stream; }));
        if (!owned)
            REQUIRE (LargeSends (at.socket.socket ()).own_output (lent.data ()));
        REQUIRE (at.socket.send ("after") == 0);
        at.restart ();
        CHECK (at.until (frame ("after")) == (owned ? "" : frame (lent)) + frame ("after"));
    }
}

TEST_CASE ("stream: every connection has its own hello, and no old one")
{
    Restarting at;
    at.socket.socket ().options.hello_msg = "hello";
    at.connect ();
    CHECK (at.until (frame ("hello")) == frame ("hello"));
    at.end_peer ();
    for (const Nanoseconds until = now () + 200 * microsecond; now () < until;) {
    }
    REQUIRE (at.socket.send ("one") == 0);
    at.restart ();
    CHECK (at.until (frame ("one")) == frame ("hello") + frame ("one"));
}

TEST_CASE ("stream: with a mechanism, messages go out again as they were before it sealed them")
{
    Restarting at;
    at.connect ();
    at.stream ().secure_with (std::make_unique<Brackets> ());
    const std::string large (3'000'000, 'L');
    REQUIRE (at.socket.send ("one") == 0);
    at.socket.socket ().batching ().flush ();
    CHECK (at.until (frame ("-[one]")) == frame ("-[one]"));
    REQUIRE (at.socket.send ("two", true) == 0);
    REQUIRE (at.socket.send (large) == 0);
    REQUIRE (at.socket.send ("three") == 0);
    at.socket.socket ().batching ().flush ();
    REQUIRE (at.stream ().blocked ());
    at.end_peer ();
    at.restart ();
    CHECK (at.until (frame ("three")) == frame ("two", 1) + frame (large) + frame ("three"));
}

TEST_CASE ("stream: a frame for which there was no memory goes out on the next connection, with its message")
{
    Restarting at;
    at.connect ();
    at.stream ().secure_with (std::make_unique<Brackets> ());
    REQUIRE (at.socket.send ("part", true) == 0);
    REQUIRE (at.socket.send ("memory", true) == 0);
    REQUIRE (at.socket.send ("end") == 0);
    REQUIRE (at.socket.send ("after") == 0);
    at.socket.socket ().batching ().flush ();
    at.restart ();
    CHECK (at.until (frame ("after")) == frame ("part", 1) + frame ("memory", 1) + frame ("end") + frame ("after"));
}

TEST_CASE ("stream: a message with a frame that a mechanism refuses is dropped whole")
{
    for (const bool more : {false, true}) {
        Restarting at;
        at.connect ();
        at.stream ().secure_with (std::make_unique<Brackets> ());
        REQUIRE (at.socket.send ("part", true) == 0);
        REQUIRE (at.socket.send ("refused", more) == 0);
        if (more)
            REQUIRE (at.socket.send ("end") == 0);
        REQUIRE (at.socket.send ("after") == 0);
        at.socket.socket ().batching ().flush ();
        at.restart ();
        CHECK (at.until (frame ("after")) == frame ("after"));
    }
}

TEST_CASE ("stream: a peer that ended is not written to though unread input lies before its end")
{
    Restarting at;
    at.socket.socket ().options.rcvhwm = 1;
    at.connect ();
    at.far ().write (message ({"a"}) + message ({"b"}) + message ({"c"}));
    REQUIRE (at.socket.wait ([&] {
        at.socket.socket ().poll_input ();
        return at.stream ().paused ();
    }));
    at.end_peer ();
    REQUIRE (at.socket.send ("kept") == 0);
    at.socket.socket ().batching ().flush ();
    CHECK (at.stream ().output_pending ());
    for (const char *body : {"a", "b", "c"}) {
        at.socket.socket ().poll_input ();
        CHECK (at.socket.recv () == Frames{body});
    }
    at.socket.socket ().poll_input ();
    at.restart ();
    CHECK (at.until (frame ("kept")) == frame ("kept"));
}

// ---- over WebSocket, where a peer may say that it ends before it does ----

namespace {

int ask_for_websocket (ByteStream &bytes)
{
    DialTarget target;
    target.http_host = "h";
    target.http_path = "/";
    return put_websocket_on (bytes, target, Options ());
}

// Below WebSocket: it takes the first bytes it is offered while it is stuck, as TLS does of a record, and gets no further.
class StuckLayer final : public ByteLayer
{
  public:
    static inline bool stuck = false;
    static int put_on (ByteStream &bytes)
    {
        bytes.put_on (std::make_unique<StuckLayer> ());
        return ask_for_websocket (bytes);
    }
    int open () noexcept override { return 0; }
    ssize_t read (std::span<std::uint8_t> space) noexcept override { return below ().read (space); }
    bool pending () const noexcept override { return below ().pending (); }
    ssize_t write (const iovec *pieces, int count) noexcept override
    {
        if (!stuck)
            return below ().write (pieces, count);
        const std::string offered (static_cast<const char *> (pieces->iov_base), std::min<std::size_t> (pieces->iov_len, 100));
        CHECK (offered.starts_with (begun_));
        begun_ = offered;
        errno = EAGAIN;
        return -1;
    }
    std::uint32_t wants (std::uint32_t interest) const noexcept override
    {
        return below ().wants (interest & ~static_cast<std::uint32_t> (io_out));
    }
    int end_output () noexcept override { return below ().end_output (); }
    std::size_t unsent () const noexcept override { return begun_.size (); }

  private:
    std::string begun_;
};

// A server that the test plays.
struct RestartingWebSocket
{
    explicit RestartingWebSocket (void *context = nullptr, int (*layers) (ByteStream &) = ask_for_websocket) : socket (ZMQ_PUSH, context)
    {
        socket.socket ().options.reconnect_ivl = 1;
        socket.socket ().options.sndhwm = 0;
        script.layers = layers;
        script.dials = {{0}};
        const Connector before (socket.socket (), fake_transport (), "", "", socket.socket ().snapshot ());
        REQUIRE (socket.socket ().connect_stream (fake_transport (), "fake://name", "name") == 0);
        connector = socket.socket ().find_connector (before.id () + 1);
        REQUIRE (connector);
        shake_hands ();
    }
    void restart ()
    {
        const std::size_t before = script.far.size ();
        script.dials = {{0}};
        REQUIRE (socket.wait ([&] { return script.far.size () > before; }));
        shake_hands ();
    }
    void shake_hands ()
    {
        WebSocketAnswer opening ({"NULL", true});
        REQUIRE (socket.wait ([&] {
            const std::string some = far ().read ().value_or ("");
            opening.feed ({reinterpret_cast<const std::uint8_t *> (some.data ()), some.size ()});
            return opening.state () == WebSocketOpening::State::agreed;
        }));
        const auto answer = opening.output ();
        const std::string ready = "\2\5READY\x0bSocket-Type\0\0\0\4PULL"s;
        far ().write (std::string (answer.begin (), answer.end ()) + '\x82' + static_cast<char> (ready.size ()) + ready);
        REQUIRE (socket.wait ([&] { return connector->stream && connector->stream->established (); }));
        decoder = std::make_unique<Decoder> (websocket::server, -1, false, nullptr);
    }
    FarEnd &far () { return script.far.back (); }
    // The numbers of the messages that have come, and whether the other side has said that it ends.
    void receive (std::vector<int> &numbers, bool &ended)
    {
        const std::string some = far ().read ().value_or ("");
        REQUIRE (decoder->append ({reinterpret_cast<const std::uint8_t *> (some.data ()), some.size ()}));
        Msg frame;
        while (decoder->next (frame) == Decoder::Result::frame) {
            if (frame.kind () == Kind::end)
                ended = true;
            else if (!ended && frame.kind () == Kind::data && !frame.view ().starts_with ("\5READY"))
                numbers.push_back (std::stoi (std::string (frame.view ())));
        }
    }

    Script script;
    HeldSocket socket;
    std::unique_ptr<Decoder> decoder;
    Connector *connector = nullptr;
};

}  // namespace

TEST_CASE ("stream: nothing is written to a peer that has said it ends but the answer, and what waited goes to the next")
{
    for (const std::size_t size : {std::size_t{1000}, std::size_t{3'000'000}}) {
        CAPTURE (size);
        RestartingWebSocket at;
        int count = 0;
        const auto send = [&] {
            std::string body = std::to_string (count++) + ' ';
            body.resize (size, '.');
            REQUIRE (at.socket.send (body) == 0);
            at.socket.socket ().batching ().flush ();
        };
        while (!at.connector->stream->blocked ())
            send ();
        send ();
        std::vector<int> numbers;
        bool ended = false;
        // There is room again when it hears of the end.
        at.receive (numbers, ended);
        at.far ().write ("\x88\2\3\xe8"s);
        CHECK (at.socket.wait ([&] { return !at.connector->stream; }));
        // What comes from now on, a peer that ends throws away.
        std::vector<int> thrown_away;
        at.receive (thrown_away, ended);
        CHECK (thrown_away.empty ());
        CHECK (ended == (size == 1000));  // not in the middle of a frame
        at.far ().close ();
        at.restart ();
        ended = false;
        CHECK (at.socket.wait ([&] {
            at.receive (numbers, ended);
            return !numbers.empty () && numbers.back () == count - 1;
        }));
        std::vector<int> all (static_cast<std::size_t> (count));
        for (int i = 0; i < count; ++i)
            all[static_cast<std::size_t> (i)] = i;
        CHECK (numbers == all);
    }
}

TEST_CASE ("stream: a peer that ends is not answered past bytes that a layer has begun to send")
{
    RestartingWebSocket at (nullptr, StuckLayer::put_on);
    std::vector<int> numbers;
    bool ended = false;
    at.receive (numbers, ended);
    StuckLayer::stuck = true;
    REQUIRE (at.socket.send ("0 " + std::string (998, '.')) == 0);
    at.socket.socket ().batching ().flush ();
    CHECK (at.connector->stream->blocked ());
    at.far ().write ("\x88\2\3\xe8"s);
    CHECK (at.socket.wait ([&] { return !at.connector->stream; }));
    StuckLayer::stuck = false;
    at.receive (numbers, ended);
    CHECK (numbers.empty ());
    CHECK_FALSE (ended);
    at.far ().close ();
    at.restart ();
    CHECK (at.socket.wait ([&] {
        at.receive (numbers, ended);
        return !numbers.empty ();
    }));
    CHECK (numbers == std::vector<int>{0});
}

TEST_CASE ("stream: an end that the kernel has no room for is said when there is")
{
    const auto send = [] (RestartingWebSocket &at) {
        REQUIRE (at.socket.send ("1 " + std::string (998, '.')) == 0);
        at.socket.socket ().batching ().flush ();
    };
    int fitting = -1;
    {
        RestartingWebSocket at;
        for (; !at.connector->stream->blocked (); ++fitting)
            send (at);
    }
    void *const context = zmq_ctx_new ();
    REQUIRE (zmq_ctx_set (context, ZMQ_EXT_ATTEND, 0) == 0);
    auto held = std::make_unique<RestartingWebSocket> (context);
    RestartingWebSocket &at = *held;
    // Full to the brim, and nobody has waited for room.
    for (int i = 0; i < fitting; ++i)
        send (at);
    CHECK_FALSE (at.connector->stream->blocked ());
    at.connector->end (-1);
    std::vector<int> numbers;
    bool ended = false;
    // The reactor learns what to wait for before there is room.
    at.socket.next_call ();
    CHECK (at.socket.wait ([&] {
        at.receive (numbers, ended);
        return ended;
    }));
    CHECK (static_cast<int> (numbers.size ()) == fitting);
    held.reset ();
    zmq_ctx_term (context);
}
