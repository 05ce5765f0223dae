// Streams whose frames a mechanism transforms, and what becomes of one that it refuses. The mechanism is the test's own.
#include <cerrno>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <zmq.h>

#include "io/connector.hpp"
#include "io/fake_mechanism.hpp"
#include "io/fake_transport.hpp"

using namespace held;

namespace {

constexpr int bad_code = ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;

// Refuses the bodies "refused", and has no memory for "memory"; `by` takes the place of others.
int replace (Msg &frame, const std::string &plain, const std::string &by)
{
    if (plain == "refused")
        return bad_code;
    if (plain == "memory")
        return ENOMEM;
    Msg fresh;
    REQUIRE (fresh.init_copy (by.data (), by.size ()) == 0);
    fresh.set_more (frame.more ());
    fresh.set_kind (frame.kind ());
    frame = std::move (fresh);
    return 0;
}

// Puts every body into brackets.
std::unique_ptr<Mechanism> brackets ()
{
    return std::make_unique<FakeMechanism> (
      [] (Msg &frame) {
          const std::string body (frame.view ());
          return replace (frame, body, "[" + body + "]");
      },
      [] (Msg &frame) {
          const std::string body (frame.view ());
          if (body.size () < 2 || body.front () != '[' || body.back () != ']')
              return bad_code;
          const std::string meant = body.substr (1, body.size () - 2);
          return replace (frame, meant, meant);
      });
}

struct Secured
{
    explicit Secured (int type, const std::string &peer) : socket (type), events (socket), stream (socket, peer)
    {
        stream->secure_with (brackets ());
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

const std::string refusal =
  std::to_string (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) + " " + std::to_string (static_cast<std::uint32_t> (bad_code)) + ";DISCONNECTED;";

}  // namespace

TEST_CASE ("stream with a mechanism: every frame goes through it, in both directions")
{
    Secured secured (ZMQ_PAIR, "PAIR");
    CHECK (secured.socket.send ("one", true) == 0);
    CHECK (secured.socket.send ("two") == 0);
    secured.socket.socket ().flush_bursts ();
    CHECK (messages_in (secured.stream.flush_all ()) == std::vector<Frames>{{"[one]", "[two]"}});
    secured.stream.far.write (message ({"[three]", "[four]"}));
    secured.stream.advance ();
    CHECK (secured.socket.recv () == Frames{"three", "four"});
    // Heartbeats too.
    secured.stream.far.write (frame ("\4PING[\0\0ctx]"s, 4));
    secured.stream.advance ();
    CHECK (secured.stream.far.read () == frame ("\4PONG[ctx]", 4));
}

TEST_CASE ("stream with a mechanism: a frame that it refuses ends the connection, and nothing follows what came before")
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
            secured.socket.socket ().flush_bursts ();
            CHECK (messages_in (secured.stream.flush_all ()) == std::vector<Frames>{{"[before]"}});
            if (in_message)
                CHECK (secured.socket.send ("part", true) == 0);
            CHECK (secured.socket.send (tried.body, in_message) == 0);
            if (in_message)
                CHECK (secured.socket.send ("part") == 0);
            CHECK (secured.socket.send ("after") == 0);
            secured.socket.socket ().flush_bursts ();
            bool ended = false;
            CHECK (secured.stream.flush_all (&ended) == "");
            CHECK (ended);
            secured.stream.advance ();
            CHECK (secured.stream->dead ());
            CHECK (secured.heard () == tried.events);
            CHECK (secured.socket.socket ().stats.disconnects == 1);
        }
}

TEST_CASE ("stream with a mechanism: a PONG that it refuses ends the connection as well")
{
    Secured secured (ZMQ_PAIR, "PAIR");
    secured.stream.far.write (frame ("\4PING[\0\0refused]"s, 4));
    secured.stream.advance ();
    secured.stream.advance ();
    CHECK (secured.stream->dead ());
    CHECK (secured.heard () == refusal);
}

TEST_CASE ("stream with a mechanism: what the peer sent before is received though our own frame was refused")
{
    Secured secured (ZMQ_PAIR, "PAIR");
    secured.stream.far.write (message ({"[asked]"}));
    CHECK (secured.socket.send ("refused") == 0);
    secured.socket.socket ().flush_bursts ();
    secured.stream.advance ();
    secured.stream.advance ();
    CHECK (secured.stream->dead ());
    CHECK (secured.socket.recv () == Frames{"asked"});
}

TEST_CASE ("stream with a mechanism: a peer's frame that it refuses ends the connection")
{
    struct Case
    {
        const char *body;
        std::string events;
    };
    for (const Case &tried : {Case{"[refused]", refusal}, Case{"no brackets", refusal}, Case{"[memory]", "DISCONNECTED;"}}) {
        CAPTURE (tried.body);
        Secured secured (ZMQ_PAIR, "PAIR");
        secured.stream.far.write (message ({"[fine]"}) + message ({tried.body}) + message ({"[after]"}));
        secured.stream.advance ();
        CHECK (secured.stream->dead ());
        CHECK (secured.heard () == tried.events);
        CHECK (secured.socket.recv () == Frames{"fine"});
        CHECK (secured.socket.recv ().empty ());
    }
}

TEST_CASE ("stream with a mechanism: a connecting side tries again after a frame of its own was refused, without that frame")
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
    connector->stream->secure_with (brackets ());
    CHECK (socket.send ("refused") == 0);
    CHECK (socket.send ("after") == 0);
    socket.socket ().flush_bursts ();
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
