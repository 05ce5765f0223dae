// req.cpp - REQ: strict alternation, the envelope on the wire, RELAXED, CORRELATE, and what polling must not change.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

// Nothing can be received for a while. Not asked by polling: POLLIN may announce a message that turns out to be no reply.
static bool no_reply (Socket &req)
{
    req.set (ZMQ_RCVTIMEO, quiet);
    char buffer[8];
    const bool none = zmq_recv (req, buffer, sizeof buffer, 0) == -1 && zmq_errno () == EAGAIN;
    req.set (ZMQ_RCVTIMEO, patience);
    return none;
}

TEST_CASE ("send and recv alternate, anything else is EFSM")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.connect (rep.bind ());
    char buffer[8];
    for (int i = 0; i < 3; ++i) {
        CHECK_ERRNO (zmq_recv (req, buffer, sizeof buffer, ZMQ_DONTWAIT), EFSM);
        send (req, "question");
        CHECK_ERRNO (send_frame (req, "again"), EFSM);
        CHECK (recv (rep) == Msg{"question"});
        send (rep, "answer");
        CHECK (recv (req) == Msg{"answer"});
    }
}

TEST_CASE ("waiting for a reply: EAGAIN")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.connect (rep.bind ());
    send (req, "question");
    char buffer[8];
    CHECK_ERRNO (zmq_recv (req, buffer, sizeof buffer, ZMQ_DONTWAIT), EAGAIN);
    CHECK_ERRNO (send_frame (req, "again"), EFSM);  // EAGAIN did not change the turn
}

TEST_CASE ("multipart requests and replies; recv in the middle of sending is EFSM and harmless")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.connect (rep.bind ());
    CHECK (send_frame (req, "a", ZMQ_SNDMORE) == 1);
    char buffer[8];
    CHECK_ERRNO (zmq_recv (req, buffer, sizeof buffer, ZMQ_DONTWAIT), EFSM);
    CHECK (send_frame (req, "b") == 1);
    CHECK (recv (rep) == Msg{"a", "b"});
    send (rep, Msg{"1", "", "3"});
    CHECK (recv (req) == Msg{"1", "", "3"});
}

TEST_CASE ("the turn passes only with the last frame of the reply")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.connect (rep.bind ());
    send (req, "q");
    recv (rep);
    send (rep, Msg{"1", "2"});
    CHECK (recv_frame (req) == "1");
    CHECK_ERRNO (send_frame (req, "early"), EFSM);
    CHECK (recv_frame (req) == "2");
    send (req, "q2");
    CHECK (recv (rep) == Msg{"q2"});
}

TEST_CASE ("without a server a send blocks and leaves the state")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    CHECK (events (req) == 0);
    CHECK_ERRNO (try_send (req, "x"), EAGAIN);
    CHECK_ERRNO (try_send (req, "x"), EAGAIN);
    Socket rep (ctx, ZMQ_REP);
    rep.bind (inproc_name ());
    req.connect (rep.text (ZMQ_LAST_ENDPOINT));
    send (req, "x");
    CHECK (recv (rep) == Msg{"x"});
}

TEST_CASE ("events follow the turn and polling does not advance it")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.connect (rep.bind ());
    for (int i = 0; i < 3; ++i) {
        CHECK (wait_for (req, ZMQ_POLLOUT));
        for (int again = 0; again < 3; ++again) {
            CHECK (events (req) == ZMQ_POLLOUT);
            CHECK (events (rep) == 0);
        }
        send (req, "q");
        CHECK (events (req) == 0);
        for (int again = 0; again < 3; ++again) {
            CHECK (wait_for (rep, ZMQ_POLLIN));
            CHECK (events (rep) == ZMQ_POLLIN);
        }
        CHECK (recv (rep) == Msg{"q"});
        CHECK (events (rep) == ZMQ_POLLOUT);
        send (rep, "a");
        for (int again = 0; again < 3; ++again) {
            CHECK (wait_for (req, ZMQ_POLLIN));
            CHECK (events (req) == ZMQ_POLLIN);
        }
        CHECK (recv (req) == Msg{"a"});
    }
}

TEST_CASE ("on the wire a request is an empty frame and the body")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    Listener listener;
    req.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    const auto properties = peer.handshake ("REP");
    CHECK (properties.at ("Socket-Type") == "REQ");
    CHECK (properties.count ("Identity") == 1);
    send (req, Msg{"a", "b"});
    CHECK (peer.read_frame () == Frame{1, ""});
    CHECK (peer.read_frame () == Frame{1, "a"});
    CHECK (peer.read_frame () == Frame{0, "b"});
    peer.send (wire::frame ("", 1) + wire::frame ("reply"));
    CHECK (recv (req) == Msg{"reply"});
}

TEST_CASE ("a reply without the empty frame ends the connection")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    Listener listener;
    req.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    peer.handshake ("REP");
    send (req, "q");
    peer.read_frame ();
    peer.read_frame ();
    peer.send (wire::frame ("no delimiter"));
    CHECK (peer.closed ());
    CHECK (no_reply (req));
}

TEST_CASE ("replies nobody asked for are thrown away")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    Listener listener;
    req.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    peer.handshake ("ROUTER");
    CHECK (wait_for (req, ZMQ_POLLOUT));
    peer.send (wire::frame ("", 1) + wire::frame ("unasked 1") + wire::frame ("", 1) + wire::frame ("unasked 2"));
    sleep_ms (quiet);
    send (req, "q");
    peer.read_frame ();
    peer.read_frame ();
    peer.send (wire::frame ("", 1) + wire::frame ("wanted"));
    CHECK (recv (req) == Msg{"wanted"});
}

TEST_CASE ("requests go round robin, replies count only from the server asked")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), one (ctx, ZMQ_ROUTER), two (ctx, ZMQ_ROUTER);
    req.set (ZMQ_ROUTING_ID, "client");
    req.connect (one.bind ());
    req.connect (two.bind ());
    Socket *servers[] = {&one, &two};
    send (req, "q0");
    zmq_pollitem_t items[] = {{one, 0, ZMQ_POLLIN, 0}, {two, 0, ZMQ_POLLIN, 0}};
    REQUIRE (zmq_poll (items, 2, patience) > 0);
    size_t asked = items[0].revents ? 0 : 1;
    for (int i = 0; i < 6; ++i) {
        Socket &server = *servers[asked];
        CHECK (recv (server) == Msg{"client", "", "q" + std::to_string (i)});
        send (server, Msg{"client", "", "a" + std::to_string (i)});
        CHECK (recv (req) == Msg{"a" + std::to_string (i)});
        send (req, "q" + std::to_string (i + 1));
        asked = 1 - asked;
    }
}

TEST_CASE ("a reply from a server that was not asked is ignored")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    Listener one, two;
    req.connect (one.endpoint ());
    Peer first = one.accept ();
    first.handshake ("ROUTER");
    send (req, "q");
    CHECK (first.read_frame () == Frame{1, ""});
    req.connect (two.endpoint ());
    Peer second = two.accept ();
    second.handshake ("ROUTER");
    second.send (wire::frame ("", 1) + wire::frame ("stranger"));
    CHECK (no_reply (req));
    first.send (wire::frame ("", 1) + wire::frame ("right"));
    CHECK (recv (req) == Msg{"right"});
}

TEST_CASE ("strict: a server that dies leaves the socket waiting, a request is not repeated")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    req.set (ZMQ_RECONNECT_IVL, 10);
    Listener listener;
    req.connect (listener.endpoint ());
    {
        Peer peer = listener.accept ();
        peer.handshake ("REP");
        send (req, "q");
        peer.read_frame ();
        peer.read_frame ();
    }
    Peer again = listener.accept ();
    again.handshake ("REP");
    CHECK (again.read_available (quiet).empty ());
    CHECK_ERRNO (send_frame (req, "x"), EFSM);
    char buffer[8];
    CHECK_ERRNO (zmq_recv (req, buffer, sizeof buffer, ZMQ_DONTWAIT), EAGAIN);
}

TEST_CASE ("RELAXED: a new request may replace the pending one")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.set (ZMQ_REQ_RELAXED, 1).set (ZMQ_REQ_CORRELATE, 1);
    req.connect (rep.bind ());
    send (req, "first");
    CHECK (can_send (req));
    send (req, "second");
    CHECK (recv (rep) == Msg{"first"});
    send (rep, "to first");
    CHECK (recv (rep) == Msg{"second"});
    send (rep, "to second");
    CHECK (recv (req) == Msg{"to second"});
}

TEST_CASE ("RELAXED after the server died: the next request reaches its successor")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    req.set (ZMQ_REQ_RELAXED, 1).set (ZMQ_REQ_CORRELATE, 1).set (ZMQ_RECONNECT_IVL, 10);
    const std::string endpoint = unused_endpoint ();
    req.connect (endpoint);
    {
        Socket rep (ctx, ZMQ_REP);
        rep.bind (endpoint);
        send (req, "lost");
        CHECK (recv (rep) == Msg{"lost"});
    }
    Socket rep (ctx, ZMQ_REP);
    CHECK (wait_until ([&] { return zmq_bind (rep, endpoint.c_str ()) == 0; }));
    CHECK (wait_until ([&] {
        send (req, "repeated");
        return wait_for (rep, ZMQ_POLLIN, 20);
    }));
    CHECK (recv (rep) == Msg{"repeated"});
}

TEST_CASE ("CORRELATE: a number in front, one higher with each request; other numbers are skipped")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    req.set (ZMQ_REQ_CORRELATE, 1);
    Listener listener;
    req.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    peer.handshake ("ROUTER");
    uint32_t previous = 0;
    for (int i = 0; i < 3; ++i) {
        send (req, "q");
        const Frame id = peer.read_frame ();
        REQUIRE (id.body.size () == 4);
        CHECK (id.more ());
        uint32_t number;
        std::memcpy (&number, id.body.data (), 4);
        if (i > 0)
            CHECK (number == previous + 1);
        previous = number;
        CHECK (peer.read_frame () == Frame{1, ""});
        CHECK (peer.read_frame () == Frame{0, "q"});
        std::string wrong = id.body;
        wrong[0] = static_cast<char> (wrong[0] + 1);
        peer.send (wire::frame (wrong, 1) + wire::frame ("", 1) + wire::frame ("wrong"));
        peer.send (wire::frame (id.body, 1) + wire::frame ("", 1) + wire::frame ("right"));
        CHECK (recv (req) == Msg{"right"});
    }
}

TEST_CASE ("a late reply does not count for the next request when correlated")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ);
    req.set (ZMQ_REQ_RELAXED, 1).set (ZMQ_REQ_CORRELATE, 1);
    Listener listener;
    req.connect (listener.endpoint ());
    Peer peer = listener.accept ();
    peer.handshake ("ROUTER");
    send (req, "q1");
    const std::string first = peer.read_frame ().body;
    send (req, "q2");
    peer.read_frame ();
    peer.read_frame ();
    const std::string second = peer.read_frame ().body;
    peer.send (wire::frame (first, 1) + wire::frame ("", 1) + wire::frame ("late"));
    CHECK (no_reply (req));
    peer.send (wire::frame (second, 1) + wire::frame ("", 1) + wire::frame ("in time"));
    CHECK (recv (req) == Msg{"in time"});
}

TEST_CASE ("a request sent before the server exists is delivered when it comes")
{
    Context ctx;
    Socket req (ctx, ZMQ_REQ), rep (ctx, ZMQ_REP);
    req.set (ZMQ_RECONNECT_IVL, 10);
    const std::string endpoint = unused_endpoint ();
    req.connect (endpoint);
    send (req, "early");
    sleep_ms (20);
    rep.bind (endpoint);
    CHECK (recv (rep) == Msg{"early"});
    send (rep, "late");
    CHECK (recv (req) == Msg{"late"});
}
