// security.cpp - see security.hpp.
#include "security.hpp"

#include <poll.h>
#include <sys/socket.h>

namespace conf {

Keys::Keys ()
{
    char open[41], secret[41];
    ok (zmq_curve_keypair (open, secret), "zmq_curve_keypair");
    public_key = open;
    secret_key = secret;
}

void plain_server (Socket &socket) { socket.set (ZMQ_PLAIN_SERVER, 1); }

void plain_client (Socket &socket, const std::string &name, const std::string &password)
{
    socket.set (ZMQ_PLAIN_USERNAME, name).set (ZMQ_PLAIN_PASSWORD, password);
}

void curve_server (Socket &socket, const Keys &keys) { socket.set (ZMQ_CURVE_SERVER, 1).set (ZMQ_CURVE_SECRETKEY, keys.secret_key); }

void curve_client (Socket &socket, const Keys &server, const Keys &own)
{
    socket.set (ZMQ_CURVE_SERVERKEY, server.public_key).set (ZMQ_CURVE_PUBLICKEY, own.public_key).set (ZMQ_CURVE_SECRETKEY, own.secret_key);
}

// ---- handler ----

ZapHandler::ZapHandler (Context &context, Answer answer) : _answer (std::move (answer)), _stop (context, ZMQ_PAIR)
{
    const std::string stop = inproc_name ();
    _stop.bind (stop);
    auto handler = std::make_shared<Socket> (context, ZMQ_ROUTER);
    handler->bind (zap_endpoint);
    auto stopped = std::make_shared<Socket> (context, ZMQ_PAIR);
    stopped->connect (stop);
    _thread = std::make_unique<Background> ([this, handler, stopped] () mutable {
        for (;;) {
            zmq_pollitem_t items[2] = {{*handler, 0, ZMQ_POLLIN, 0}, {*stopped, 0, ZMQ_POLLIN, 0}};
            if (zmq_poll (items, 2, -1) == -1 || (items[1].revents & ZMQ_POLLIN))
                break;
            if (!(items[0].revents & ZMQ_POLLIN))
                continue;
            Msg request = recv (*handler);
            const std::string who = request.front ();
            request.erase (request.begin (), request.begin () + 2);
            {
                const std::lock_guard<std::mutex> lock (_mutex);
                _requests.push_back (request);
            }
            Msg reply = _answer (request);
            if (reply.empty ())
                continue;
            reply.insert (reply.begin (), {who, ""});
            send (*handler, reply);
        }
        handler.reset ();
        stopped.reset ();
    });
}

ZapHandler::~ZapHandler ()
{
    send (_stop, "stop");
    _thread.reset ();
}

std::vector<Msg> ZapHandler::requests () const
{
    const std::lock_guard<std::mutex> lock (_mutex);
    return _requests;
}

Msg ZapHandler::reply (const Msg &request, const std::string &status, const std::string &user, const std::string &metadata)
{
    return {"1.0", request.at (1), status, "text", user, metadata};
}

ZapHandler::Answer ZapHandler::always (const std::string &status, const std::string &user, const std::string &metadata)
{
    return [=] (const Msg &request) { return reply (request, status, user, metadata); };
}

// ---- tap ----

Tap::Tap (const std::string &endpoint) : _target (endpoint)
{
    _thread = std::make_unique<Background> ([this] { run (); });
}

Tap::~Tap ()
{
    _stop = true;
    _thread.reset ();
}

std::string Tap::bytes () const
{
    const std::lock_guard<std::mutex> lock (_mutex);
    return _bytes;
}

void Tap::run ()
{
    while (!_stop && _listener.nobody (10))
        ;
    if (_stop)
        return;
    Peer near = _listener.accept ();
    Peer far = Peer::connect (_target);
    Peer *const ends[2] = {&near, &far};
    while (!_stop) {
        pollfd entries[2] = {{near.fd (), POLLIN, 0}, {far.fd (), POLLIN, 0}};
        if (::poll (entries, 2, 10) <= 0)
            continue;
        for (int from = 0; from < 2; ++from) {
            if (!entries[from].revents)
                continue;
            char buffer[65536];
            const ssize_t count = ::recv (ends[from]->fd (), buffer, sizeof buffer, 0);
            if (count <= 0)
                return;
            const std::string_view bytes (buffer, static_cast<size_t> (count));
            {
                const std::lock_guard<std::mutex> lock (_mutex);
                _bytes += bytes;
            }
            if (!ends[1 - from]->try_send (bytes))
                return;
        }
    }
}

std::string property_of_next (void *socket, const char *name)
{
    zmq_msg_t part;
    std::string value = "(none)";
    for (bool first = true;; first = false) {
        zmq_msg_init (&part);
        ok (zmq_msg_recv (&part, socket, 0), "zmq_msg_recv");
        if (first)
            if (const char *found = zmq_msg_gets (&part, name))
                value = found;
        const bool more = zmq_msg_more (&part);
        zmq_msg_close (&part);
        if (!more)
            return value;
    }
}

}  // namespace conf
