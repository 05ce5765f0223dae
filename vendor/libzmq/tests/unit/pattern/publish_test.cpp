// PUB and XPUB: who gets a message, what an XPUB application sees, manual mode.
#include "fakes.hpp"

using namespace fakes;

namespace {

void subscribe (FakeSocket &socket, FakePipe &pipe, std::string_view topic)
{
    socket.deliver_frame (pipe, make_frame (topic, false, Kind::subscribe));
}
void cancel (FakeSocket &socket, FakePipe &pipe, std::string_view topic)
{
    socket.deliver_frame (pipe, make_frame (topic, false, Kind::cancel));
}
std::string sub (std::string_view topic) { return "\1" + std::string (topic); }
std::string unsub (std::string_view topic) { return std::string (1, '\0') + std::string (topic); }
// All that an XPUB has to say, one frame a message.
Frames items (FakeSocket &socket)
{
    Frames all;
    while (socket.pattern->has_in ()) {
        const Frames frames = socket.recv ();
        REQUIRE (frames.size () == 1);
        all.push_back (frames[0]);
    }
    CHECK (socket.recv_error () == EAGAIN);
    return all;
}

}  // namespace

TEST_CASE ("PUB sends to the peers whose topics match, by prefix of the first frame")
{
    for (const int type : {ZMQ_PUB, ZMQ_XPUB}) {
        FakeSocket socket (type);
        CHECK (socket.pattern->has_out ());
        CHECK (socket.send ("nobody there") == 0);
        FakePipe &all = socket.add (), &a = socket.add (), &ab = socket.add (), &none = socket.add ();
        subscribe (socket, all, "");
        subscribe (socket, all, "a");  // two topics match, one copy is sent
        subscribe (socket, a, "a");
        socket.deliver (ab, {sub ("ab")});  // as ZMTP 3.0 does
        CHECK (socket.get (ZMQ_TOPICS_COUNT) == 3);
        CHECK (socket.send ("abc") == 0);
        CHECK (socket.send ("a") == 0);
        CHECK (socket.send_message ({"b", "abc"}) == 0);
        CHECK (socket.send_message ({"ab", "x", "y"}) == 0);
        CHECK (socket.send ("") == 0);
        CHECK (all.take_sent () == std::vector<Frames>{{"abc"}, {"a"}, {"b", "abc"}, {"ab", "x", "y"}, {""}});
        CHECK (a.take_sent () == std::vector<Frames>{{"abc"}, {"a"}, {"ab", "x", "y"}});
        CHECK (ab.take_sent () == std::vector<Frames>{{"abc"}, {"ab", "x", "y"}});
        CHECK (none.sent.empty ());

        cancel (socket, all, "");
        socket.deliver (ab, {unsub ("ab")});
        cancel (socket, none, "a");  // it has none
        CHECK (socket.send ("ab") == 0);
        CHECK (socket.send ("b") == 0);
        CHECK (all.take_sent () == std::vector<Frames>{{"ab"}});
        CHECK (a.take_sent () == std::vector<Frames>{{"ab"}});
        CHECK (ab.sent.empty ());
        CHECK (socket.host.dropped == 0);
    }
}

TEST_CASE ("PUB receives nothing")
{
    FakeSocket socket (ZMQ_PUB);
    FakePipe &pipe = socket.add ();
    socket.deliver (pipe, {"user", "message"});
    subscribe (socket, pipe, "");
    CHECK (pipe.in.empty ());
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == ENOTSUP);
    for (const int option : {ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER, ZMQ_XPUB_MANUAL, ZMQ_XPUB_MANUAL_LAST_VALUE, ZMQ_XPUB_NODROP,
                             ZMQ_ONLY_FIRST_SUBSCRIBE, ZMQ_INVERT_MATCHING})
        CHECK (socket.set (option, option == ZMQ_INVERT_MATCHING ? 0 : 1) == 0);
    CHECK (socket.set (ZMQ_XPUB_NODROP, 0) == 0);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x") == EINVAL);
    subscribe (socket, pipe, "later");
    CHECK (socket.send ("later") == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"later"}});
}

TEST_CASE ("a second subscription of one peer to one topic changes nothing, one cancel ends it")
{
    FakeSocket socket (ZMQ_PUB);
    FakePipe &pipe = socket.add ();
    subscribe (socket, pipe, "a");
    subscribe (socket, pipe, "a");
    cancel (socket, pipe, "a");
    CHECK (socket.send ("a") == 0);
    CHECK (pipe.sent.empty ());
    CHECK (socket.get (ZMQ_TOPICS_COUNT) == 0);
}

TEST_CASE ("PUB drops whole messages for a full peer, for that peer only")
{
    FakeSocket socket (ZMQ_PUB);
    FakePipe &slow = socket.add ("", 1), &quick = socket.add ();
    subscribe (socket, slow, "");
    subscribe (socket, quick, "");
    CHECK (socket.send_message ({"1", "1"}) == 0);
    CHECK (socket.send_message ({"2", "2"}) == 0);
    CHECK (socket.send_message ({"3", "3"}) == 0);
    CHECK (socket.host.dropped == 2);
    CHECK (socket.send ("4", true) == 0);
    CHECK (socket.host.dropped == 3);
    CHECK (socket.drain (slow) == std::vector<Frames>{{"1", "1"}});  // room again, in mid-message
    CHECK (socket.send ("4") == 0);
    CHECK (socket.send ("5") == 0);
    CHECK (socket.drain (slow) == std::vector<Frames>{{"5"}});
    CHECK (quick.take_sent () == std::vector<Frames>{{"1", "1"}, {"2", "2"}, {"3", "3"}, {"4", "4"}, {"5"}});
    CHECK (socket.pattern->has_out ());
}

TEST_CASE ("PUB in mid-message: peers come, go and close")
{
    FakeSocket socket (ZMQ_PUB);
    std::vector<FakePipe *> pipes;
    for (int at = 0; at < 4; ++at) {
        pipes.push_back (&socket.add ());
        subscribe (socket, *pipes.back (), "");
    }
    CHECK (socket.send ("1", true) == 0);
    FakePipe &late = socket.add ();
    subscribe (socket, late, "");
    socket.remove (*pipes[0]);
    pipes[2]->ended = true;
    CHECK (socket.send ("2", true) == 0);
    CHECK (pipes[2]->partial.empty ());
    cancel (socket, *pipes[3], "");  // counts from the next message
    CHECK (socket.send ("3") == 0);
    CHECK (pipes[1]->take_sent () == std::vector<Frames>{{"1", "2", "3"}});
    CHECK (pipes[3]->take_sent () == std::vector<Frames>{{"1", "2", "3"}});
    CHECK (pipes[2]->sent.empty ());
    CHECK (late.sent.empty ());
    CHECK (socket.send ("4") == 0);
    CHECK (pipes[1]->take_sent () == std::vector<Frames>{{"4"}});
    CHECK (pipes[3]->sent.empty ());
    CHECK (late.take_sent () == std::vector<Frames>{{"4"}});
}

TEST_CASE ("PUB copies short bodies and shares long ones")
{
    FakeSocket socket (ZMQ_PUB);
    std::vector<FakePipe *> pipes;
    for (int at = 0; at < 3; ++at) {
        pipes.push_back (&socket.add ());
        subscribe (socket, *pipes.back (), "");
    }
    const std::string body (1000, 'x');
    CHECK (socket.send (body) == 0);
    for (FakePipe *pipe : pipes) {
        CHECK (pipe->take_sent () == std::vector<Frames>{{body}});
        CHECK (pipe->bodies == pipes[0]->bodies);
    }
}

TEST_CASE ("INVERT_MATCHING sends to exactly those that do not match")
{
    FakeSocket socket (ZMQ_PUB);
    CHECK (socket.set (ZMQ_INVERT_MATCHING, -5) == 0);
    FakePipe &a = socket.add (), &b = socket.add (), &none = socket.add (), &full = socket.add ("", 0);
    subscribe (socket, a, "a");
    subscribe (socket, b, "b");
    CHECK (socket.send_message ({"a", "."}) == 0);
    CHECK (socket.host.dropped == 1);
    CHECK (socket.send ("b") == 0);
    CHECK (socket.host.dropped == 2);
    subscribe (socket, full, "c");
    CHECK (socket.send ("c") == 0);
    CHECK (socket.host.dropped == 2);
    CHECK (a.take_sent () == std::vector<Frames>{{"b"}, {"c"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"a", "."}, {"c"}});
    CHECK (none.take_sent () == std::vector<Frames>{{"a", "."}, {"b"}, {"c"}});
    CHECK (full.sent.empty ());
}

TEST_CASE ("XPUB_NODROP sends to nobody while a matching peer is full")
{
    FakeSocket socket (ZMQ_XPUB);
    FakePipe &slow = socket.add ("", 1), &quick = socket.add ();
    subscribe (socket, slow, "a");
    subscribe (socket, quick, "");
    SUBCASE ("full since NODROP is set") { CHECK (socket.set (ZMQ_XPUB_NODROP, 1) == 0); }
    SUBCASE ("full before")
    {
        CHECK (socket.send ("a0") == 0);
        CHECK (socket.send ("a0") == 0);
        CHECK (socket.drain (slow).size () == 1);
        CHECK (quick.take_sent ().size () == 2);
        slow.set_limit (0);
        CHECK (socket.send ("a0") == 0);
        slow.set_limit (1);
        CHECK (quick.take_sent ().size () == 1);
        CHECK (socket.set (ZMQ_XPUB_NODROP, 1) == 0);
        CHECK (socket.send ("a0") == EAGAIN);
        CHECK (socket.drain (slow).empty ());
    }
    const unsigned dropped = socket.host.dropped;
    CHECK (socket.send_message ({"a1", "."}) == 0);
    CHECK (socket.send_message ({"a2", "."}) == EAGAIN);
    CHECK (socket.send_message ({"a2", "."}) == EAGAIN);
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send ("b") == 0);
    CHECK (quick.take_sent () == std::vector<Frames>{{"a1", "."}, {"b"}});
    CHECK (socket.drain (slow) == std::vector<Frames>{{"a1", "."}});
    CHECK (socket.send_message ({"a2", "."}) == 0);
    CHECK (quick.take_sent () == std::vector<Frames>{{"a2", "."}});
    slow.ended = true;  // a dead peer holds nobody up
    CHECK (socket.send ("a3") == 0);
    CHECK (quick.take_sent () == std::vector<Frames>{{"a3"}});
    CHECK (socket.send ("a4") == 0);
    CHECK (socket.host.dropped <= dropped + 1);
}

TEST_CASE ("XPUB tells its application of subscriptions that change something")
{
    FakeSocket socket (ZMQ_XPUB);
    FakePipe &a = socket.add (), &b = socket.add ();
    SUBCASE ("default")
    {
        subscribe (socket, a, "t");
        subscribe (socket, a, "t");
        socket.deliver (b, {sub ("t")});
        cancel (socket, a, "t");
        CHECK (items (socket) == Frames{sub ("t")});
        socket.deliver (b, {unsub ("t")});
        CHECK (items (socket) == Frames{unsub ("t")});
        cancel (socket, b, "t");  // was not subscribed
        CHECK (items (socket) == Frames{unsub ("t")});
        subscribe (socket, a, "");
        CHECK (items (socket) == Frames{sub ("")});
    }
    SUBCASE ("verbose")
    {
        CHECK (socket.set (ZMQ_XPUB_VERBOSER, 1) == 0);
        CHECK (socket.set (ZMQ_XPUB_VERBOSE, 1) == 0);  // the last call wins
        subscribe (socket, a, "t");
        subscribe (socket, a, "t");
        subscribe (socket, b, "t");
        CHECK (items (socket) == Frames{sub ("t"), sub ("t"), sub ("t")});
        cancel (socket, a, "t");
        CHECK (items (socket).empty ());
        cancel (socket, b, "t");
        CHECK (items (socket) == Frames{unsub ("t")});
    }
    SUBCASE ("verboser")
    {
        CHECK (socket.set (ZMQ_XPUB_VERBOSER, 1) == 0);
        subscribe (socket, a, "t");
        subscribe (socket, b, "t");
        cancel (socket, a, "t");
        cancel (socket, b, "t");
        CHECK (items (socket) == Frames{sub ("t"), sub ("t"), unsub ("t"), unsub ("t")});
        CHECK (socket.set (ZMQ_XPUB_VERBOSER, 0) == 0);
        subscribe (socket, a, "t");
        subscribe (socket, b, "t");
        CHECK (items (socket) == Frames{sub ("t")});
    }
}

TEST_CASE ("XPUB cancels for a peer that goes")
{
    FakeSocket socket (ZMQ_XPUB);
    Frames expected;
    SUBCASE ("default") { expected = {unsub ("own")}; }
    SUBCASE ("verboser")
    {
        CHECK (socket.set (ZMQ_XPUB_VERBOSER, 1) == 0);
        expected = {unsub ("both"), unsub ("own")};
    }
    SUBCASE ("manual")
    {
        CHECK (socket.set (ZMQ_XPUB_MANUAL, 1) == 0);
        expected = {unsub ("both"), unsub ("own")};
    }
    FakePipe &a = socket.add (), &b = socket.add ();
    subscribe (socket, a, "own");
    subscribe (socket, a, "both");
    subscribe (socket, b, "both");
    subscribe (socket, a, "short");
    cancel (socket, a, "short");
    items (socket);
    socket.remove (a);
    CHECK (items (socket) == expected);
    CHECK (socket.send ("own") == 0);
}

TEST_CASE ("XPUB hands user messages on, and single frames for subscriptions")
{
    FakeSocket socket (ZMQ_XPUB);
    FakePipe &pipe = socket.add ();
    socket.deliver (pipe, {"user", "message"});
    CHECK (socket.recv () == Frames{"user", "message"});
    socket.deliver (pipe, {sub ("a"), sub ("b"), "user"});
    CHECK (socket.recv () == Frames{sub ("a")});
    CHECK (socket.recv () == Frames{sub ("b")});
    CHECK (socket.recv () == Frames{"user"});
    socket.deliver (pipe, {"user", sub ("c")});
    CHECK (socket.recv () == Frames{"user", sub ("c")});
    CHECK (socket.get (ZMQ_TOPICS_COUNT) == 3);
    socket.deliver (pipe, {""});
    CHECK (socket.recv () == Frames{""});

    CHECK (socket.set (ZMQ_ONLY_FIRST_SUBSCRIBE, 1) == 0);
    socket.deliver (pipe, {"user", sub ("d")});
    CHECK (socket.recv () == Frames{"user", sub ("d")});
    CHECK (socket.get (ZMQ_TOPICS_COUNT) == 3);
    socket.deliver (pipe, {sub ("e"), unsub ("a")});
    CHECK (items (socket) == Frames{sub ("e"), unsub ("a")});
    CHECK (socket.get (ZMQ_TOPICS_COUNT) == 3);
}

TEST_CASE ("XPUB_MANUAL leaves it to the application who gets what")
{
    FakeSocket socket (ZMQ_XPUB);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x") == EINVAL);
    CHECK (socket.set (ZMQ_XPUB_MANUAL, 1) == 0);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x") == 0);  // nobody yet
    FakePipe &a = socket.add (), &b = socket.add ();
    subscribe (socket, a, "t");
    subscribe (socket, b, "t");
    subscribe (socket, b, "t");
    CHECK (socket.send ("t") == 0);
    CHECK (a.sent.empty ());
    CHECK (socket.recv () == Frames{sub ("t")});
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x1") == 0);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x2") == 0);
    CHECK (socket.pattern->set_option (ZMQ_SUBSCRIBE, nullptr, 3) == EINVAL);
    CHECK (socket.recv () == Frames{sub ("t")});
    CHECK (socket.set (ZMQ_SUBSCRIBE, "y") == 0);
    CHECK (socket.recv () == Frames{sub ("t")});
    for (const char *body : {"t", "x1", "x2", "y"})
        CHECK (socket.send (body) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"x1"}, {"x2"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"y"}});
    CHECK (socket.set (ZMQ_UNSUBSCRIBE, "y") == 0);
    CHECK (socket.set (ZMQ_UNSUBSCRIBE, "unknown") == 0);
    CHECK (socket.send ("y") == 0);
    CHECK (b.sent.empty ());

    cancel (socket, a, "never asked");
    CHECK (socket.recv () == Frames{unsub ("never asked")});
    subscribe (socket, b, "gone before it is heard");
    socket.remove (b);
    CHECK (socket.recv () == Frames{sub ("gone before it is heard")});
    CHECK (socket.set (ZMQ_SUBSCRIBE, "z") == 0);
    CHECK (socket.send ("z") == 0);
    CHECK (a.sent.empty ());
    CHECK (items (socket) == Frames{unsub ("gone before it is heard"), unsub ("t")});
}

TEST_CASE ("XPUB_MANUAL_LAST_VALUE sends the next message to the last peer only")
{
    FakeSocket socket (ZMQ_XPUB);
    CHECK (socket.set (ZMQ_XPUB_MANUAL_LAST_VALUE, 1) == 0);
    FakePipe &a = socket.add (), &b = socket.add ();
    for (FakePipe *pipe : {&a, &b}) {
        subscribe (socket, *pipe, "t");
        CHECK (socket.recv () == Frames{sub ("t")});
        CHECK (socket.set (ZMQ_SUBSCRIBE, "t") == 0);
        CHECK (socket.send_message ({"t", "cached"}) == 0);
        CHECK (pipe->take_sent () == std::vector<Frames>{{"t", "cached"}});
    }
    CHECK (a.sent.empty ());
    CHECK (socket.send ("t") == 0);
    CHECK (a.take_sent ().size () == 1);
    CHECK (b.take_sent ().size () == 1);
    subscribe (socket, a, "u");
    CHECK (socket.recv () == Frames{sub ("u")});
    CHECK (socket.send ("u") == 0);  // not its topic
    CHECK (a.sent.empty ());
    CHECK (socket.set (ZMQ_XPUB_MANUAL_LAST_VALUE, 0) == 0);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "u") == EINVAL);
}

TEST_CASE ("XPUB_WELCOME_MSG greets each new peer first")
{
    for (const int type : {ZMQ_PUB, ZMQ_XPUB}) {
        FakeSocket socket (type);
        CHECK (socket.add ().sent.empty ());
        CHECK (socket.set (ZMQ_XPUB_WELCOME_MSG, "hello") == 0);
        auto made = std::make_unique<FakePipe> ("", 0);
        made->in.push_back (make_frame ("", false, Kind::subscribe));
        FakePipe &pipe = socket.attach (std::move (made));
        CHECK (pipe.take_sent () == std::vector<Frames>{{"hello"}});
        pipe.set_limit (10);
        CHECK (socket.send ("m") == 0);
        CHECK (pipe.take_sent () == std::vector<Frames>{{"m"}});
        CHECK (socket.set (ZMQ_XPUB_WELCOME_MSG, "") == 0);
        CHECK (socket.add ().sent.empty ());
    }
}

TEST_CASE ("XPUB options are checked")
{
    FakeSocket socket (ZMQ_XPUB);
    for (const int option :
         {ZMQ_XPUB_VERBOSE, ZMQ_XPUB_VERBOSER, ZMQ_XPUB_MANUAL, ZMQ_XPUB_MANUAL_LAST_VALUE, ZMQ_XPUB_NODROP, ZMQ_ONLY_FIRST_SUBSCRIBE})
    {
        CHECK (socket.set (option, -1) == EINVAL);
        CHECK (socket.set (option, "12345") == EINVAL);
        CHECK (socket.get (option) == -1);
    }
    char buffer[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    std::size_t size = 3;
    CHECK (socket.pattern->get_option (ZMQ_TOPICS_COUNT, buffer, &size) == EINVAL);
    size = 8;
    CHECK (socket.pattern->get_option (ZMQ_TOPICS_COUNT, buffer, &size) == 0);
    CHECK (size == 4);
    CHECK (socket.set (ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, 1) == EINVAL);
    CHECK (socket.set (ZMQ_ROUTER_MANDATORY, 1) == EINVAL);
}
