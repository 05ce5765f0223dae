// Heartbeats: when PING goes out, when silence kills, what a PING is answered with.
#include "zmtp/heartbeat.hpp"

#include <initializer_list>
#include <string>

#include <doctest/doctest.h>

using engine::Heartbeat;
using engine::Kind;
using engine::Msg;
using Action = Heartbeat::Action;
using namespace std::string_literals;

namespace {

Msg ping (const std::string &data)
{
    Msg message;
    REQUIRE (message.init_copy (data.data (), data.size ()) == 0);
    message.set_kind (Kind::ping);
    return message;
}

}  // namespace

TEST_CASE ("without an interval nothing is sent and nothing expires")
{
    Heartbeat heartbeat ({0, 5, 5});
    heartbeat.start (100);
    CHECK (heartbeat.poll (1000000) == Action::none);
    CHECK (heartbeat.next_deadline () == Heartbeat::never);
}

TEST_CASE ("PING goes out every interval, traffic or not")
{
    Heartbeat heartbeat ({100, 0, 0});
    CHECK (heartbeat.next_deadline () == Heartbeat::never);
    heartbeat.start (1000);
    CHECK (heartbeat.next_deadline () == 1100);
    CHECK (heartbeat.poll (1099) == Action::none);
    heartbeat.peer_lives ();
    CHECK (heartbeat.poll (1105) == Action::send_ping);
    CHECK (heartbeat.poll (1105) == Action::none);
    CHECK (heartbeat.next_deadline () == 1200);
    CHECK (heartbeat.poll (1750) == Action::send_ping);
    CHECK (heartbeat.poll (1750) == Action::none);
    CHECK (heartbeat.next_deadline () == 1850);  // a timeout of 0 never kills
}

TEST_CASE ("silence after a PING kills, any frame saves")
{
    Heartbeat heartbeat ({100, 30, 0});
    heartbeat.start (0);
    CHECK (heartbeat.poll (100) == Action::send_ping);
    CHECK (heartbeat.next_deadline () == 130);
    heartbeat.peer_lives ();
    CHECK (heartbeat.next_deadline () == 200);
    CHECK (heartbeat.poll (200) == Action::send_ping);
    CHECK (heartbeat.poll (229) == Action::none);
    CHECK (heartbeat.poll (230) == Action::dead);

    Heartbeat by_interval ({100, -1, 0});
    by_interval.start (0);
    CHECK (by_interval.poll (100) == Action::send_ping);
    CHECK (by_interval.poll (200) == Action::dead);
}

TEST_CASE ("a timeout longer than the interval is not restarted by the next PING")
{
    Heartbeat heartbeat ({100, 250, 0});
    heartbeat.start (0);
    CHECK (heartbeat.poll (100) == Action::send_ping);
    CHECK (heartbeat.poll (200) == Action::send_ping);
    CHECK (heartbeat.poll (300) == Action::send_ping);
    CHECK (heartbeat.poll (350) == Action::dead);
}

TEST_CASE ("PING carries our time to live in deciseconds")
{
    const auto data = [] (int ttl) {
        Msg out;
        Heartbeat ({1, 1, ttl}).make_ping (out);
        CHECK (out.kind () == Kind::ping);
        return std::string (out.view ());
    };
    CHECK (data (0) == "\0\0"s);
    CHECK (data (99) == "\0\0"s);
    CHECK (data (1234) == "\0\x0c"s);
    CHECK (data (6553599) == "\xff\xff"s);
}

TEST_CASE ("PING is answered with its context, cut at 16 bytes")
{
    Heartbeat heartbeat ({});
    for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 16, 17, 40}) {
        const std::string context (size, 'c');
        Msg message = ping ("\0\0"s + context);
        CHECK (heartbeat.answer_ping (0, message) == 0);
        CHECK (message.kind () == Kind::pong);
        CHECK (message.view () == context.substr (0, 16));
    }
    CHECK (heartbeat.next_deadline () == Heartbeat::never);
}

TEST_CASE ("the peer's time to live kills a silent peer, in full 16 bits")
{
    Heartbeat heartbeat ({});
    Msg message = ping ("\0\3"s);
    CHECK (heartbeat.answer_ping (1000, message) == 0);
    CHECK (heartbeat.next_deadline () == 1300);
    message = ping ("\0\x09"s);
    CHECK (heartbeat.answer_ping (1100, message) == 0);
    CHECK (heartbeat.next_deadline () == 1300);  // a running timer is not restarted
    CHECK (heartbeat.poll (1299) == Action::none);
    CHECK (heartbeat.poll (1300) == Action::dead);
    heartbeat.peer_lives ();
    CHECK (heartbeat.poll (1300) == Action::none);
    message = ping ("\x02\x90"s);
    CHECK (heartbeat.answer_ping (0, message) == 0);
    CHECK (heartbeat.next_deadline () == 65600);
}
