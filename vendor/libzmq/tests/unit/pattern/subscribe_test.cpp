// SUB and XSUB: telling subscriptions, filtering, user messages upstream.
#include "fakes.hpp"

using namespace fakes;

namespace {
std::string sub (std::string_view topic) { return "\1" + std::string (topic); }
std::string unsub (std::string_view topic) { return std::string (1, '\0') + std::string (topic); }
}  // namespace

TEST_CASE ("SUB tells every peer of its subscriptions, new ones of each topic once")
{
    FakeSocket socket (ZMQ_SUB);
    FakePipe &a = socket.add ("", 0);  // without room: subscriptions do not mind
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x") == 0);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x") == 0);
    CHECK (socket.pattern->set_option (ZMQ_SUBSCRIBE, nullptr, 0) == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"+x"}, {"+x"}, {"+"}});
    CHECK (socket.get (ZMQ_TOPICS_COUNT) == 2);
    FakePipe &b = socket.add ();
    CHECK (b.take_sent () == std::vector<Frames>{{"+"}, {"+x"}});

    CHECK (socket.set (ZMQ_UNSUBSCRIBE, "x") == 0);
    CHECK (a.sent.empty ());
    CHECK (socket.set (ZMQ_UNSUBSCRIBE, "x") == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"-x"}});
    CHECK (b.take_sent () == std::vector<Frames>{{"-x"}});
    CHECK (socket.set (ZMQ_UNSUBSCRIBE, "x") == 0);
    CHECK (socket.set (ZMQ_UNSUBSCRIBE, "unknown") == 0);
    CHECK (a.sent.empty ());

    CHECK (socket.pattern->resends_on_reconnect ());
    socket.pattern->hiccuped (b);
    CHECK (b.take_sent () == std::vector<Frames>{{"+"}});
    CHECK (a.sent.empty ());
}

TEST_CASE ("one unsubscribe does not end two subscriptions")
{
    FakeSocket socket (ZMQ_SUB);
    FakePipe &pipe = socket.add ();
    CHECK (socket.set (ZMQ_SUBSCRIBE, "a") == 0);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "a") == 0);
    CHECK (socket.set (ZMQ_UNSUBSCRIBE, "a") == 0);
    socket.deliver (pipe, {"a1"});
    CHECK (socket.recv () == Frames{"a1"});
    CHECK (socket.set (ZMQ_UNSUBSCRIBE, "a") == 0);
    socket.deliver (pipe, {"a2"});
    CHECK_FALSE (socket.pattern->has_in ());
}

TEST_CASE ("SUB receives what it is subscribed to, whole, and poll agrees with recv")
{
    FakeSocket socket (ZMQ_SUB);
    FakePipe &a = socket.add (), &b = socket.add ();
    socket.deliver (a, {"x"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x") == 0);
    socket.deliver (a, {"y", "x"});
    socket.deliver (b, {"y"});
    CHECK_FALSE (socket.pattern->has_in ());
    socket.deliver (b, {"y", "x"});
    socket.deliver (b, {"x", "y", "z"});
    bool polled = false;
    SUBCASE ("polled") { polled = true; }
    SUBCASE ("not polled") {}
    for (int times = 0; polled && times < 3; ++times)
        CHECK (socket.pattern->has_in ());
    Msg frame;
    CHECK (socket.pattern->recv (frame) == 0);
    CHECK (frame.view () == "x");
    CHECK (frame.more ());
    CHECK (socket.pattern->has_in ());
    CHECK (socket.recv () == Frames{"y", "z"});
    CHECK_FALSE (socket.pattern->has_in ());
    CHECK (socket.recv_error () == EAGAIN);
    CHECK (socket.send ("m") == ENOTSUP);
    CHECK_FALSE (socket.pattern->has_out ());
}

TEST_CASE ("SUB keeps a message that was read ahead when its pipe goes")
{
    FakeSocket socket (ZMQ_SUB);
    FakePipe &pipe = socket.add ();
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x") == 0);
    socket.deliver (pipe, {"x", "y"});
    CHECK (socket.pattern->has_in ());
    socket.remove (pipe);
    CHECK (socket.pattern->has_in ());
    CHECK (socket.recv () == Frames{"x", "y"});
    CHECK_FALSE (socket.pattern->has_in ());
}

TEST_CASE ("SUB with INVERT_MATCHING takes exactly what does not match")
{
    FakeSocket socket (ZMQ_SUB);
    FakePipe &pipe = socket.add ();
    CHECK (socket.set (ZMQ_INVERT_MATCHING, 1) == 0);
    CHECK (socket.set (ZMQ_SUBSCRIBE, "x") == 0);
    socket.deliver (pipe, {"x1", "y"});
    socket.deliver (pipe, {"y", "x1"});
    CHECK (socket.recv () == Frames{"y", "x1"});
    CHECK_FALSE (socket.pattern->has_in ());
}

TEST_CASE ("SUB takes no options but its own")
{
    FakeSocket socket (ZMQ_SUB);
    for (const int option : {ZMQ_XPUB_VERBOSE, ZMQ_ONLY_FIRST_SUBSCRIBE, ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, ZMQ_PROBE_ROUTER})
        CHECK (socket.set (option, 1) == EINVAL);
    CHECK (socket.pattern->set_option (ZMQ_SUBSCRIBE, nullptr, 1) == EINVAL);
    FakeSocket xsub (ZMQ_XSUB);
    CHECK (xsub.set (ZMQ_SUBSCRIBE, "x") == EINVAL);
    CHECK (xsub.set (ZMQ_INVERT_MATCHING, 1) == EINVAL);
    CHECK (xsub.set (ZMQ_ONLY_FIRST_SUBSCRIBE, -1) == EINVAL);
    CHECK (xsub.set (ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, -1) == 0);
}

TEST_CASE ("XSUB subscribes by sending, and receives unfiltered")
{
    FakeSocket socket (ZMQ_XSUB);
    CHECK (socket.send (sub ("early")) == 0);
    FakePipe &pipe = socket.add ("", 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"+early"}});
    CHECK (socket.pattern->has_out ());
    CHECK (socket.send (sub ("x")) == 0);
    CHECK (socket.send (sub ("x")) == 0);
    CHECK (socket.send (unsub ("x")) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"+x"}, {"+x"}});
    CHECK (socket.get (ZMQ_TOPICS_COUNT) == 2);
    CHECK (socket.send (unsub ("x")) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"-x"}});
    CHECK (socket.send (unsub ("x")) == 0);
    CHECK (pipe.sent.empty ());
    CHECK (socket.set (ZMQ_XSUB_VERBOSE_UNSUBSCRIBE, 1) == 0);
    CHECK (socket.send (unsub ("x")) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"-x"}});

    socket.deliver (pipe, {"anything", "else"});
    CHECK (socket.pattern->has_in ());
    CHECK (socket.recv () == Frames{"anything", "else"});
}

TEST_CASE ("XSUB sends user messages upstream to all that have room")
{
    FakeSocket socket (ZMQ_XSUB);
    CHECK (socket.send ("nobody there") == 0);
    FakePipe &a = socket.add (), &b = socket.add ("", 1);
    CHECK (socket.send_message ({"user", "message"}) == 0);
    CHECK (socket.send_message ({"more", "of", "it"}) == 0);
    CHECK (socket.send ("") == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"user", "message"}, {"more", "of", "it"}, {""}});
    CHECK (socket.drain (b) == std::vector<Frames>{{"user", "message"}});
    CHECK (socket.send ("again") == 0);
    CHECK (b.take_sent () == std::vector<Frames>{{"again"}});
}

TEST_CASE ("XSUB looks at every frame for subscriptions, or only where the first is one")
{
    FakeSocket socket (ZMQ_XSUB);
    FakePipe &pipe = socket.add ();
    CHECK (socket.send_message ({"u1", sub ("a"), "u2", sub ("b")}) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"u1", "u2"}, {"+a"}, {"+b"}});
    CHECK (socket.send_message ({sub ("c"), "u", unsub ("a")}) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"+c"}, {"u"}, {"-a"}});
    CHECK (socket.set (ZMQ_ONLY_FIRST_SUBSCRIBE, 1) == 0);
    CHECK (socket.send_message ({"u1", sub ("a"), "u2"}) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"u1", sub ("a"), "u2"}});
    CHECK (socket.send_message ({sub ("d"), unsub ("c"), "u"}) == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"+d"}, {"-c"}, {"u"}});
    CHECK (socket.get (ZMQ_TOPICS_COUNT) == 2);
}

TEST_CASE ("XSUB whose peer reconnects in mid-message sends it no torn message")
{
    FakeSocket socket (ZMQ_XSUB);
    FakePipe &pipe = socket.add ();
    CHECK (socket.send (sub ("a")) == 0);
    pipe.take_sent ();
    CHECK (socket.send ("1", true) == 0);
    CHECK (socket.send ("2", true) == 0);
    CHECK (pipe.partial.size () == 1);
    socket.pattern->hiccuped (pipe);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"+a"}});
    CHECK (socket.send ("3") == 0);
    CHECK (pipe.sent.empty ());
    CHECK (pipe.partial.empty ());
    CHECK (socket.send ("whole") == 0);
    CHECK (pipe.take_sent () == std::vector<Frames>{{"whole"}});
}
