// The table of socket types: every row opened, and the traits that follow from each other.
#include "pattern/socket_type.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <zmq.h>

using namespace engine;

TEST_CASE ("socket types: numbers are zmq.h's and compatibility is mutual")
{
    CHECK (std::string (find_socket_type (ZMQ_PAIR)->name) == "PAIR");
    CHECK (std::string (find_socket_type (ZMQ_XSUB)->name) == "XSUB");
    CHECK (std::string (find_socket_type (ZMQ_STREAM)->name) == "STREAM");
    CHECK (std::string (find_socket_type (ZMQ_CHANNEL)->name) == "CHANNEL");
    CHECK (std::string (find_socket_type (ZMQ_DGRAM)->name) == "DGRAM");
    CHECK (find_socket_type (21) == nullptr);
    CHECK (find_socket_type (-1) == nullptr);
    CHECK (find_socket_type ("dealer") == nullptr);
    CHECK (find_socket_type ("") == nullptr);
    int last = -1;
    for (const SocketType *one : socket_types ()) {
        CAPTURE (one->name);
        CHECK (one->number > last);
        last = one->number;
        CHECK (find_socket_type (one->number) == one);
        CHECK (find_socket_type (std::string_view (one->name)) == one);
        for (const SocketType *other : socket_types ())
            CHECK (one->accepts_peer (other->name) == other->accepts_peer (one->name));
    }
}

TEST_CASE ("socket types: every row can be made, and its traits agree with each other")
{
    for (const SocketType *type : socket_types ()) {
        CAPTURE (type->name);
        CHECK (type->raw == (type->compatible == 0));
        const bool datagrams = type->binds_datagrams != DatagramForm::none || type->connects_datagrams != DatagramForm::none;
        CHECK (datagrams == (type->number == ZMQ_RADIO || type->number == ZMQ_DISH || type->number == ZMQ_DGRAM));
        CHECK (type->publishes == (type->wants_subscriptions || type->wants_groups));
        CHECK (type->subscribes == type->no_linger_by_default);
        CHECK_FALSE ((type->publishes && type->subscribes));
        CHECK_FALSE ((type->raw && type->sends_identity));
    }
    for (const int type : {ZMQ_SERVER, ZMQ_CLIENT, ZMQ_RADIO, ZMQ_DISH, ZMQ_GATHER, ZMQ_SCATTER, ZMQ_PEER, ZMQ_CHANNEL})
        CHECK (find_socket_type (type)->thread_safe);
    for (int type = ZMQ_PAIR; type <= ZMQ_STREAM; ++type)
        CHECK_FALSE (find_socket_type (type)->thread_safe);
    CHECK (find_socket_type (ZMQ_REP)->must_answer);
    CHECK (find_socket_type (ZMQ_XPUB)->publishes);
    CHECK (find_socket_type (ZMQ_SUB)->subscribes);
    CHECK (find_socket_type (ZMQ_PUSH)->can_monitor);
    CHECK_FALSE (find_socket_type (ZMQ_DEALER)->can_monitor);
}
