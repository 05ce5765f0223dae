// STREAM: ids and chunks of bytes.
#include "fakes.hpp"

using namespace fakes;

namespace {
const std::string first_id ("\0\1\2\3\4", 5);
const std::string second_id ("\0\1\2\3\5", 5);

std::string last_id (FakeSocket &socket)
{
    char buffer[255];
    std::size_t size = sizeof buffer;
    CHECK (socket.pattern->get_option (ZMQ_ROUTING_ID, buffer, &size) == 0);
    return {buffer, size};
}
}  // namespace

TEST_CASE ("STREAM carries chunks with the id of the connection")
{
    FakeSocket socket (ZMQ_STREAM);
    CHECK (socket.row.raw);
    CHECK (socket.pattern->raw ());
    CHECK (last_id (socket).empty ());
    FakePipe &a = socket.add (), &b = socket.add ();
    CHECK (last_id (socket) == second_id);
    socket.deliver (a, {""});
    socket.deliver (a, {"GET"});
    socket.deliver (b, {""});
    CHECK (socket.recv () == Frames{first_id, ""});
    CHECK (socket.recv () == Frames{second_id, ""});
    CHECK (socket.recv () == Frames{first_id, "GET"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.pattern->has_out ());

    CHECK (socket.send_message ({second_id, "200"}) == 0);
    CHECK (socket.send (first_id, true) == 0);
    CHECK (socket.send ("MORE is ignored", true) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"MORE is ignored"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"200"}});
    CHECK (socket.send (first_id) == 0);  // alone: nothing happens
    CHECK (socket.send_message ({first_id, "x"}) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"x"}});
}

TEST_CASE ("STREAM closes a connection by an empty chunk")
{
    FakeSocket socket (ZMQ_STREAM);
    FakePipe &a = socket.add ();
    CHECK (socket.send_message ({first_id, ""}) == 0);
    CHECK (a.terminated);
    CHECK_FALSE (socket.has (a));
    CHECK (socket.send (first_id, true) == EHOSTUNREACH);
}

TEST_CASE ("STREAM reports who cannot be reached")
{
    FakeSocket socket (ZMQ_STREAM);
    FakePipe &a = socket.add ("", 1);
    CHECK (socket.send ("nobody", true) == EHOSTUNREACH);
    CHECK (socket.send_message ({first_id, "1"}) == 0);
    CHECK (socket.send (first_id, true) == EAGAIN);
    CHECK (socket.drain (a) == std::vector<Frames>{{"1"}});
    CHECK (socket.send (first_id, true) == 0);
    socket.deliver (a, {"last words"});
    socket.deliver (a, {""});
    a.ended = true;
    CHECK (socket.send ("lost") == 0);
    CHECK (socket.send (first_id, true) == EHOSTUNREACH);
    CHECK (socket.recv () == Frames{first_id, "last words"});
    CHECK (socket.recv () == Frames{first_id, ""});
    CHECK (socket.host.dropped == 1);
    int events = 0;
    CHECK (socket.pattern->peer_state (first_id.data (), first_id.size (), events) == ENOTSUP);
}

TEST_CASE ("STREAM tells and takes the ids of its own connections")
{
    FakeSocket socket (ZMQ_STREAM);
    socket.add_connected ();
    CHECK (last_id (socket) == first_id);
    socket.add ();
    CHECK (last_id (socket) == first_id);
    CHECK (socket.set (ZMQ_CONNECT_ROUTING_ID, "server") == 0);
    CHECK (socket.pattern->check_connect () == 0);
    FakePipe &named = socket.add_connected ();
    CHECK (last_id (socket) == "server");
    CHECK (socket.send_message ({"server", "x"}) == 0);
    CHECK (named.take_sent () == std::vector<Frames>{{"x"}});
    CHECK (socket.set (ZMQ_CONNECT_ROUTING_ID, "server") == 0);
    CHECK (socket.pattern->check_connect () == EINVAL);
    CHECK (socket.set (ZMQ_ROUTER_MANDATORY, 1) == EINVAL);
    char small[2];
    std::size_t size = sizeof small;
    CHECK (socket.pattern->get_option (ZMQ_ROUTING_ID, small, &size) == EINVAL);
}
