// inproc_orders.cpp - inproc in every order of connect, send, close, bind and unbind: what was sent reaches whoever binds, also when the
// sender has gone before.
#include <algorithm>
#include <thread>

#include "harness.hpp"

using namespace conf;

namespace {

// A type that connects and sends, one that binds and receives.
struct Couple
{
    int sender;
    int receiver;
    const char *name;
};
constexpr Couple couples[] = {
  {ZMQ_PUSH, ZMQ_PULL, "PUSH PULL"},         {ZMQ_PAIR, ZMQ_PAIR, "PAIR PAIR"},   {ZMQ_DEALER, ZMQ_DEALER, "DEALER DEALER"},
  {ZMQ_DEALER, ZMQ_ROUTER, "DEALER ROUTER"}, {ZMQ_DEALER, ZMQ_REP, "DEALER REP"}, {ZMQ_REQ, ZMQ_REP, "REQ REP"},
  {ZMQ_REQ, ZMQ_ROUTER, "REQ ROUTER"},       {ZMQ_REQ, ZMQ_DEALER, "REQ DEALER"}, {ZMQ_ROUTER, ZMQ_ROUTER, "ROUTER ROUTER"},
  {ZMQ_ROUTER, ZMQ_DEALER, "ROUTER DEALER"}, {ZMQ_ROUTER, ZMQ_REP, "ROUTER REP"},
};

constexpr int messages = 3;

Socket make_sender (Context &ctx, const Couple &couple)
{
    Socket socket (ctx, couple.sender);
    if (couple.sender != ZMQ_PUSH)
        socket.set (ZMQ_ROUTING_ID, "me");
    if (couple.sender == ZMQ_ROUTER)
        socket.set (ZMQ_CONNECT_ROUTING_ID, "you").set (ZMQ_ROUTER_MANDATORY, 1);
    if (couple.sender == ZMQ_REQ)
        socket.set (ZMQ_REQ_RELAXED, 1);
    return socket;
}

// As the sender has to send number `i`, and what of it comes.
Msg sent_as (const Couple &couple, int i)
{
    Msg message{std::to_string (i), "second part"};
    if (couple.receiver == ZMQ_REP && couple.sender != ZMQ_REQ)
        message.insert (message.begin (), "");
    if (couple.sender == ZMQ_ROUTER)
        message.insert (message.begin (), "you");
    return message;
}
Msg received_as (const Couple &couple, int i)
{
    Msg message{std::to_string (i), "second part"};
    if (couple.sender == ZMQ_REQ && couple.receiver != ZMQ_REP)
        message.insert (message.begin (), "");
    if (couple.receiver == ZMQ_ROUTER)
        message.insert (message.begin (), "me");
    return message;
}

void send_all (void *socket, const Couple &couple)
{
    for (int i = 0; i < messages; ++i)
        send (socket, sent_as (couple, i));
}

void check_received (Socket &socket, const Couple &couple, int count = messages)
{
    for (int i = 0; i < count; ++i) {
        CHECK (recv (socket) == received_as (couple, i));
        if (couple.receiver == ZMQ_REP)
            send (socket, "to one who may have gone");
    }
    zmq_msg_t none;
    zmq_msg_init (&none);
    CHECK_ERRNO (zmq_msg_recv (&none, socket, ZMQ_DONTWAIT), EAGAIN);
    zmq_msg_close (&none);
}

int counted_free = 0;
void count_free (void *, void *) { ++counted_free; }

}  // namespace

TEST_CASE ("what was sent before the name is bound arrives, however and whenever the sender leaves")
{
    for (const Couple &couple : couples)
        for (const bool disconnects : {false, true})
            for (const int linger : {-1, 0, 1}) {
                CAPTURE (couple.name);
                CAPTURE (disconnects);
                CAPTURE (linger);
                Context ctx;
                const std::string name = inproc_name ();
                Socket sender = make_sender (ctx, couple);
                sender.set (ZMQ_LINGER, linger);
                sender.connect (name);
                send_all (sender, couple);
                if (disconnects)
                    CHECK (zmq_disconnect (sender, name.c_str ()) == 0);
                else
                    sender.close ();
                if (linger > 0)
                    sleep_ms (5);
                Socket receiver (ctx, couple.receiver);
                receiver.bind (name);
                check_received (receiver, couple);
            }
}

TEST_CASE ("connect, send, close, bind and unbind in every order")
{
    for (const Couple &couple : couples) {
        std::string order = "bcsux";
        do {
            const auto at = [&order] (char step) { return order.find (step); };
            if (at ('c') > at ('x') || at ('s') > at ('x') || at ('b') > at ('u'))
                continue;
            CAPTURE (couple.name);
            CAPTURE (order);
            Context ctx;
            const std::string name = inproc_name ();
            Socket receiver (ctx, couple.receiver), later (ctx, couple.receiver);
            Socket sender = make_sender (ctx, couple);
            for (const char step : order)
                switch (step) {
                case 'b':
                    receiver.bind (name);
                    break;
                case 'c':
                    sender.connect (name);
                    break;
                case 's':
                    if (at ('c') < at ('s'))
                        send_all (sender, couple);
                    else
                        CHECK_ERRNO (try_send (sender, sent_as (couple, 0)[0], ZMQ_SNDMORE),
                                     couple.sender == ZMQ_ROUTER ? EHOSTUNREACH : EAGAIN);
                    break;
                case 'u':
                    CHECK (zmq_unbind (receiver, name.c_str ()) == 0);
                    break;
                case 'x':
                    sender.close ();
                    break;
                }
            // Who connects when the name is free again waits for the next who binds it.
            later.bind (name);
            check_received (at ('c') > at ('u') ? later : receiver, couple, at ('c') < at ('s') ? messages : 0);
        } while (std::next_permutation (order.begin (), order.end ()));
    }
}

TEST_CASE ("ten thousand messages wait for the bind")
{
    Context ctx;
    const std::string name = inproc_name ();
    constexpr int many = 10'000;
    {
        Socket push (ctx, ZMQ_PUSH);
        push.set (ZMQ_SNDHWM, 0).connect (name);
        for (int i = 0; i < many; ++i)
            send (push, std::to_string (i));
        // Of an unfinished message nothing stays.
        CHECK (send_frame (push, "unfinished", ZMQ_SNDMORE) == 10);
    }
    Socket pull (ctx, ZMQ_PULL);
    pull.bind (name);
    for (int i = 0; i < many; ++i)
        if (recv (pull) != Msg{std::to_string (i)})
            FAIL ("message " << i);
    CHECK (silent (pull));
}

TEST_CASE ("several who have gone are served fairly, in the order of their connects")
{
    Context ctx;
    const std::string name = inproc_name ();
    for (const char *const who : {"a", "b", "c"}) {
        Socket dealer (ctx, ZMQ_DEALER);
        dealer.set (ZMQ_ROUTING_ID, who).connect (name);
        send (dealer, "1");
        send (dealer, "2");
    }
    Socket router (ctx, ZMQ_ROUTER);
    router.bind (name);
    for (const char *const number : {"1", "2"})
        for (const char *const who : {"a", "b", "c"})
            CHECK (recv (router) == Msg{who, number});
}

TEST_CASE ("a subscriber that came and went before the bind is heard of")
{
    for (const int type : {ZMQ_SUB, ZMQ_XSUB}) {
        Context ctx;
        const std::string name = inproc_name ();
        {
            Socket subscriber (ctx, type);
            if (type == ZMQ_SUB)
                subscriber.subscribe ("topic").connect (name);
            else
                send (subscriber.connect (name), "\1topic");
        }
        Socket xpub (ctx, ZMQ_XPUB);
        xpub.bind (name);
        CHECK (recv (xpub) == Msg{"\1topic"});
        CHECK (recv (xpub) == Msg{"\0topic"s});
        CHECK (silent (xpub));
    }
}

TEST_CASE ("what nobody has bound for does not delay the end of the context, and is freed")
{
    counted_free = 0;
    Context ctx;
    for (const bool disconnects : {false, true}) {
        Socket push (ctx, ZMQ_PUSH);
        push.set (ZMQ_LINGER, -1).connect ("inproc://nobody binds this");
        static char body[1000];
        for (int i = 0; i < 5; ++i) {
            zmq_msg_t message;
            zmq_msg_init_data (&message, body, sizeof body, count_free, nullptr);
            ok (zmq_msg_send (&message, push, 0), "zmq_msg_send");
        }
        if (disconnects)
            CHECK (zmq_disconnect (push, "inproc://nobody binds this") == 0);
    }
    Timer timer;
    CHECK (ctx.term () == 0);
    CHECK (timer.ms () < patience);
    CHECK (counted_free == 10);
}

TEST_CASE ("threads that each connect, send one message and close, while the name is bound")
{
    constexpr int threads = 30;
    for (int round = 0; round < 20; ++round)
        for (const Couple &couple : {couples[0], couples[3]}) {
            CAPTURE (round);
            CAPTURE (couple.name);
            Context ctx;
            const std::string name = inproc_name ();
            std::vector<std::thread> running;
            std::atomic<int> refused{0};
            for (int i = 0; i < threads; ++i)
                running.emplace_back ([&ctx, &name, &couple, &refused, i] {
                    void *const socket = zmq_socket (ctx, couple.sender);
                    const std::string body = std::to_string (i);
                    refused += zmq_connect (socket, name.c_str ()) != 0;
                    refused += zmq_send (socket, body.data (), body.size (), 0) < 0;
                    refused += zmq_close (socket) != 0;
                });
            Socket receiver (ctx, couple.receiver);
            receiver.bind (name);
            std::vector<int> seen (threads);
            for (int i = 0; i < threads; ++i)
                ++seen[static_cast<size_t> (std::stoi (recv (receiver).back ()))];
            for (std::thread &thread : running)
                thread.join ();
            CHECK (seen == std::vector<int> (threads, 1));
            CHECK (refused == 0);
        }
}
