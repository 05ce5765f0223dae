// RADIO and DISH: who gets a message of a group, and in which form it travels.
#include "fakes.hpp"

using namespace fakes;

namespace {

void join (FakeSocket &radio, FakePipe &pipe, std::string_view group) { radio.deliver_frame (pipe, make_frame (group, false, Kind::join)); }
void leave (FakeSocket &radio, FakePipe &pipe, std::string_view group)
{
    radio.deliver_frame (pipe, make_frame (group, false, Kind::leave));
}
int send_to (FakeSocket &radio, std::string_view group, std::string_view body)
{
    Msg frame = make_frame (body);
    REQUIRE (frame.set_group (group) == 0);
    const int error = radio.pattern->send (frame);
    if (error)
        CHECK (frame.group () == group);
    radio.reap ();
    return error;
}
FakePipe &add_inproc (FakeSocket &socket, std::size_t limit = 1000)
{
    auto pipe = std::make_unique<FakePipe> ("", limit);
    pipe->carries_group = true;
    return socket.attach (std::move (pipe));
}
// A message as an inproc peer sends it.
void deliver_whole (FakeSocket &socket, FakePipe &pipe, std::string_view group, std::string_view body)
{
    Msg frame = make_frame (body);
    REQUIRE (frame.set_group (group) == 0);
    socket.deliver_frame (pipe, std::move (frame));
}
// "group/body" of the next message.
std::string hear (FakeSocket &dish)
{
    Msg frame;
    if (!dish.pattern->has_in ()) {
        CHECK (dish.recv_error () == EAGAIN);
        return "nothing";
    }
    REQUIRE (dish.pattern->recv (frame) == 0);
    CHECK_FALSE (frame.more ());
    return frame.group () + std::string ("/") + std::string (frame.view ());
}

}  // namespace

TEST_CASE ("RADIO sends to those who joined exactly this group: two frames, or one that carries it")
{
    FakeSocket radio (ZMQ_RADIO);
    CHECK (radio.pattern->has_out ());
    CHECK (send_to (radio, "a", "nobody there") == 0);
    FakePipe &a = radio.add (), &ab = radio.add (), &near = add_inproc (radio), &none = radio.add ();
    join (radio, a, "a");
    join (radio, ab, "ab");
    join (radio, near, "a");
    join (radio, near, "");
    CHECK (send_to (radio, "a", "1") == 0);
    CHECK (send_to (radio, "ab", "2") == 0);
    CHECK (send_to (radio, "abc", "3") == 0);
    CHECK (send_to (radio, "", "4") == 0);
    CHECK (a.take_sent () == std::vector<Frames>{{"a", "1"}});
    CHECK (ab.take_sent () == std::vector<Frames>{{"ab", "2"}});
    CHECK (near.take_sent () == std::vector<Frames>{{"1"}, {"4"}});
    CHECK (near.groups == Frames{"a", ""});
    CHECK (none.sent.empty ());

    leave (radio, a, "a");
    leave (radio, none, "a");  // it has none
    radio.remove (near);
    CHECK (send_to (radio, "a", "5") == 0);
    CHECK (a.sent.empty ());
    CHECK (radio.recv_error () == ENOTSUP);
    CHECK_FALSE (radio.pattern->has_in ());
    CHECK (radio.pattern->join ("a") == ENOTSUP);
    CHECK (radio.pattern->leave ("a") == ENOTSUP);
}

TEST_CASE ("RADIO: groups of every length; what can be none is no group")
{
    FakeSocket radio (ZMQ_RADIO);
    FakePipe &pipe = radio.add (), &near = add_inproc (radio);
    for (const std::size_t size : {1, 13, 14, 15, 33, 34, 255}) {
        CAPTURE (size);
        const std::string group (size, 'g');
        join (radio, pipe, group);
        join (radio, near, group);
        CHECK (send_to (radio, group, "x") == 0);
        CHECK (pipe.take_sent () == std::vector<Frames>{{group, "x"}});
        CHECK (near.take_sent () == std::vector<Frames>{{"x"}});
        CHECK (near.groups.back () == group);
    }
    join (radio, pipe, std::string (256, 'g'));
    join (radio, pipe, std::string_view ("a\0b", 3));
    radio.deliver (pipe, {"a message", "of no use"});
    CHECK (pipe.in.empty ());
    CHECK (send_to (radio, "a", "x") == 0);
    CHECK (pipe.sent.empty ());
}

TEST_CASE ("RADIO drops what finds no room, or says so with XPUB_NODROP and sends to nobody")
{
    FakeSocket radio (ZMQ_RADIO);
    FakePipe &full = radio.add ("", 1), &near = add_inproc (radio), &other = radio.add ();
    for (FakePipe *pipe : {&full, &near, &other})
        join (radio, *pipe, "g");
    CHECK (send_to (radio, "g", "1") == 0);
    CHECK (send_to (radio, "g", "2") == 0);
    CHECK (radio.host.dropped == 1);
    CHECK (full.sent == std::vector<Frames>{{"g", "1"}});
    CHECK (near.take_sent () == std::vector<Frames>{{"1"}, {"2"}});
    CHECK (other.take_sent () == std::vector<Frames>{{"g", "1"}, {"g", "2"}});
    CHECK (radio.set (ZMQ_XPUB_NODROP, 1) == 0);
    CHECK (radio.set (ZMQ_XPUB_VERBOSE, 1) == EINVAL);
    CHECK (send_to (radio, "g", "3") == EAGAIN);
    CHECK (near.sent.empty ());
    CHECK (other.sent.empty ());
    CHECK (radio.pattern->has_out ());
    CHECK (send_to (radio, "another", "3") == 0);
    CHECK (radio.drain (full) == std::vector<Frames>{{"g", "1"}});
    CHECK (send_to (radio, "g", "3") == 0);
    CHECK (full.take_sent () == std::vector<Frames>{{"g", "3"}});
    CHECK (near.take_sent () == std::vector<Frames>{{"3"}});
}

TEST_CASE ("DISH joins and leaves: told to all, and again to whom is new or has reconnected")
{
    FakeSocket dish (ZMQ_DISH);
    FakePipe &early = dish.add ("", 0);  // no room: these are not limited
    CHECK (dish.pattern->join ("b") == 0);
    CHECK (dish.pattern->join ("a") == 0);
    CHECK (dish.pattern->join ("a") == EINVAL);
    CHECK (dish.pattern->join ("") == 0);
    CHECK (dish.pattern->leave ("b") == 0);
    CHECK (dish.pattern->leave ("b") == EINVAL);
    CHECK (dish.pattern->leave ("never") == EINVAL);
    CHECK (dish.pattern->join (nullptr) == EINVAL);
    CHECK (dish.pattern->leave (nullptr) == EINVAL);
    CHECK (dish.pattern->join (std::string (255, 'g').c_str ()) == 0);
    CHECK (dish.pattern->leave (std::string (255, 'g').c_str ()) == 0);
    CHECK (dish.pattern->join (std::string (256, 'g').c_str ()) == EINVAL);
    const std::string longest (255, 'g');
    CHECK (early.take_sent () == std::vector<Frames>{{"+b"}, {"+a"}, {"+"}, {"-b"}, {"+" + longest}, {"-" + longest}});
    FakePipe &late = dish.add ();
    CHECK (late.take_sent () == std::vector<Frames>{{"+"}, {"+a"}});
    CHECK (dish.pattern->resends_on_reconnect ());
    dish.pattern->hiccuped (early);
    CHECK (early.take_sent () == std::vector<Frames>{{"+"}, {"+a"}});
    CHECK (dish.send ("x") == ENOTSUP);
}

TEST_CASE ("DISH receives messages of its groups, with the group on them, and no others")
{
    FakeSocket dish (ZMQ_DISH);
    FakePipe &far = dish.add (), &near = add_inproc (dish);
    const std::string longest (255, 'g');
    CHECK (dish.pattern->join ("a") == 0);
    CHECK (dish.pattern->join (longest.c_str ()) == 0);
    dish.deliver (far, {"a", "1"});
    CHECK (hear (dish) == "a/1");
    dish.deliver (far, {"b", "not joined"});
    CHECK (hear (dish) == "nothing");
    dish.deliver (far, {longest, "2"});
    CHECK (hear (dish) == longest + "/2");
    deliver_whole (dish, near, "a", "3");
    CHECK (hear (dish) == "a/3");
    deliver_whole (dish, near, "ab", "not joined");
    deliver_whole (dish, near, longest, "4");
    CHECK (hear (dish) == longest + "/4");
    CHECK (dish.pattern->leave ("a") == 0);
    dish.deliver (far, {"a", "late"});
    deliver_whole (dish, near, "a", "late");
    CHECK (hear (dish) == "nothing");
}

TEST_CASE ("DISH drops what has another form, and reads on")
{
    FakeSocket dish (ZMQ_DISH);
    FakePipe &far = dish.add (), &near = add_inproc (dish);
    CHECK (dish.pattern->join ("a") == 0);
    dish.deliver (far, {"a"});
    dish.deliver (far, {"a", "b", "c"});
    dish.deliver (near, {"a", "b"});
    dish.deliver_frame (near, make_frame ("a", false, Kind::subscribe));
    CHECK (hear (dish) == "nothing");
    dish.deliver (far, {"a", "1"});
    CHECK (hear (dish) == "a/1");
}

TEST_CASE ("DISH: a connection that brings anything but a group and a body is ended")
{
    const auto check = [] { return engine::find_socket_type (ZMQ_DISH)->make_frame_check (); };
    const auto good = check ();
    for (int i = 0; i < 3; ++i) {
        CHECK (good->accept (make_frame (std::string (255, 'g'), true)));
        CHECK (good->accept (make_frame ("body")));
    }
    CHECK_FALSE (check ()->accept (make_frame ("no group")));
    CHECK_FALSE (check ()->accept (make_frame (std::string (256, 'g'), true)));
    const auto third = check ();
    CHECK (third->accept (make_frame ("", true)));
    CHECK_FALSE (third->accept (make_frame ("body", true)));
}

TEST_CASE ("RADIO sends everything to a pipe that takes all groups, once, whether it has joined or not")
{
    FakeSocket radio (ZMQ_RADIO);
    auto made = std::make_unique<FakePipe> ();
    made->carries_group = made->takes_all_groups = true;
    FakePipe &all = radio.attach (std::move (made));
    FakePipe &one = radio.add ();
    join (radio, one, "a");
    join (radio, all, "a");
    CHECK (send_to (radio, "a", "1") == 0);
    CHECK (send_to (radio, "b", "2") == 0);
    CHECK (send_to (radio, "", "3") == 0);
    CHECK (all.sent == std::vector<Frames>{{"1"}, {"2"}, {"3"}});
    CHECK (all.groups == Frames{"a", "b", ""});
    CHECK (one.sent == std::vector<Frames>{{"a", "1"}});
    radio.remove (all);
    CHECK (send_to (radio, "a", "4") == 0);
    CHECK (one.sent.size () == 2);
}
