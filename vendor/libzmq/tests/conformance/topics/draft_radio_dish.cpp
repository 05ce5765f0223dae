// draft_radio_dish.cpp - RADIO and DISH: groups, who gets what, JOIN and LEAVE on the wire.
#include "draft.hpp"
#include "harness.hpp"
#include "monitor.hpp"
#include "wire.hpp"

using namespace conf;

namespace {

// Sends to the group until the DISH, which has joined it, has received one; drops the further ones.
void send_until_heard (void *radio, void *dish, const std::string &group)
{
    if (!wait_until ([&] {
            send_letter (radio, {"ready?", 0, group});
            return wait_for (dish, ZMQ_POLLIN, 10);
        }))
        fail ("no message of the group came");
    send_letter (radio, {"ready", 0, group});
    while (recv_letter (dish).body != "ready") {
    }
}

}  // namespace

TEST_CASE ("DISH receives the groups it has joined, and their names")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    for (const bool radio_binds : {true, false})
        for (const std::string &endpoint : every_endpoint (folder)) {
            CAPTURE (endpoint);
            CAPTURE (radio_binds);
            Context ctx;
            Socket radio (ctx, type_radio), dish (ctx, type_dish);
            const std::string longest (255, 'g');
            CHECK (join (dish, "b") == 0);
            if (radio_binds)
                dish.connect (radio.bind (endpoint));
            else
                radio.connect (dish.bind (endpoint));
            CHECK (join (dish, longest) == 0);
            CHECK (join (dish, "") == 0);
            CHECK (join (dish, "a") == 0);
            send_until_heard (radio, dish, "a");
            for (const std::string &group : {"a"s, "b"s, longest, ""s, "c"s, "ab"s, "a"s})
                send_letter (radio, {"to " + group, 0, group});
            for (const std::string &group : {"a"s, "b"s, longest, ""s, "a"s})
                CHECK (recv_letter (dish) == Letter{"to " + group, 0, group});
            CHECK (silent (dish));
            CHECK (leave (dish, "a") == 0);
            send_letter (radio, {"late", 0, "a"});
            send_letter (radio, {"other", 0, "b"});
            CHECK (recv_letter (dish) == Letter{"other", 0, "b"});
        }
}

TEST_CASE ("join and leave: their errors")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dish (ctx, type_dish), radio (ctx, type_radio);
    CHECK (join (dish, "g") == 0);
    CHECK_ERRNO (join (dish, "g"), EINVAL);
    CHECK (leave (dish, "g") == 0);
    CHECK_ERRNO (leave (dish, "g"), EINVAL);
    CHECK (join (dish, std::string (255, 'g')) == 0);
    CHECK_ERRNO (join (dish, std::string (256, 'g')), EINVAL);
    CHECK_ERRNO (leave (dish, std::string (256, 'g')), EINVAL);
    CHECK_ERRNO (join (radio, "g"), ENOTSUP);
    CHECK_ERRNO (leave (radio, "g"), ENOTSUP);
    CHECK_ERRNO (join (nullptr, "g"), ENOTSOCK);
}

TEST_CASE ("every DISH that has joined gets a message, whatever lies between")
{
    NEEDS_DRAFTS ();
    const TempDir folder;
    Context ctx;
    Socket radio (ctx, type_radio);
    std::vector<Socket> dishes;
    for (const std::string &endpoint : every_endpoint (folder)) {
        const std::string bound = radio.bind (endpoint);
        for (int i = 0; i < 2; ++i) {
            dishes.emplace_back (ctx, type_dish);
            dishes.back ().connect (bound);
            CHECK (join (dishes.back (), "all") == 0);
            CHECK (join (dishes.back (), "some" + std::to_string (i)) == 0);
        }
    }
    for (Socket &dish : dishes)
        send_until_heard (radio, dish, "all");
    for (const int size : {0, 1, 33, 34, 5000, 1000000}) {
        CAPTURE (size);
        const std::string body (static_cast<size_t> (size), 'b');
        send_letter (radio, {"some" + body, 0, "some1"});
        send_letter (radio, {body, 0, "all"});
        for (size_t i = 0; i < dishes.size (); ++i) {
            const auto next = [&] {
                for (;;) {
                    Letter letter = recv_letter (dishes[i]);
                    if (!letter.body.starts_with ("ready"))
                        return letter;
                }
            };
            if (i % 2 == 1)
                CHECK (next () == Letter{"some" + body, 0, "some1"});
            CHECK (next () == Letter{body, 0, "all"});
        }
    }
}

TEST_CASE ("XPUB_NODROP: EAGAIN while a DISH of the group is full, others are served")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket radio (ctx, type_radio), dish (ctx, type_dish);
    radio.set (ZMQ_SNDHWM, 2).set (ZMQ_XPUB_NODROP, 1);
    dish.set (ZMQ_RCVHWM, 1);
    CHECK (join (dish, "g") == 0);
    dish.connect (radio.bind (inproc_name ()));
    send_until_heard (radio, dish, "g");
    int taken = 0;
    while (taken < 100 && try_send_letter (radio, {"x", 0, "g"}) != -1)
        ++taken;
    CHECK (taken == 3);
    CHECK_ERRNO (try_send_letter (radio, {"x", 0, "g"}), EAGAIN);
    CHECK (can_send (radio));
    send_letter (radio, {"x", 0, "nobody's"});
    Background sender ([&] { send_letter (radio, {"last", 0, "g"}); });
    for (int i = 0; i < taken; ++i)
        CHECK (recv_letter (dish).body == "x");
    CHECK (recv_letter (dish).body == "last");
    CHECK (sender.wait ());
}

TEST_CASE ("on the wire: a DISH says JOIN and LEAVE, and takes a group and a body for a message")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dish (ctx, type_dish);
    CHECK (join (dish, "early") == 0);
    Peer peer = Peer::connect (dish.bind ());
    CHECK (peer.handshake ("RADIO") == std::map<std::string, std::string>{{"Socket-Type", "DISH"}});
    settle ({dish});
    CHECK (wire::hex (peer.read_frame ().body) == wire::hex ("\4JOINearly"));
    CHECK (join (dish, "") == 0);
    CHECK (join (dish, std::string (255, 'g')) == 0);
    CHECK (leave (dish, "early") == 0);
    CHECK (peer.read_frame () == Frame{4, "\4JOIN"});
    CHECK (peer.read_frame () == Frame{6, "\4JOIN" + std::string (255, 'g')});
    CHECK (peer.read_frame () == Frame{4, "\5LEAVEearly"});
    peer.send (wire::frame ("other", 1) + wire::frame ("body"));
    peer.send (wire::frame ("", 1) + wire::frame ("no name"));
    peer.send (wire::frame (std::string (255, 'g'), 1) + wire::frame (""));
    CHECK (recv_letter (dish) == Letter{"no name"});
    CHECK (recv_letter (dish) == Letter{"", 0, std::string (255, 'g')});
    CHECK (peer.open ());
}

TEST_CASE ("on the wire: what is no group and body ends the connection")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dish (ctx, type_dish);
    CHECK (join (dish, "g") == 0);
    const std::string endpoint = dish.bind ();
    for (const std::string &bytes : {wire::frame ("body alone"), wire::frame (std::string (256, 'g'), 1) + wire::frame ("x"),
                                     wire::frame ("g", 1) + wire::frame ("x", 1) + wire::frame ("y")})
    {
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("RADIO");
        peer.send (bytes);
        CHECK (peer.closed ());
    }
    CHECK (silent (dish));
}

TEST_CASE ("on the wire: a RADIO sends a group and a body to whom has said JOIN, also as a ZMTP 3.0 peer")
{
    NEEDS_DRAFTS ();
    for (const uint8_t minor : {uint8_t{1}, uint8_t{0}}) {
        Context ctx;
        Socket radio (ctx, type_radio);
        Monitor monitor (ctx, radio, ZMQ_EVENT_DISCONNECTED);
        Peer peer = Peer::connect (radio.bind ());
        CHECK (peer.handshake ("DISH", minor) == std::map<std::string, std::string>{{"Socket-Type", "RADIO"}});
        peer.send (wire::command ("JOIN", "g") + wire::command ("JOIN", "") + wire::command ("JOIN", std::string (256, 'x')));
        CHECK (wait_until ([&] {
            send_letter (radio, {"ready?", 0, "g"});
            return peer.waiting (10);
        }));
        send_letter (radio, {"other", 0, "gg"});
        send_letter (radio, {"last", 0, "g"});
        for (bool last = false; !last;) {
            CHECK (peer.read_frame () == Frame{1, "g"});
            const Frame body = peer.read_frame ();
            CHECK_FALSE (body.more ());
            last = body.body == "last";
            if (!last)
                CHECK (body.body == "ready?");
        }
        send_letter (radio, {"no name"});
        CHECK (peer.read_frame () == Frame{1, ""});
        CHECK (peer.read_frame () == Frame{0, "no name"});
        // Messages of a DISH mean nothing; subscriptions neither.
        peer.send (wire::frame ("a message") + wire::command ("SUBSCRIBE", "") + wire::command ("LEAVE", "") +
                   wire::command ("LEAVE", "g"));
        CHECK (wait_until ([&] {
            send_letter (radio, {"x", 0, "g"});
            return peer.read_available (10).empty ();
        }));
        CHECK (peer.open ());
    }
}

TEST_CASE ("a DISH that reconnects joins its groups again")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket dish (ctx, type_dish);
    dish.set (ZMQ_RECONNECT_IVL, 10);
    CHECK (join (dish, "a") == 0);
    CHECK (join (dish, "b") == 0);
    CHECK (leave (dish, "a") == 0);
    Listener listener;
    dish.connect (listener.endpoint ());
    Peer first = listener.accept ();
    first.handshake ("RADIO");
    // Queued before there was a connection.
    CHECK (first.read_frame () == Frame{4, "\4JOINb"});
    first.close ();
    Peer second = listener.accept ();
    second.handshake ("RADIO");
    settle ({dish});
    CHECK (second.read_frame () == Frame{4, "\4JOINb"});
    CHECK (join (dish, "c") == 0);
    CHECK (second.read_frame () == Frame{4, "\4JOINc"});
    second.send (wire::frame ("c", 1) + wire::frame ("x"));
    CHECK (recv_letter (dish) == Letter{"x", 0, "c"});
}

TEST_CASE ("a slow DISH loses whole messages, never half of one")
{
    NEEDS_DRAFTS ();
    Context ctx;
    Socket radio (ctx, type_radio), dish (ctx, type_dish);
    radio.set (ZMQ_SNDHWM, 3).set (ZMQ_SNDBUF, 4096);
    dish.set (ZMQ_RCVHWM, 3).set (ZMQ_RCVBUF, 4096);
    CHECK (join (dish, "g") == 0);
    dish.connect (radio.bind ());
    send_until_heard (radio, dish, "g");
    const std::string body (20000, 'b');
    for (int i = 0; i < 1000; ++i)
        send_letter (radio, {std::to_string (i) + body, 0, "g"});
    int last = -1, count = 0;
    dish.set (ZMQ_RCVTIMEO, quiet);
    for (;;) {
        char buffer[40];
        const int size = zmq_recv (dish, buffer, sizeof buffer, 0);
        if (size < 0)
            break;
        const int number = std::atoi (buffer);
        CHECK (number > last);
        CHECK (static_cast<size_t> (size) == std::to_string (number).size () + body.size ());
        last = number;
        ++count;
    }
    CHECK (count > 0);
    CHECK (count < 1000);
}
