// See worker.hpp.
#include "worker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <unistd.h>

#include <zmq.h>

namespace soak {

namespace {

constexpr std::size_t most_sockets = 6;  // a thread
constexpr int types[] = {ZMQ_PAIR, ZMQ_PUB, ZMQ_SUB, ZMQ_REQ, ZMQ_REP, ZMQ_DEALER, ZMQ_ROUTER, ZMQ_PULL, ZMQ_PUSH, ZMQ_XPUB, ZMQ_XSUB};

void end_context (void *context) { zmq_ctx_term (context); }

}  // namespace

// ---- contexts and endpoints ----

std::shared_ptr<void> Ground::context (std::size_t slot)
{
    const std::lock_guard lock (mutex_);
    if (!slots_[slot])
        slots_[slot] = std::shared_ptr<void> (zmq_ctx_new (), end_context);
    return slots_[slot];
}

void Ground::replace (std::size_t slot, Tally &tally)
{
    std::shared_ptr<void> old;
    {
        const std::lock_guard lock (mutex_);
        old = std::exchange (slots_[slot], nullptr);
    }
    if (old) {
        zmq_ctx_shutdown (old.get ());
        ++tally.terms;
    }
}

void Ground::clear ()
{
    const std::lock_guard lock (mutex_);
    for (auto &slot : slots_)
        slot.reset ();
    endpoints_.clear ();
    endpoints_.shrink_to_fit ();
}

void Ground::publish (const std::string &endpoint)
{
    const std::lock_guard lock (mutex_);
    endpoints_.push_back (endpoint);
}

void Ground::withdraw (const std::string &endpoint)
{
    const std::lock_guard lock (mutex_);
    std::erase (endpoints_, endpoint);
}

std::string Ground::any_endpoint (std::minstd_rand &random)
{
    const std::lock_guard lock (mutex_);
    return endpoints_.empty () ? std::string () : endpoints_[random () % endpoints_.size ()];
}

// ---- a thread ----

Worker::Worker (Ground &ground, Tally &tally, std::uint32_t seed, int number, int contexts)
    : ground_ (ground), tally_ (tally), random_ (seed + static_cast<std::uint32_t> (number) * 7919U + 1U), number_ (number),
      contexts_ (static_cast<unsigned> (contexts))
{}

void Worker::run (const std::atomic<bool> &stop)
{
    while (!stop)
        step ();
    while (!sockets_.empty ())
        close (sockets_.size () - 1);
    sockets_.shrink_to_fit ();
}

void Worker::expect (int result, const char *call)
{
    if (result >= 0)
        return;
    switch (zmq_errno ()) {
    case ETERM:  // the context is being ended
    case EAGAIN:
    case EFSM:
    case ENOTSUP:       // that type does not
    case EHOSTUNREACH:  // there is no such peer
    case EADDRINUSE:
    case ENOENT:        // the connection is over already
    case ECONNREFUSED:  // inproc, which is not bound any more
    case EINVAL:        // of an endpoint that has gone
        return;
    default:
        std::fprintf (stderr, "soak: %s: %s\n", call, zmq_strerror (zmq_errno ()));
        std::_Exit (1);
    }
}

void Worker::step ()
{
    const unsigned draw = below (100);
    if (sockets_.empty () || (draw < 10 && sockets_.size () < most_sockets))
        return open ();
    const std::size_t at = below (static_cast<unsigned> (sockets_.size ()));
    if (draw < 18)
        close (at);
    else if (draw < 28)
        bind (sockets_[at]);
    else if (draw < 45)
        connect (sockets_[at]);
    else if (draw < 55)
        part (sockets_[at]);
    else if (draw < 56 && below (40) == 0)
        ground_.replace (below (contexts_), tally_);
    else
        talk (sockets_[at]);
}

void Worker::open ()
{
    Socket socket;
    socket.context = ground_.context (below (contexts_));
    socket.handle = zmq_socket (socket.context.get (), types[below (std::size (types))]);
    if (!socket.handle)
        return expect (-1, "zmq_socket");
    ++tally_.sockets;
    const int linger = below (3) == 0 ? 20 : 0;
    const int limit = 10, interval = 1 + static_cast<int> (below (20));
    zmq_setsockopt (socket.handle, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt (socket.handle, ZMQ_SNDHWM, &limit, sizeof limit);
    zmq_setsockopt (socket.handle, ZMQ_RCVHWM, &limit, sizeof limit);
    zmq_setsockopt (socket.handle, ZMQ_RECONNECT_IVL, &interval, sizeof interval);
    zmq_setsockopt (socket.handle, ZMQ_SUBSCRIBE, "", 0);
    sockets_.push_back (std::move (socket));
}

void Worker::close (std::size_t at)
{
    Socket socket = std::move (sockets_[at]);
    sockets_.erase (sockets_.begin () + static_cast<std::ptrdiff_t> (at));
    for (const std::string &endpoint : socket.bound)
        ground_.withdraw (endpoint);
    expect (zmq_close (socket.handle), "zmq_close");
    ++tally_.closes;
}

void Worker::bind (Socket &socket)
{
    if (socket.bound.size () > 2)
        return;
    const std::string name = std::to_string (number_) + "-" + std::to_string (names_++ % 1000);
    const unsigned draw = below (8);
    const std::string wanted = draw < 3   ? "tcp://127.0.0.1:*"
                               : draw < 5 ? "ipc://@soak-" + std::to_string (::getpid ()) + "-" + name
                               : draw < 6 ? "ws://127.0.0.1:*"
                                          : "inproc://" + name;
    if (zmq_bind (socket.handle, wanted.c_str ()) != 0)
        return expect (-1, "zmq_bind");
    ++tally_.binds;
    char endpoint[256];
    std::size_t size = sizeof endpoint;
    if (zmq_getsockopt (socket.handle, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
        return expect (-1, "zmq_getsockopt");
    socket.bound.emplace_back (endpoint);
    ground_.publish (endpoint);
}

void Worker::connect (Socket &socket)
{
    if (socket.connected.size () > 4)
        return;
    const std::string endpoint = ground_.any_endpoint (random_);
    if (endpoint.empty ())
        return;
    if (zmq_connect (socket.handle, endpoint.c_str ()) != 0)
        return expect (-1, "zmq_connect");
    ++tally_.connects;
    socket.connected.push_back (endpoint);
}

void Worker::part (Socket &socket)
{
    if (!socket.connected.empty () && below (2) == 0) {
        expect (zmq_disconnect (socket.handle, socket.connected.back ().c_str ()), "zmq_disconnect");
        socket.connected.pop_back ();
        ++tally_.disconnects;
    } else if (!socket.bound.empty ()) {
        ground_.withdraw (socket.bound.back ());
        expect (zmq_unbind (socket.handle, socket.bound.back ().c_str ()), "zmq_unbind");
        socket.bound.pop_back ();
        ++tally_.unbinds;
    }
}

// Some messages, one of two parts now and then; a little waiting, for others to get a turn.
void Worker::talk (Socket &socket)
{
    char body[4096] = {};
    for (int i = 0; i < 4; ++i) {
        const std::size_t size = below (8) ? below (100) : below (sizeof body);
        const int flags = ZMQ_DONTWAIT | (below (8) == 0 ? ZMQ_SNDMORE : 0);
        const int sent = zmq_send (socket.handle, body, size, flags);
        expect (sent, "zmq_send");
        if (sent >= 0 && (flags & ZMQ_SNDMORE))
            expect (zmq_send (socket.handle, "", 0, ZMQ_DONTWAIT), "zmq_send");
        tally_.sent += sent >= 0;
    }
    zmq_pollitem_t item{socket.handle, 0, ZMQ_POLLIN, 0};
    expect (zmq_poll (&item, 1, below (20) == 0 ? 1 : 0), "zmq_poll");
    for (int i = 0; i < 8; ++i) {
        const int received = zmq_recv (socket.handle, body, sizeof body, ZMQ_DONTWAIT);
        if (received < 0)
            return expect (-1, "zmq_recv");
        ++tally_.received;
    }
}

}  // namespace soak
