// Connecting: attempts, their order and their pace, what ends them, and what a monitor hears of it. The transport is a script.
#include "io/connector.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "io/fake_transport.hpp"

using namespace held;

namespace {

// A socket that connects to "fake://name"; options are to be set before.
struct Connecting
{
    explicit Connecting (int type = ZMQ_DEALER) : socket (type), events (socket) { options ().reconnect_ivl = 5; }

    Options &options () { return socket.socket ().options; }
    zmq_ext_stats_t &stats () { return socket.socket ().stats; }
    void connect (const std::string &address = "name")
    {
        REQUIRE (socket.socket ().connect_stream (fake_transport (), "fake://" + address, address) == 0);
    }
    bool dialled (std::size_t times)
    {
        return socket.wait ([&] { return script.dialled.size () >= times; });
    }
    // Lets the reactor work for a while in which nothing should happen.
    void pass (int milliseconds)
    {
        const Nanoseconds until = now () + milliseconds * millisecond;
        CHECK (socket.wait ([&] { return now () > until; }));
    }
    // As zmq_disconnect: 0, or ENOENT if the endpoint is no longer known.
    int disconnect (const std::string &address = "name") { return socket.socket ().end_endpoint ("fake://" + address, ""); }
    // Waits until the monitor has reported so many events.
    std::vector<Event> take (std::size_t count)
    {
        std::vector<Event> all;
        CHECK (socket.wait ([&] {
            for (Event &event : events.take ())
                all.push_back (std::move (event));
            return all.size () >= count;
        }));
        return all;
    }
    std::string text (std::size_t count) { return EventLog::text_of (take (count)); }
    // The handshake of a peer of that type, at the newest connection.
    void answer (const std::string &type) { script.far.back ().write (greeting () + ready (type)); }
    bool established ()
    {
        return socket.wait ([&] { return socket.socket ().attendance ().count () > 0; });
    }

    Script script;
    HeldSocket socket;
    EventLog events;
};

std::vector<std::uint32_t> intervals (const std::vector<Event> &all)
{
    std::vector<std::uint32_t> found;
    for (const Event &event : all)
        if (event.name == "RETRIED")
            found.push_back (event.value);
    return found;
}

bool ended (const FarEnd &end)
{
    while (const auto some = end.read ())
        if (some->empty ())
            return false;
    return true;
}

using Intervals = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE ("connector: connected at once")
{
    Connecting at;
    at.script.dials = {{0}};
    at.connect ();
    const std::vector<Event> events = at.events.take ();
    CHECK (EventLog::text_of (events) == "CONNECTED fake://name");
    REQUIRE (events.size () == 1);
    CHECK (static_cast<int> (events[0].value) == at.script.last_fd);
    CHECK (at.stats ().connects == 1);
    CHECK (at.script.dialled[0].target == "fake://name#1");
    CHECK (at.script.far[0].read ().value ().starts_with ("\xff"));  // the stream has it, and greets
    at.pass (20);
    CHECK (at.script.dialled.size () == 1);
}

TEST_CASE ("connector: in progress until the transport says that it is finished")
{
    Connecting at;
    at.script.dials = {{EINPROGRESS}};
    at.script.finishes = {EINPROGRESS, EAGAIN, 0};
    at.connect ();
    const std::vector<Event> events = at.take (2);
    CHECK (EventLog::text_of (events) == "DELAYED fake://name CONNECTED fake://name");
    CHECK (events[0].value == EINPROGRESS);
    CHECK (at.script.finishes.empty ());
    CHECK (at.stats ().connects == 1);
    at.answer ("ROUTER");
    CHECK (at.established ());
    CHECK (at.text (1) == "SUCCEEDED fake://name");
}

TEST_CASE ("connector: a connect that fails in the end is closed and tried again")
{
    Connecting at;
    at.script.dials = {{EINPROGRESS}, {0}};
    at.script.finishes = {ECONNREFUSED};
    at.connect ();
    const int fd = at.script.last_fd;
    const std::vector<Event> events = at.take (4);
    CHECK (EventLog::text_of (events) == "DELAYED fake://name CLOSED fake://name RETRIED fake://name CONNECTED fake://name");
    CHECK (static_cast<int> (events[1].value) == fd);
    CHECK (ended (at.script.far[0]));
    CHECK (at.stats ().connects == 1);
    CHECK (at.stats ().reconnects == 0);
    CHECK (at.stats ().disconnects == 0);
}

TEST_CASE ("connector: a dial that fails at once says why")
{
    Connecting at;
    at.script.dials = {{ENETUNREACH}, {0}};
    at.connect ();
    const std::vector<Event> events = at.take (3);
    CHECK (EventLog::text_of (events) == "CLOSED fake://name RETRIED fake://name CONNECTED fake://name");
    CHECK (events[0].value == ENETUNREACH);
}

TEST_CASE ("connector: without IVL_MAX the interval is between IVL and twice that, and is kept")
{
    Connecting at;
    at.options ().reconnect_ivl = 10;
    at.connect ();
    REQUIRE (at.dialled (9));
    const Intervals found = intervals (at.events.take ());
    REQUIRE (found.size () >= 8);
    bool jitter = false;
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK (found[i] >= 10);
        CHECK (found[i] < 20);
        jitter |= found[i] != found[0];
        CHECK (at.script.dialled[i + 1].time - at.script.dialled[i].time >= found[i] * millisecond);
    }
    CHECK (jitter);
}

TEST_CASE ("connector: with IVL_MAX it doubles up to that, and starts again once connected")
{
    Connecting at;
    at.options ().reconnect_ivl = 4;
    at.options ().reconnect_ivl_max = 20;
    at.connect ();
    REQUIRE (at.dialled (6));
    // Connected and lost.
    at.script.dials = {{0}};
    const std::size_t before = at.script.far.size ();
    REQUIRE (at.socket.wait ([&] { return at.script.far.size () > before; }));
    Intervals found = intervals (at.events.take ());
    REQUIRE (found.size () >= 6);
    const std::size_t connected = found.size ();
    at.script.far.back ().close ();
    for (const Nanoseconds deadline = now () + patience; found.size () < connected + 3 && now () < deadline;)
        for (const std::uint32_t interval : intervals (at.take (1)))
            found.push_back (interval);
    found.resize (connected + 3);
    Intervals expected = {4, 8, 16};
    expected.resize (connected, 20);
    expected.insert (expected.end (), {4, 8, 16});
    CHECK (found == expected);
    for (std::size_t i = 0; i < 5; ++i)
        CHECK (at.script.dialled[i + 1].time - at.script.dialled[i].time >= found[i] * millisecond);
}

TEST_CASE ("connector: an IVL_MAX below IVL is the interval")
{
    Connecting at;
    at.options ().reconnect_ivl = 1000000;
    at.options ().reconnect_ivl_max = 3;
    at.connect ();
    REQUIRE (at.dialled (4));
    for (const std::uint32_t interval : intervals (at.events.take ()))
        CHECK (interval == 3);
}

TEST_CASE ("connector: without reconnecting, a failed attempt or a loss ends the endpoint")
{
    for (const bool connects : {false, true}) {
        CAPTURE (connects);
        Connecting at;
        at.options ().reconnect_ivl = -1;
        if (connects)
            at.script.dials = {{0}};
        at.connect ();
        if (connects)
            at.script.far[0].close ();
        CHECK (at.text (connects ? 2 : 1) == (connects ? "CONNECTED fake://name DISCONNECTED fake://name" : "CLOSED fake://name"));
        at.pass (10);
        CHECK (at.events.text () == "");
        CHECK (at.script.dialled.size () == 1);
        CHECK (at.disconnect () == ENOENT);
    }
}

TEST_CASE ("connector: an interval of 0 is none, but two attempts are a millisecond apart")
{
    Connecting at;
    at.options ().reconnect_ivl = 0;
    at.connect ();
    REQUIRE (at.dialled (20));
    for (const std::uint32_t interval : intervals (at.events.take ()))
        CHECK (interval == 0);
    for (std::size_t i = 0; i + 1 < 20; ++i)
        CHECK (at.script.dialled[i + 1].time - at.script.dialled[i].time >= 1 * millisecond);
    // Also when they succeed, and the peer always ends the connection.
    at.script.dials = {{0}, {0}, {0}};
    const std::size_t failed = at.script.dialled.size ();
    for (std::size_t connected = 1; connected <= 3; ++connected) {
        REQUIRE (at.socket.wait ([&] { return at.script.far.size () >= connected; }));
        at.script.far.back ().close ();
    }
    REQUIRE (at.dialled (failed + 4));
    for (std::size_t i = 0; i + 1 < at.script.dialled.size (); ++i)
        CHECK (at.script.dialled[i + 1].time - at.script.dialled[i].time >= 1 * millisecond);
}

TEST_CASE ("connector: from 0 it doubles by way of 1")
{
    Connecting at;
    at.options ().reconnect_ivl = 0;
    at.options ().reconnect_ivl_max = 8;
    at.connect ();
    REQUIRE (at.dialled (6));
    Intervals found = intervals (at.events.take ());
    found.resize (5);
    CHECK (found == Intervals{1, 2, 4, 8, 8});
}

TEST_CASE ("connector: CONNECT_TIMEOUT ends an attempt that is still in progress")
{
    Connecting at;
    at.options ().connect_timeout = 20;
    at.script.dials = {{EINPROGRESS, false}, {EINPROGRESS}};
    at.connect ();
    REQUIRE (at.dialled (2));
    const std::vector<Event> events = at.take (5);
    CHECK (EventLog::text_of (events) ==
           "DELAYED fake://name CLOSED fake://name RETRIED fake://name DELAYED fake://name CONNECTED fake://name");
    CHECK (at.script.dialled[1].time - at.script.dialled[0].time >= 25 * millisecond);
    // The limit is the attempt's, not the connection's.
    at.pass (40);
    CHECK (at.events.text () == "");
    CHECK (at.script.dialled.size () == 2);
}

TEST_CASE ("connector: without CONNECT_TIMEOUT it waits as long as the transport does")
{
    Connecting at;
    at.options ().connect_timeout = 0;
    at.script.dials = {{EINPROGRESS, false}};
    at.connect ();
    at.pass (40);
    CHECK (at.events.text () == "DELAYED fake://name");
    at.script.far[0].read ();
    CHECK (at.text (1) == "CONNECTED fake://name");
}

TEST_CASE ("connector: all addresses of a name are tried before it rests")
{
    Connecting at;
    at.script.targets = 3;
    at.script.dials = {{ECONNREFUSED}, {EINPROGRESS}, {ECONNREFUSED}, {ECONNREFUSED}, {0}};
    at.script.finishes = {ETIMEDOUT};
    at.connect ();
    REQUIRE (at.dialled (5));
    const char *const order[] = {"fake://name#1", "fake://name#2", "fake://name#3", "fake://name#1", "fake://name#2"};
    for (std::size_t i = 0; i < 5; ++i)
        CHECK (at.script.dialled[i].target == order[i]);
    const std::string n = " fake://name";
    CHECK (at.events.text () ==
           "CLOSED" + n + " DELAYED" + n + " CLOSED" + n + " CLOSED" + n + " RETRIED" + n + " CLOSED" + n + " CONNECTED" + n);
    CHECK (at.script.resolutions == 2);  // a name is looked up again for each attempt
}

TEST_CASE ("connector: a name that is not found, or stands for nothing, is asked for again")
{
    for (const bool at_once : {true, false}) {
        CAPTURE (at_once);
        Connecting at;
        at.script.at_once = at_once;
        at.script.dials = {{0}};
        at.script.resolve_error = ENODEV;
        at.connect ();
        for (const Event &event : at.take (1))
            CHECK (event.name == "RETRIED");
        at.script.targets = 0;
        at.script.resolve_error = 0;
        const int before = at.script.resolutions;
        REQUIRE (at.socket.wait ([&] { return at.script.resolutions >= before + 2; }));
        CHECK (at.script.dialled.empty ());
        at.script.targets = 1;
        REQUIRE (at.dialled (1));
        for (const Event &event : at.events.take ())
            CHECK ((event.name == "RETRIED" || event.name == "CONNECTED"));
        CHECK (at.stats ().connects == 1);
    }
}

TEST_CASE ("connector: the answer for an endpoint that has gone is dropped")
{
    Connecting at;
    at.script.at_once = false;
    at.script.answering = false;
    at.connect ("first");
    at.connect ("second");
    CHECK (at.disconnect ("first") == 0);
    at.script.answering = true;
    REQUIRE (at.dialled (1));
    at.pass (10);
    for (const Script::Attempt &attempt : at.script.dialled)
        CHECK (attempt.target == "fake://second#1");
}

TEST_CASE ("connector: disconnected, it makes no more attempts and says nothing")
{
    SUBCASE ("while it rests")
    {
        Connecting at;
        at.connect ();
        CHECK (at.text (2) == "CLOSED fake://name RETRIED fake://name");
        CHECK (at.disconnect () == 0);
        at.pass (25);
        CHECK (at.script.dialled.size () == 1);
        CHECK (at.events.text () == "");
        CHECK (at.disconnect () == ENOENT);
    }
    SUBCASE ("while it connects")
    {
        Connecting at;
        at.script.dials = {{EINPROGRESS, false}};
        at.connect ();
        CHECK (at.text (1) == "DELAYED fake://name");
        CHECK (at.disconnect () == 0);
        CHECK (ended (at.script.far[0]));
        at.pass (25);
        CHECK (at.script.dialled.size () == 1);
        CHECK (at.events.text () == "");
    }
    SUBCASE ("while it is connected")
    {
        Connecting at;
        at.script.dials = {{0}};
        at.connect ();
        at.answer ("ROUTER");
        REQUIRE (at.established ());
        CHECK (at.text (2) == "CONNECTED fake://name SUCCEEDED fake://name");
        CHECK (at.disconnect () == 0);
        CHECK (at.socket.wait ([&] { return ended (at.script.far[0]); }));
        at.pass (25);
        CHECK (at.script.dialled.size () == 1);
        CHECK (at.events.text () == "");
        CHECK (at.stats ().disconnects == 0);
    }
}

TEST_CASE ("connector: after a loss it rests, then connects again; events go on naming it as it was given")
{
    Connecting at;
    at.script.dials = {{0}, {0}};
    at.connect ();
    at.answer ("ROUTER");
    REQUIRE (at.established ());
    CHECK (at.text (2) == "CONNECTED fake://name SUCCEEDED fake://name");
    const Nanoseconds lost = now ();
    at.script.far[0].close ();
    REQUIRE (at.dialled (2));
    CHECK (at.script.dialled[1].time - lost >= 5 * millisecond);
    CHECK (at.text (3) == "DISCONNECTED fake://name RETRIED fake://name CONNECTED fake://name");
    CHECK (at.stats ().reconnects == 1);
    CHECK (at.stats ().disconnects == 1);
    CHECK (at.stats ().connects == 2);
    CHECK (at.disconnect () == 0);  // by the name as it was given
}

TEST_CASE ("connector: what was queued goes to the next connection")
{
    Connecting at (ZMQ_PUSH);
    at.script.dials = {{0}, {0}};
    at.connect ();
    CHECK (at.socket.send ("kept") == 0);
    at.script.far[0].close ();
    REQUIRE (at.dialled (2));
    at.answer ("PULL");
    std::string heard;
    CHECK (at.socket.wait ([&] {
        heard += at.script.far[1].read ().value_or ("");
        return heard.ends_with ("\4kept");
    }));
}

TEST_CASE ("connector: a peer that breaks the protocol is abandoned, though disconnect still finds the name")
{
    for (const bool in_handshake : {true, false}) {
        CAPTURE (in_handshake);
        Connecting at;
        at.options ().maxmsgsize = 100;
        at.script.dials = {{0}, {0}};
        at.connect ();
        if (in_handshake) {
            at.answer ("PULL");  // no partner of a DEALER
            CHECK (at.text (2) == "CONNECTED fake://name DISCONNECTED fake://name");
            CHECK (at.stats ().handshake_failures == 1);
        } else {
            at.answer ("ROUTER");
            REQUIRE (at.established ());
            at.script.far[0].write (frame (std::string (200, 'l')));
            CHECK (at.text (3) == "CONNECTED fake://name SUCCEEDED fake://name DISCONNECTED fake://name");
        }
        CHECK (at.stats ().dropped_lost == 0);
        CHECK (at.socket.send ("who could not know it yet") == 0);
        CHECK (at.stats ().dropped_lost == 1);
        CHECK (at.socket.send ("nobody") == EAGAIN);
        at.pass (25);
        CHECK (at.script.dialled.size () == 1);
        CHECK (at.events.text () == "");
        CHECK (at.stats ().reconnects == 0);
        CHECK (at.disconnect () == 0);
        CHECK (at.disconnect () == ENOENT);
    }
}

TEST_CASE ("connector: RECONNECT_STOP names losses that end it")
{
    SUBCASE ("refused")
    {
        Connecting at;
        at.options ().reconnect_stop = ZMQ_RECONNECT_STOP_CONN_REFUSED;
        at.script.dials = {{ETIMEDOUT}, {EINPROGRESS}};
        at.script.finishes = {ECONNREFUSED};
        at.connect ();
        const std::string n = " fake://name";
        CHECK (at.text (4) == "CLOSED" + n + " RETRIED" + n + " DELAYED" + n + " CLOSED" + n);
        at.pass (25);
        CHECK (at.events.text () == "");
        CHECK (at.script.dialled.size () == 2);
        CHECK (at.disconnect () == ENOENT);
    }
    SUBCASE ("the handshake failed")
    {
        Connecting at;
        at.options ().reconnect_stop = ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED;
        at.script.dials = {{ECONNREFUSED}, {0}};
        at.connect ();
        REQUIRE (at.dialled (2));
        at.script.far[0].close ();
        const std::string n = " fake://name";
        CHECK (at.text (4) == "CLOSED" + n + " RETRIED" + n + " CONNECTED" + n + " DISCONNECTED" + n);
        at.pass (25);
        CHECK (at.events.text () == "");
        CHECK (at.script.dialled.size () == 2);
    }
    SUBCASE ("but not one after the handshake")
    {
        Connecting at;
        at.options ().reconnect_stop = ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED;
        at.script.dials = {{0}, {0}};
        at.connect ();
        at.answer ("ROUTER");
        REQUIRE (at.established ());
        at.script.far[0].close ();
        CHECK (at.dialled (2));
    }
    SUBCASE ("refused after a disconnect")
    {
        for (const int stop : {0, ZMQ_RECONNECT_STOP_AFTER_DISCONNECT}) {
            CAPTURE (stop);
            Connecting at (ZMQ_PUSH);
            at.options ().reconnect_stop = stop;
            at.script.dials = {{ECONNREFUSED}, {EINPROGRESS, false}};
            at.script.finishes = {ECONNREFUSED};
            at.connect ();
            CHECK (at.socket.send ("undelivered") == 0);
            REQUIRE (at.dialled (2));  // the flag means nothing yet
            at.options ().linger = 300;
            CHECK (at.disconnect () == 0);
            at.events.take ();
            at.script.far[0].read ();
            const bool again = stop == 0;
            CHECK (at.text (again ? 2 : 1).starts_with (again ? "CLOSED fake://name RETRIED fake://name" : "CLOSED fake://name"));
            if (again) {
                CHECK (at.dialled (3));
            } else {
                at.pass (25);
                CHECK (at.events.text () == "");
                CHECK (at.script.dialled.size () == 2);
            }
        }
    }
}

TEST_CASE ("connector: by way of a SOCKS proxy")
{
    for (const int dial : {0, EINPROGRESS}) {
        CAPTURE (dial);
        Connecting at;
        at.script.socks_host = "host";
        at.script.dials = {{dial, dial == 0}};
        at.options ().connect_timeout = 1;  // means nothing here
        at.connect ();
        at.pass (5);
        const FarEnd &proxy = at.script.far[0];
        if (dial)
            proxy.read ();  // now it is connected
        std::string heard;
        const auto hear = [&] (const std::string &expected) {
            heard.clear ();
            return at.socket.wait ([&] {
                heard += proxy.read ().value_or ("(ended)");
                return heard.size () >= expected.size ();
            }) && heard == expected;
        };
        CHECK (hear ("\5\1\0"s));
        at.pass (5);
        proxy.write ("\5\0"s);
        CHECK (hear ("\5\1\0\3\4host\0\x50"s));
        at.events.take ();
        CHECK (at.stats ().connects == 0);
        // The answer byte by byte, the peer's first words right behind it.
        const std::string reply = "\5\0\0\1\0\0\0\0\0\0"s;
        for (const char byte : reply.substr (0, 9)) {
            proxy.write (std::string (1, byte));
            at.pass (1);
        }
        proxy.write (reply.substr (9) + greeting () + ready ("ROUTER"));
        CHECK (at.established ());
        CHECK (at.text (2) == "CONNECTED fake://name SUCCEEDED fake://name");
        CHECK (at.stats ().connects == 1);
    }
}

TEST_CASE ("connector: a proxy that refuses, talks nonsense or leaves is a failed attempt")
{
    const std::string said[] = {"\5\xff"s, "HTTP/1.1 400\r\n"s, "\5\0\5\5\0\1\0\0\0\0\0\0"s, ""};
    for (const std::string &answer : said) {
        CAPTURE (answer);
        Connecting at;
        at.script.socks_host = "host";
        at.script.dials = {{0}, {0}};
        at.connect ();
        at.script.far[0].write (answer);
        if (answer.empty ())
            at.script.far[0].close ();
        REQUIRE (at.dialled (2));
        CHECK (at.events.text () == "CLOSED fake://name RETRIED fake://name");
        CHECK (at.stats ().connects == 0);
        CHECK (at.script.far[1].read () == "\5\1\0"s);  // from the beginning
    }
}
