// A program over cppzmq's headers, zmq.hpp and zmq_addon.hpp: contexts, sockets and typed options, messages in all their forms, multipart,
// the poller and the active poller, a monitor, a proxy with control, timers. Prints the version of libzmq that it runs on.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <zmq.hpp>
#include <zmq_addon.hpp>

namespace {

using namespace std::chrono_literals;

void check (bool right, const char *what)
{
    if (!right) {
        std::cerr << what << std::endl;
        std::exit (1);
    }
}

zmq::socket_t open_socket (zmq::context_t &context, zmq::socket_type type)
{
    zmq::socket_t socket (context, type);
    socket.set (zmq::sockopt::linger, 0);
    socket.set (zmq::sockopt::rcvtimeo, 20000);
    socket.set (zmq::sockopt::sndtimeo, 20000);
    return socket;
}

void connect (zmq::socket_t &bound, zmq::socket_t &connected)
{
    bound.bind ("tcp://127.0.0.1:*");
    connected.connect (bound.get (zmq::sockopt::last_endpoint));
}

void messages (zmq::context_t &context)
{
    auto push = open_socket (context, zmq::socket_type::push), pull = open_socket (context, zmq::socket_type::pull);
    connect (pull, push);

    const std::string text = "text";
    check (push.send (zmq::buffer (text), zmq::send_flags::sndmore).value () == 4, "send a buffer");
    // Freed by whatever thread is last to need it.
    static std::vector<char> body (100000, 'x');
    static std::atomic<int> freed{0};
    zmq::message_t large (
      body.data (), body.size (), [] (void *, void *hint) { ++*static_cast<std::atomic<int> *> (hint); }, &freed);
    check (push.send (std::move (large), zmq::send_flags::none).value () == body.size (), "send a message");
    zmq::message_t first, second;
    check (pull.recv (first).has_value () && first.more () && first.to_string () == text, "the first part");
    check (pull.recv (second).has_value () && !second.more () && second.size () == body.size (), "the second part");
    check (first != second && zmq::message_t ("text", 4) == first, "messages compare");
    check (std::string (second.gets ("Socket-Type")) == "PUSH", "the peer's type");
    zmq::message_t shared;
    shared.copy (second);
    check (shared == second, "a copy");

    zmq::multipart_t parts;
    parts.addstr ("address");
    parts.addtyp<int> (42);
    parts.send (push);
    zmq::multipart_t received (pull);
    check (received.size () == 2 && received.popstr () == "address" && received.poptyp<int> () == 42, "a multipart_t");

    zmq::send_multipart (push, std::vector<zmq::const_buffer>{zmq::str_buffer ("one"), zmq::str_buffer ("two")});
    std::vector<zmq::message_t> several;
    check (zmq::recv_multipart (pull, std::back_inserter (several)).value () == 2 && several[1].to_string_view () == "two", "recv_multipart");
    check (!pull.recv (first, zmq::recv_flags::dontwait).has_value (), "EAGAIN is no value");
    try {
        push.recv (first, zmq::recv_flags::none);
        check (false, "PUSH receives");
    } catch (const zmq::error_t &error) {
        check (error.num () == ENOTSUP && *error.what (), "the error");
    }
    check (push.get (zmq::sockopt::type) == ZMQ_PUSH && push.get (zmq::sockopt::sndhwm) == 1000, "options");
}

void polling (zmq::context_t &context)
{
    auto router = open_socket (context, zmq::socket_type::router), dealer = open_socket (context, zmq::socket_type::dealer);
    dealer.set (zmq::sockopt::routing_id, "me");
    connect (router, dealer);

    zmq::poller_t<> poller;
    poller.add (router, zmq::event_flags::pollin);
    std::vector<zmq::poller_event<>> events (2);
    check (poller.wait_all (events, 1ms) == 0, "nothing to poll");
    dealer.send (zmq::str_buffer ("hello"), zmq::send_flags::none);
    check (poller.wait_all (events, 20s) == 1 && events[0].socket == router, "the poller");

    zmq::active_poller_t active;
    bool called = false;
    active.add (router, zmq::event_flags::pollin, [&called] (zmq::event_flags flags) { called = flags == zmq::event_flags::pollin; });
    check (active.wait (20s) == 1 && called, "the active poller");

    std::vector<zmq::pollitem_t> items{{router.handle (), 0, ZMQ_POLLIN | ZMQ_POLLOUT, 0}};
    check (zmq::poll (items, 20s) == 1 && (items[0].revents & ZMQ_POLLIN), "zmq::poll");
    std::vector<zmq::message_t> parts;
    check (zmq::recv_multipart (router, std::back_inserter (parts)).value () == 2 && parts[0].to_string () == "me", "the routing id");
}

class Events : public zmq::monitor_t
{
  public:
    int listening = 0, accepted = 0;

    void on_event_listening (const zmq_event_t &, const char *) override { ++listening; }
    void on_event_accepted (const zmq_event_t &, const char *) override { ++accepted; }
};

void monitor (zmq::context_t &context)
{
    auto rep = open_socket (context, zmq::socket_type::rep), req = open_socket (context, zmq::socket_type::req);
    Events events;
    events.init (rep, "inproc://events", ZMQ_EVENT_ALL);
    connect (rep, req);
    while (!events.accepted)
        check (events.check_event (20000), "no event");
    check (events.listening == 1, "listening");
}

void proxy (zmq::context_t &context)
{
    auto front = open_socket (context, zmq::socket_type::router), back = open_socket (context, zmq::socket_type::dealer);
    auto control = open_socket (context, zmq::socket_type::pair), steering = open_socket (context, zmq::socket_type::pair);
    auto req = open_socket (context, zmq::socket_type::req), rep = open_socket (context, zmq::socket_type::rep);
    connect (front, req);
    connect (back, rep);
    control.bind ("inproc://control");
    steering.connect ("inproc://control");
    std::thread thread ([&] { zmq::proxy_steerable (front, back, zmq::socket_ref (), control); });
    for (int i = 0; i < 100; ++i) {
        req.send (zmq::buffer (std::to_string (i)), zmq::send_flags::none);
        zmq::message_t question, answer;
        check (rep.recv (question).has_value (), "no question");
        rep.send (question, zmq::send_flags::none);
        check (req.recv (answer).has_value () && answer.to_string () == std::to_string (i), "the answer");
    }
    steering.send (zmq::str_buffer ("TERMINATE"), zmq::send_flags::none);
    thread.join ();
}

void ending ()
{
    zmq::context_t context (1);
    zmq::socket_t pull (context, zmq::socket_type::pull);
    std::thread thread ([&pull] {
        zmq::message_t message;
        try {
            (void) pull.recv (message);
            check (false, "a message from nowhere");
        } catch (const zmq::error_t &error) {
            check (error.num () == ETERM, "another end than ETERM");
        }
        pull.close ();
    });
    context.shutdown ();
    thread.join ();
    context.close ();
}

} // namespace

int main ()
{
    zmq::context_t context;
    messages (context);
    polling (context);
    monitor (context);
    proxy (context);
    ending ();
    const auto [major, minor, patch] = zmq::version ();
    std::cout << major << '.' << minor << '.' << patch << std::endl;
}
