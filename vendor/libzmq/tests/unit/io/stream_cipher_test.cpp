// Streams whose frames go through a cipher, and what becomes of one that it refuses. The cipher is the test's own.
#include <cerrno>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <zmq.h>

#include "io/connector.hpp"
#include "io/fake_cipher.hpp"
#include "io/fake_transport.hpp"

using namespace held;

namespace {

struct Secured
{
    explicit Secured (int type, const std::string &peer) : socket (type), events (socket), stream (socket, peer)
    {
        stream->secure_with (std::make_unique<Brackets> ());
        events.take ();
    }
    // The events since the last look, with the values of those that are about a refusal.
    std::string heard ()
    {
        std::string text;
        for (const Event &event : events.take ())
            text += event.name + (event.name == "DISCONNECTED" ? "" : " " + std::to_string (event.value)) + ";";
        return text;
    }

    HeldSocket socket;
    EventLog events;
    WiredStream stream;
};

const std::string refusal = std::to_string (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) + " " +
                            std::to_string (static_cast<std::uint32_t> (Brackets::refusal)) + ";DISCONNECTED;";

}  // namespace

TEST_CASE ("stream with a cipher: what every frame says goes through it, in both directions")
{
    Secured secured (ZMQ_PAIR, "PAIR");
    CHECK (secured.socket.send ("one", true) == 0);
    CHECK (secured.socket.send ("two") == 0);
    secured.socket.socket ().batching ().flush ();
    // What kind of frame it is cannot be seen from outside.
    CHECK (secured.stream.flush_all () == frame ("+[one]") + frame ("-[two]"));
    secured.stream.far.write (frame ("+[three]") + frame ("-[four]", 1));
    secured.stream.advance ();
    CHECK (secured.socket.recv () == Frames{"three", "four"});
}

TEST_CASE ("stream with a cipher: a command's name is part of what it hides")
{
    Secured secured (ZMQ_PAIR, "PAIR");
    secured.stream.far.write (frame ("![\4PING\0\0ctx]"s));
    secured.stream.advance ();
    CHECK (secured.stream.far.read () == frame ("![\4PONGctx]"));
    // In clear it means nothing; a frame that only looks like a command from outside is data.
    secured.stream.far.write (frame ("-[\4PING\0\0ctx]"s, 4));
    secured.stream.advance ();
    CHECK (secured.stream.far.read () == "");
    CHECK (secured.socket.recv () == Frames{"\4PING\0\0ctx"s});
}

TEST_CASE ("stream with a cipher: subscriptions are hidden in the form of the peer's version")
{
    Secured publisher (ZMQ_XPUB, "SUB");
    publisher.stream.far.write (frame ("![\x09SUBSCRIBEtopic]") + frame ("-[\1older]"));
    publisher.stream.advance ();
    CHECK (publisher.socket.recv () == Frames{"\1topic"});
    CHECK (publisher.socket.recv () == Frames{"\1older"});

    Secured subscriber (ZMQ_XSUB, "XPUB");
    CHECK (subscriber.socket.send ("\1topic") == 0);
    subscriber.socket.socket ().batching ().flush ();
    CHECK (subscriber.stream.flush_all () == frame ("![\x09SUBSCRIBEtopic]"));
    CHECK (subscriber.socket.send ("\0topic"s) == 0);
    subscriber.socket.socket ().batching ().flush ();
    CHECK (subscriber.stream.flush_all () == frame ("![\6CANCELtopic]"));
}

TEST_CASE ("stream with a cipher: bodies of every size and segmentation")
{
    for (const std::size_t size : {0u, 1u, 33u, 252u, 253u, 1023u, 1024u, 4097u, 70'000u, 300'000u, 6'000'000u}) {
        CAPTURE (size);
        Secured secured (ZMQ_PAIR, "PAIR");
        const std::string body (size, 'x');
        CHECK (secured.socket.send (body) == 0);
        secured.socket.socket ().batching ().flush ();
        const std::string wire = secured.stream.flush_all ();
        CHECK (wire == frame ("-[" + body + "]"));
        // Back again, in pieces.
        for (const std::size_t step : {7u, 1000u, 100'000u}) {
            if (size / step > 10'000)
                continue;
            for (std::size_t at = 0; at < wire.size (); at += step) {
                secured.stream.far.write (wire.substr (at, step));
                secured.stream.advance ();
            }
            CHECK (secured.socket.recv () == Frames{body});
        }
    }
}

TEST_CASE ("stream with a cipher: a frame that it refuses ends the connection, and nothing follows what came before")
{
    struct Case
    {
        const char *body;
        std::string events;
    };
    for (const Case &tried : {Case{"refused", refusal}, Case{"memory", "DISCONNECTED;"}})
        for (const bool in_message : {false, true}) {
            CAPTURE (tried.body);
            CAPTURE (in_message);
            Secured secured (ZMQ_PAIR, "PAIR");
            CHECK (secured.socket.send ("before") == 0);
            secured.socket.socket ().batching ().flush ();
            CHECK (secured.stream.flush_all () == frame ("-[before]"));
            if (in_message)
                CHECK (secured.socket.send ("part", true) == 0);
            CHECK (secured.socket.send (tried.body, in_message) == 0);
            if (in_message)
                CHECK (secured.socket.send ("part") == 0);
            // On a slow machine what is refused has been written by now, with which the connection has ended.
            const int after = secured.socket.send ("after");
            CHECK ((after == 0 || (after == EAGAIN && secured.stream->dead ())));
            secured.socket.socket ().batching ().flush ();
            bool ended = false;
            CHECK (secured.stream.flush_all (&ended) == "");
            CHECK (ended);
            secured.stream.advance ();
            CHECK (secured.stream->dead ());
            CHECK (secured.heard () == tried.events);
            CHECK (secured.socket.socket ().stats.disconnects == 1);
        }
}

TEST_CASE ("stream with a cipher: a PONG that it refuses ends the connection as well")
{
    Secured secured (ZMQ_PAIR, "PAIR");
    secured.stream.far.write (frame ("![\4PING\0\0refused]"s));
    secured.stream.advance ();
    secured.stream.advance ();
    CHECK (secured.stream->dead ());
    CHECK (secured.heard () == refusal);
}

TEST_CASE ("stream with a cipher: what the peer sent before is received though our own frame was refused")
{
    Secured secured (ZMQ_PAIR, "PAIR");
    secured.stream.far.write (frame ("-[asked]"));
    CHECK (secured.socket.send ("refused") == 0);
    secured.socket.socket ().batching ().flush ();
    secured.stream.advance ();
    secured.stream.advance ();
    CHECK (secured.stream->dead ());
    CHECK (secured.socket.recv () == Frames{"asked"});
}

TEST_CASE ("stream with a cipher: a peer's frame that it refuses ends the connection")
{
    struct Case
    {
        const char *body;
        std::string events;
    };
    for (const Case &tried : {Case{"-[refused]", refusal}, Case{"no brackets", refusal}, Case{"-[memory]", "DISCONNECTED;"}}) {
        CAPTURE (tried.body);
        Secured secured (ZMQ_PAIR, "PAIR");
        secured.stream.far.write (frame ("-[fine]") + frame (tried.body) + frame ("-[after]"));
        secured.stream.advance ();
        CHECK (secured.stream->dead ());
        CHECK (secured.heard () == tried.events);
        CHECK (secured.socket.recv () == Frames{"fine"});
        CHECK (secured.socket.recv ().empty ());
    }
}

TEST_CASE ("stream with a cipher: a connecting side tries again after a frame of its own was refused, without that frame")
{
    Script script;
    HeldSocket socket (ZMQ_DEALER);
    socket.socket ().options.reconnect_ivl = 5;
    script.dials = {{0}, {0}};
    const Connector before (socket.socket (), fake_transport (), "", "", socket.socket ().snapshot ());
    REQUIRE (socket.socket ().connect_stream (fake_transport (), "fake://name", "name") == 0);
    const auto established = [&] { return socket.socket ().attendance ().count () > 0; };
    script.far.back ().write (greeting () + ready ("ROUTER"));
    REQUIRE (socket.wait (established));
    Connector *const connector = socket.socket ().find_connector (before.id () + 1);
    REQUIRE (connector);
    connector->stream->secure_with (std::make_unique<Brackets> ());
    CHECK (socket.send ("refused") == 0);
    CHECK (socket.send ("after") == 0);
    socket.socket ().batching ().flush ();
    REQUIRE (socket.wait ([&] { return script.dialled.size () == 2; }));
    script.far.back ().write (greeting () + ready ("ROUTER"));
    REQUIRE (socket.wait (established));
    std::string all;
    CHECK (socket.wait ([&] {
        all += script.far.back ().read ().value_or ("");
        return all.ends_with (message ({"after"}));
    }));
    CHECK (all.find ("refused") == std::string::npos);
}
