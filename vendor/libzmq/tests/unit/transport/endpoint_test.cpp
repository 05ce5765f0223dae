// "transport://address" and the table of transports.
#include <cerrno>

#include <doctest/doctest.h>

#include "transport/transport.hpp"

using namespace engine;

TEST_CASE ("endpoint: both parts are needed")
{
    EndpointName out;
    for (const char *text : {"", "tcp", "tcp:", "tcp:/", "tcp://", "://", "://x", "tcp:x", "tcp:/x"}) {
        CAPTURE (text);
        CHECK (parse_endpoint (text, out) == EINVAL);
    }
    REQUIRE (parse_endpoint ("tcp://127.0.0.1:5555", out) == 0);
    CHECK (out.transport == "tcp");
    CHECK (out.address == "127.0.0.1:5555");
    REQUIRE (parse_endpoint ("ipc:///tmp/a://b", out) == 0);
    CHECK (out.transport == "ipc");
    CHECK (out.address == "/tmp/a://b");
    REQUIRE (parse_endpoint ("anything://x", out) == 0);
    CHECK (out.transport == "anything");
}

TEST_CASE ("transport table: every row is complete and found by its exact name")
{
    CHECK (!transport_table ().empty ());
    for (const Transport *row : transport_table ()) {
        CAPTURE (row->name);
        CHECK (find_transport (row->name) == row);
        CHECK ((row->check_connect != nullptr));
        CHECK ((row->resolves_at_once != nullptr));
        CHECK ((row->resolve != nullptr));
        CHECK ((row->listen != nullptr));
        CHECK ((row->unlisten != nullptr));
        CHECK ((row->dial != nullptr));
        CHECK ((row->finish != nullptr));
        CHECK ((row->accept != nullptr));
        CHECK ((row->canonical != nullptr));
        CHECK ((row->local_endpoint != nullptr));
        CHECK ((row->remote_endpoint != nullptr));
        CHECK ((row->peer_address != nullptr));
    }
    CHECK (find_transport ("tcp") != nullptr);
    CHECK (find_transport ("ipc") != nullptr);
    for (const char *name : {"", "TCP", "tcp ", "inproc", "foo"})
        CHECK (find_transport (name) == nullptr);
}
