// rep.cpp - REP: one request at a time, the return envelope, replies to peers that have gone.
#include "harness.hpp"
#include "wire.hpp"

using namespace conf;

TEST_CASE ("recv and send alternate, anything else is EFSM")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP), req (ctx, ZMQ_REQ);
    req.connect (rep.bind ());
    char buffer[8];
    for (int i = 0; i < 3; ++i) {
        CHECK_ERRNO (try_send (rep, "unasked"), EFSM);
        send (req, "q");
        CHECK (recv (rep) == Msg{"q"});
        CHECK_ERRNO (zmq_recv (rep, buffer, sizeof buffer, ZMQ_DONTWAIT), EFSM);
        send (rep, "a");
        CHECK (recv (req) == Msg{"a"});
    }
}

TEST_CASE ("half way through a request send is EFSM, half way through a reply recv is EFSM")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP), req (ctx, ZMQ_REQ);
    req.connect (rep.bind ());
    send (req, Msg{"1", "2"});
    CHECK (recv_frame (rep) == "1");
    CHECK_ERRNO (try_send (rep, "early"), EFSM);
    CHECK (recv_frame (rep) == "2");
    CHECK (send_frame (rep, "a", ZMQ_SNDMORE) == 1);
    char buffer[8];
    CHECK_ERRNO (zmq_recv (rep, buffer, sizeof buffer, ZMQ_DONTWAIT), EFSM);
    CHECK (send_frame (rep, "b") == 1);
    CHECK (recv (req) == Msg{"a", "b"});
}

TEST_CASE ("requests are served fairly, each answer goes to its asker")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP);
    const std::string endpoint = rep.bind ();
    std::vector<Socket> clients;
    for (int i = 0; i < 6; ++i) {
        clients.emplace_back (ctx, ZMQ_REQ);
        clients.back ().connect (endpoint);
        send (clients.back (), std::to_string (i));
    }
    for (int i = 0; i < 6; ++i)
        send (rep, "to " + recv (rep)[0]);
    for (int i = 0; i < 6; ++i)
        CHECK (recv (clients[static_cast<size_t> (i)]) == Msg{"to " + std::to_string (i)});
}

TEST_CASE ("the envelope up to the empty frame is kept and put before the reply")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP), dealer (ctx, ZMQ_DEALER);
    dealer.connect (rep.bind ());
    send (dealer, Msg{"hop 2", "hop 1", "", "question", "", "more"});
    CHECK (recv (rep) == Msg{"question", "", "more"});
    send (rep, Msg{"answer", "x"});
    CHECK (recv (dealer) == Msg{"hop 2", "hop 1", "", "answer", "x"});
}

TEST_CASE ("a message without an empty frame is dropped, the next one is served")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP), dealer (ctx, ZMQ_DEALER);
    dealer.connect (rep.bind ());
    send (dealer, Msg{"no", "delimiter"});
    send (dealer, "single");
    send (dealer, Msg{"", "good"});
    CHECK (recv (rep) == Msg{"good"});
    send (rep, "a");
    CHECK (recv (dealer) == Msg{"", "a"});
    CHECK (silent (dealer, 10));
}

TEST_CASE ("an empty frame at the very end makes no request")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP), dealer (ctx, ZMQ_DEALER);
    dealer.connect (rep.bind ());
    send (dealer, Msg{"id", ""});
    send (dealer, Msg{"", "good"});
    CHECK (recv (rep) == Msg{"good"});
}

TEST_CASE ("a reply to a peer that has gone is dropped and the next request is served")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP);
    const std::string endpoint = rep.bind ();
    {
        Socket req (ctx, ZMQ_REQ);
        req.connect (endpoint);
        send (req, "from the dead");
        CHECK (recv (rep) == Msg{"from the dead"});
    }
    sleep_ms (quiet);
    send (rep, "to nobody");
    Socket req (ctx, ZMQ_REQ);
    req.connect (endpoint);
    send (req, "alive");
    CHECK (recv (rep) == Msg{"alive"});
    send (rep, "yes");
    CHECK (recv (req) == Msg{"yes"});
}

TEST_CASE ("a peer may queue requests, replies keep their order")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP), dealer (ctx, ZMQ_DEALER);
    dealer.connect (rep.bind ());
    for (int i = 0; i < 50; ++i)
        send (dealer, Msg{"", std::to_string (i)});
    for (int i = 0; i < 50; ++i) {
        const Msg request = recv (rep);
        CHECK (request == Msg{std::to_string (i)});
        send (rep, request);
    }
    for (int i = 0; i < 50; ++i)
        CHECK (recv (dealer) == Msg{"", std::to_string (i)});
}

TEST_CASE ("events: readable with a request, writable only while a reply is owed")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP), dealer (ctx, ZMQ_DEALER);
    dealer.connect (rep.bind ());
    CHECK (events (rep) == 0);
    send (dealer, Msg{"", "1"});
    send (dealer, Msg{"", "2"});
    CHECK (wait_for (rep, ZMQ_POLLIN));
    CHECK (events (rep) == ZMQ_POLLIN);
    CHECK (recv (rep) == Msg{"1"});
    CHECK (events (rep) == ZMQ_POLLOUT);
    send (rep, "a");
    CHECK (wait_for (rep, ZMQ_POLLIN));
    CHECK (events (rep) == ZMQ_POLLIN);
}

TEST_CASE ("a raw requester sees the envelope on the wire")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP);
    Peer peer = Peer::connect (rep.bind ());
    const auto properties = peer.handshake ("REQ");
    CHECK (properties.at ("Socket-Type") == "REP");
    CHECK (properties.count ("Identity") == 0);
    peer.send (wire::frame ("four", 1) + wire::frame ("", 1) + wire::frame ("q"));
    CHECK (recv (rep) == Msg{"q"});
    send (rep, "a");
    CHECK (peer.read_frame () == Frame{1, "four"});
    CHECK (peer.read_frame () == Frame{1, ""});
    CHECK (peer.read_frame () == Frame{0, "a"});
}

TEST_CASE ("a client that dies in the middle of its request leaves no trace")
{
    Context ctx;
    Socket rep (ctx, ZMQ_REP), req (ctx, ZMQ_REQ);
    const std::string endpoint = rep.bind ();
    {
        Peer peer = Peer::connect (endpoint);
        peer.handshake ("REQ");
        peer.send (wire::frame ("", 1) + wire::frame ("half", 1));
        sleep_ms (20);
    }
    req.connect (endpoint);
    send (req, "whole");
    CHECK (recv (rep) == Msg{"whole"});
    send (rep, "a");
    CHECK (recv (req) == Msg{"a"});
}
