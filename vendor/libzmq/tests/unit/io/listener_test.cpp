// Listening: connections taken in turns, what happens when there is nothing to take them with, and the end. The transport is a script, but
// where the address itself matters.
#include "io/listener.hpp"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>
#include <zmq_ext.h>

#include "io/fake_transport.hpp"
#include "transport/loopback.hpp"

using namespace held;

namespace {

// A listener on a descriptor that the test makes readable.
struct Listens
{
    explicit Listens (HeldSocket &socket_) : socket (socket_), events (socket_)
    {
        Link link = make_link ();
        caller = std::move (link.far);
        fd = link.near;
        Listening listening;
        listening.fd = fd;
        listening.endpoint = "fake://here";
        listener = std::make_unique<Listener> (socket.socket (), fake_transport (), std::move (listening), socket.socket ().snapshot ());
    }
    ~Listens ()
    {
        socket.hold ();
        listener->close ();
        // The streams that came through it go before it.
        script.far.clear ();
        CHECK (socket.wait ([&] { return stats ().peers == 0 && stats ().disconnects == stats ().accepts; }));
    }

    zmq_ext_stats_t stats () const
    {
        zmq_ext_stats_t now_;
        socket.socket ().fill_stats (now_);
        return now_;
    }
    std::size_t calls () const { return script.accepted.size (); }
    void pass (int milliseconds)
    {
        const Nanoseconds until = now () + milliseconds * millisecond;
        CHECK (socket.wait ([&] { return now () > until; }));
    }

    Script script;
    HeldSocket &socket;
    EventLog events;
    FarEnd caller;
    int fd;
    std::unique_ptr<Listener> listener;
};

std::string repeated (const std::string &text, int times)
{
    std::string all;
    for (int i = 0; i < times; ++i)
        all += (i ? " " : "") + text;
    return all;
}

}  // namespace

TEST_CASE ("listener: a connection becomes a stream, reported with its descriptor")
{
    HeldSocket socket (ZMQ_ROUTER);
    Listens at (socket);
    at.script.accepts = {0};
    at.listener->on_io (io_in);
    CHECK (at.calls () == 2);  // until there is none
    const std::vector<Event> events = at.events.take ();
    CHECK (EventLog::text_of (events) == "ACCEPTED fake://here");
    CHECK (static_cast<int> (events.at (0).value) == at.script.last_fd);
    CHECK (at.stats ().accepts == 1);
    CHECK (at.script.far[0].read ().value ().starts_with ("\xff"));
    at.script.far[0].write (greeting () + ready ("DEALER"));
    CHECK (socket.wait ([&] { return at.stats ().peers == 1; }));
    CHECK (at.events.text () == "SUCCEEDED fake://here");
}

TEST_CASE ("listener: one turn takes a few connections, the next turns the others")
{
    HeldSocket socket (ZMQ_ROUTER);
    Listens at (socket);
    at.script.accepts.assign (20, 0);
    at.listener->on_io (io_in);
    CHECK (at.stats ().accepts == 8);
    CHECK (at.calls () == 8);
    at.listener->on_io (io_in);
    CHECK (at.stats ().accepts == 16);
    at.listener->on_io (io_in);
    CHECK (at.stats ().accepts == 20);
    CHECK (at.calls () == 21);
    CHECK (at.events.text () == repeated ("ACCEPTED fake://here", 20));
}

TEST_CASE ("listener: the reactor calls it while its descriptor is readable, and not otherwise")
{
    HeldSocket socket (ZMQ_ROUTER);
    Listens at (socket);
    REQUIRE (at.listener->start () == 0);
    at.pass (10);
    CHECK (at.calls () == 0);
    at.script.accepts.assign (20, 0);
    at.caller.write ("knock");
    CHECK (socket.wait ([&] { return at.stats ().accepts == 20; }));
    CHECK (at.calls () >= 20);
}

TEST_CASE ("listener: a failed connection is reported, and the next is taken at once")
{
    HeldSocket socket (ZMQ_ROUTER);
    for (const int error : {ECONNABORTED, ECONNREFUSED, EPROTO, EPERM}) {
        CAPTURE (error);
        Listens at (socket);
        at.script.accepts = {error, 0, error};
        const std::uint64_t before = at.stats ().accepts;
        at.listener->on_io (io_in);
        CHECK (at.calls () == 4);
        const std::vector<Event> events = at.events.take ();
        CHECK (EventLog::text_of (events) == "ACCEPT_FAILED fake://here ACCEPTED fake://here ACCEPT_FAILED fake://here");
        CHECK (static_cast<int> (events.at (0).value) == error);
        CHECK (at.stats ().accepts == before + 1);
        // Failures count towards the turn.
        at.script.accepts.assign (20, error);
        at.listener->on_io (io_in);
        CHECK (at.calls () == 12);
        at.script.accepts.clear ();
    }
}

TEST_CASE ("listener: without descriptors or memory it rests a moment, then goes on by itself")
{
    HeldSocket socket (ZMQ_ROUTER);
    for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS}) {
        CAPTURE (error);
        Listens at (socket);
        REQUIRE (at.listener->start () == 0);
        const std::uint64_t before = at.stats ().accepts;
        at.script.accepts = {error, error, 0};
        at.caller.write ("knock");  // and stays readable
        REQUIRE (socket.wait ([&] { return at.stats ().accepts == before + 1; }));
        REQUIRE (at.calls () >= 3);
        CHECK (at.script.accepted[1] - at.script.accepted[0] >= 20 * millisecond);
        CHECK (at.script.accepted[2] - at.script.accepted[1] >= 20 * millisecond);
        const std::vector<Event> events = at.events.take ();
        CHECK (EventLog::text_of (events) == "ACCEPT_FAILED fake://here ACCEPT_FAILED fake://here ACCEPTED fake://here");
        CHECK (static_cast<int> (events.at (0).value) == error);
    }
}

TEST_CASE ("listener: with as many half-open connections as there may be it accepts nobody until one is done")
{
    HeldSocket socket (ZMQ_ROUTER);
    socket.socket ().options.ext_max_handshakes = 3;
    Listens at (socket);
    REQUIRE (at.listener->start () == 0);
    at.script.accepts.assign (4, 0);
    at.caller.write ("knock");
    CHECK (socket.wait ([&] { return at.stats ().accepts == 3; }));
    at.pass (20);
    CHECK (at.stats ().accepts == 3);
    CHECK (at.listener->half_open ().size () == 3);
    const auto calls = at.calls ();
    at.pass (20);
    CHECK (at.calls () == calls);  // it sleeps meanwhile
    at.script.far[1].write (greeting () + ready ("DEALER"));
    CHECK (socket.wait ([&] { return at.stats ().accepts == 4; }));
    CHECK (at.stats ().peers == 1);
    CHECK (at.stats ().disconnects == 0);
    // A connection that ends makes room as well.
    at.script.accepts.assign (1, 0);
    at.script.far.erase (at.script.far.begin ());
    CHECK (socket.wait ([&] { return at.stats ().accepts == 5; }));
    CHECK (at.listener->half_open ().size () == 3);
}

TEST_CASE ("listener: where all stall, the oldest gives way once it has had its time")
{
    HeldSocket socket (ZMQ_ROUTER);
    socket.socket ().options.ext_max_handshakes = 2;
    Listens at (socket);
    REQUIRE (at.listener->start () == 0);
    at.script.accepts.assign (3, 0);
    const Nanoseconds began = now ();
    at.caller.write ("knock");
    CHECK (socket.wait ([&] { return at.stats ().accepts == 3; }));
    CHECK (now () - began >= HalfOpen::least_time (2));
    CHECK (at.stats ().disconnects == 1);
    CHECK (at.stats ().handshake_failures == 1);
    CHECK (at.listener->half_open ().size () == 2);
    while (at.script.far[0].read ()) {  // the first, with its greeting
    }
    at.script.far[2].write (greeting () + ready ("DEALER"));
    CHECK (socket.wait ([&] { return at.stats ().peers == 1; }));
}

TEST_CASE ("listener: where there are many places everybody has the longer time")
{
    CHECK (HalfOpen::least_time (1) == 300 * millisecond);
    CHECK (HalfOpen::least_time (1000) == 300 * millisecond);
    CHECK (HalfOpen::least_time (10000) == 3000 * millisecond);
}

TEST_CASE ("listener: half-open connections outlive it, or it them")
{
    HeldSocket socket (ZMQ_ROUTER);
    socket.socket ().options.ext_max_handshakes = 1;
    Listens at (socket);
    REQUIRE (at.listener->start () == 0);
    at.script.accepts.assign (2, 0);
    at.caller.write ("knock");
    REQUIRE (socket.wait ([&] { return at.stats ().accepts == 1; }));
    at.listener->close ();  // while it waits
    at.script.far.clear ();
    CHECK (socket.wait ([&] { return at.stats ().disconnects == 1; }));
    CHECK (at.stats ().accepts == 1);
}

TEST_CASE ("listener: closed, it lets go of its descriptor at once and says so once")
{
    HeldSocket socket (ZMQ_ROUTER);
    Listens at (socket);
    REQUIRE (at.listener->start () == 0);
    at.listener->close ();
    CHECK (at.script.unlistened);
    CHECK_FALSE (at.caller.read ().has_value ());
    const std::vector<Event> events = at.events.take ();
    CHECK (EventLog::text_of (events) == "CLOSED fake://here");
    CHECK (static_cast<int> (events.at (0).value) == at.fd);
    at.listener->close ();
    CHECK (at.events.text () == "");
    at.pass (5);
    CHECK (at.calls () == 0);
}

TEST_CASE ("listener: closed while it rests, it does not go on")
{
    HeldSocket socket (ZMQ_ROUTER);
    Listens at (socket);
    REQUIRE (at.listener->start () == 0);
    at.script.accepts.assign (100, EMFILE);
    at.caller.write ("knock");
    REQUIRE (socket.wait ([&] { return at.calls () >= 1; }));
    at.listener->close ();
    const auto before = at.calls ();
    at.pass (30);
    CHECK (at.calls () == before);
}

TEST_CASE ("listener: unbind frees the address before it returns, in every mode")
{
    for (const int attend : {1, 0})
        for (const int poller : {0, 1})
            for (const char *transport : {"tcp", "ipc"}) {
                CAPTURE (attend);
                CAPTURE (poller);
                CAPTURE (transport);
                const loopback::Directory directory;
                void *const context = zmq_ctx_new ();
                REQUIRE (zmq_ctx_set (context, ZMQ_EXT_ATTEND, attend) == 0);
                REQUIRE (zmq_ctx_set (context, ZMQ_EXT_POLLER, poller) == 0);
                void *const first = zmq_socket (context, ZMQ_PULL), *const second = zmq_socket (context, ZMQ_PULL);
                char name[256];
                std::size_t size = sizeof name;
                const std::string any = transport == std::string ("tcp") ? "tcp://127.0.0.1:*" : "ipc://" + directory.file ("s");
                REQUIRE (zmq_bind (first, any.c_str ()) == 0);
                REQUIRE (zmq_getsockopt (first, ZMQ_LAST_ENDPOINT, name, &size) == 0);
                for (int i = 0; i < 10; ++i) {
                    if (any[0] == 't')
                        CHECK (zmq_bind (second, name) == -1);
                    CHECK (zmq_unbind (first, name) == 0);
                    CHECK (zmq_bind (second, name) == 0);
                    CHECK (zmq_unbind (second, name) == 0);
                    CHECK (zmq_bind (first, name) == 0);
                }
                CHECK (zmq_close (first) == 0);
                CHECK (zmq_bind (second, name) == 0);
                zmq_close (second);
                zmq_ctx_term (context);
            }
}
