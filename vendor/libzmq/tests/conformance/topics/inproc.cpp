// inproc.cpp - the in-process transport: names, order of bind and connect, what happens when one end goes.
#include "harness.hpp"
#include "monitor.hpp"

using namespace conf;

TEST_CASE ("bind then connect, connect then bind")
{
    Context ctx;
    for (const bool bind_first : {true, false}) {
        const std::string name = inproc_name ();
        Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
        if (bind_first)
            a.bind (name);
        b.connect (name);
        send (b, "hello");
        if (!bind_first)
            a.bind (name);
        CHECK (recv (a) == Msg{"hello"});
        send (a, "back");
        CHECK (recv (b) == Msg{"back"});
    }
}

TEST_CASE ("LAST_ENDPOINT is the name")
{
    Context ctx;
    const std::string name = inproc_name ();
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    CHECK (a.bind (name) == name);
    b.connect (name);
    CHECK (b.text (ZMQ_LAST_ENDPOINT) == name);
}

TEST_CASE ("a name may hold any characters")
{
    Context ctx;
    for (const std::string &name :
         {"inproc://a b"s, "inproc://*"s, "inproc://:///@%"s, "inproc://\xc3\xa4"s, "inproc://" + std::string (500, 'n')})
    {
        CAPTURE (name);
        Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
        CHECK (a.bind (name) == name);
        b.connect (name);
        send (b, "x");
        CHECK (recv (a) == Msg{"x"});
    }
}

TEST_CASE ("a name is bound once")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    const std::string name = a.bind (inproc_name ());
    CHECK_ERRNO (zmq_bind (b, name.c_str ()), EADDRINUSE);
    CHECK_ERRNO (zmq_bind (a, name.c_str ()), EADDRINUSE);
}

TEST_CASE ("unbind releases the name at once and keeps the connections")
{
    Context ctx;
    for (const bool bind_first : {true, false}) {
        CAPTURE (bind_first);
        Socket a (ctx, ZMQ_DEALER), b (ctx, ZMQ_DEALER), c (ctx, ZMQ_DEALER), old (ctx, ZMQ_DEALER);
        const std::string name = inproc_name ();
        if (bind_first)
            a.bind (name);
        old.connect (name);
        if (!bind_first)
            a.bind (name);
        CHECK (zmq_unbind (a, name.c_str ()) == 0);
        CHECK (zmq_unbind (a, name.c_str ()) == -1);
        CHECK (zmq_bind (b, name.c_str ()) == 0);
        c.connect (name);
        send (c, "x");
        CHECK (recv (b) == Msg{"x"});
        send (old, "to the old one");
        CHECK (recv (a) == Msg{"to the old one"});
        send (a, "and back");
        CHECK (recv (old) == Msg{"and back"});
        CHECK (zmq_disconnect (old, name.c_str ()) == 0);
        CHECK_ERRNO (zmq_disconnect (old, name.c_str ()), ENOENT);
    }
}

TEST_CASE ("a socket connected to itself: unbind ends the binding, disconnect then the connection")
{
    Context ctx;
    Socket a (ctx, ZMQ_DEALER);
    const std::string name = a.bind (inproc_name ());
    a.connect (name);
    CHECK (zmq_unbind (a, name.c_str ()) == 0);
    CHECK (zmq_disconnect (a, name.c_str ()) == 0);
    CHECK_ERRNO (zmq_disconnect (a, name.c_str ()), ENOENT);
}

TEST_CASE ("a closed socket's name can be bound again")
{
    Context ctx;
    const std::string name = inproc_name ();
    for (int i = 0; i < 20; ++i) {
        Socket a (ctx, ZMQ_PAIR);
        if (ours ())  // released before close returns; Debian's lets its reaper do it
            CHECK (zmq_bind (a, name.c_str ()) == 0);
        else
            CHECK (wait_until ([&] { return zmq_bind (a, name.c_str ()) == 0; }));
    }
}

TEST_CASE ("several pending connects are all attached by the bind")
{
    Context ctx;
    const std::string name = inproc_name ();
    std::vector<Socket> pushers;
    for (int i = 0; i < 10; ++i) {
        pushers.emplace_back (ctx, ZMQ_PUSH);
        pushers.back ().connect (name);
        send (pushers.back (), std::to_string (i));
    }
    Socket pull (ctx, ZMQ_PULL);
    pull.bind (name);
    std::vector<int> seen (10);
    for (int i = 0; i < 10; ++i)
        ++seen[static_cast<size_t> (std::stoi (recv (pull)[0]))];
    CHECK (seen == std::vector<int> (10, 1));
}

TEST_CASE ("several connects of one socket are several pipes, one disconnect ends all")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL), push (ctx, ZMQ_PUSH);
    pull.set (ZMQ_RCVHWM, 1);
    push.set (ZMQ_SNDHWM, 1);
    const std::string name = pull.bind (inproc_name ());
    push.connect (name).connect (name).connect (name);
    CHECK (fill (push) == 6);
    CHECK (zmq_disconnect (push, name.c_str ()) == 0);
    CHECK_ERRNO (zmq_disconnect (push, name.c_str ()), ENOENT);
    CHECK (wait_until ([&] {
        events (pull);
        return !can_send (push);
    }));
}

TEST_CASE ("when the binder closes the connector loses its only peer for good")
{
    Context ctx;
    const std::string name = inproc_name ();
    Socket push (ctx, ZMQ_PUSH);
    {
        Socket pull (ctx, ZMQ_PULL);
        pull.bind (name);
        push.connect (name);
        send (push, "x");
        CHECK (recv (pull) == Msg{"x"});
    }
    CHECK (wait_until ([&] { return !can_send (push); }));
    Socket again (ctx, ZMQ_PULL);
    CHECK (wait_until ([&] { return zmq_bind (again, name.c_str ()) == 0; }));
    CHECK_ERRNO (try_send (push, "y"), EAGAIN);
    push.connect (name);
    send (push, "z");
    CHECK (recv (again) == Msg{"z"});
}

TEST_CASE ("messages sent before the connector closed can still be read")
{
    Context ctx;
    Socket pull (ctx, ZMQ_PULL);
    const std::string name = pull.bind (inproc_name ());
    {
        Socket push (ctx, ZMQ_PUSH);
        push.set (ZMQ_LINGER, -1);
        push.connect (name);
        for (int i = 0; i < 10; ++i)
            send (push, std::to_string (i));
    }
    for (int i = 0; i < 10; ++i)
        CHECK (recv (pull) == Msg{std::to_string (i)});
}

TEST_CASE ("types are not checked")
{
    Context ctx;
    Socket pub (ctx, ZMQ_PUB), pull (ctx, ZMQ_PULL);
    pub.connect (pull.bind (inproc_name ()));
    send (pub, "nobody subscribed");
    CHECK (silent (pull));
}

TEST_CASE ("inproc raises no monitor events")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    Monitor monitor (ctx, a);
    b.connect (a.bind (inproc_name ()));
    send (b, "x");
    CHECK (recv (a) == Msg{"x"});
    b.close ();
    CHECK (monitor.rest ().empty ());
}

TEST_CASE ("routing ids are exchanged over inproc, whoever binds")
{
    Context ctx;
    for (const bool router_binds : {true, false}) {
        Socket router (ctx, ZMQ_ROUTER), dealer (ctx, ZMQ_DEALER);
        dealer.set (ZMQ_ROUTING_ID, "dd");
        const std::string name = inproc_name ();
        (router_binds ? router : dealer).bind (name);
        (router_binds ? dealer : router).connect (name);
        send (dealer, "x");
        CHECK (recv (router) == Msg{"dd", "x"});
        send (router, Msg{"dd", "y"});
        CHECK (recv (dealer) == Msg{"y"});
    }
}

TEST_CASE ("a message of 200 parts and a large one pass unchanged")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    Msg many;
    for (int i = 0; i < 200; ++i)
        many.push_back (std::string (static_cast<size_t> (i), 'p'));
    send (b, many);
    CHECK (recv (a) == many);
    const std::string large (16 << 20, 'L');
    send (b, large);
    CHECK (recv (a) == Msg{large});
}

TEST_CASE ("two threads exchange over a pair")
{
    Context ctx;
    Socket a (ctx, ZMQ_PAIR), b (ctx, ZMQ_PAIR);
    b.connect (a.bind (inproc_name ()));
    constexpr int rounds = 5000;
    Background echo ([&] {
        for (int i = 0; i < rounds; ++i)
            send (b, recv (b));
    });
    for (int i = 0; i < rounds; ++i) {
        send (a, std::to_string (i));
        if (recv (a) != Msg{std::to_string (i)})
            FAIL ("round " << i);
    }
}

TEST_CASE ("a stream between two threads goes on, whoever waits for the other")
{
    Context ctx;
    Socket push (ctx, ZMQ_PUSH), pull (ctx, ZMQ_PULL);
    push.connect (pull.bind (inproc_name ()));
    constexpr int messages = 200'000;
    const std::string body (64, 'b');
    Background sender ([&] {
        for (int i = 0; i < messages; ++i)
            send (push, body);
    });
    for (int i = 0; i < messages; ++i)
        if (recv (pull) != Msg{body})
            FAIL ("message " << i);
}
