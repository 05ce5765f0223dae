// harness.cpp - see harness.hpp.
#include "harness.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace conf {

void fail (const std::string &what)
{
    const int error = zmq_errno ();
    throw Failure (what + ": " + zmq_strerror (error) + " (" + std::to_string (error) + ")");
}

int ok (int rc, const char *what)
{
    if (rc == -1)
        fail (what);
    return rc;
}

void sleep_ms (int ms) { std::this_thread::sleep_for (std::chrono::milliseconds (ms)); }

bool wait_until (const std::function<bool ()> &condition, int ms)
{
    const Timer timer;
    while (!condition ()) {
        if (timer.ms () > ms)
            return false;
        sleep_ms (1);
    }
    return true;
}

Context::~Context () { term (); }

int Context::term ()
{
    if (!_handle)
        return 0;
    int rc;
    do
        rc = zmq_ctx_term (_handle);
    while (rc == -1 && zmq_errno () == EINTR);
    _handle = nullptr;
    return rc;
}

Socket::Socket (void *context, int type) : _handle (zmq_socket (context, type))
{
    if (!_handle)
        fail ("zmq_socket");
    set (ZMQ_LINGER, 0);
    set (ZMQ_RCVTIMEO, patience);
    set (ZMQ_SNDTIMEO, patience);
}

Socket::~Socket () { close (); }

int Socket::close ()
{
    if (!_handle)
        return 0;
    const int rc = zmq_close (_handle);
    _handle = nullptr;
    return rc;
}

Socket &Socket::set (int option, int value)
{
    ok (zmq_setsockopt (_handle, option, &value, sizeof value), "zmq_setsockopt int");
    return *this;
}

Socket &Socket::set (int option, int64_t value)
{
    ok (zmq_setsockopt (_handle, option, &value, sizeof value), "zmq_setsockopt int64");
    return *this;
}

Socket &Socket::set (int option, std::string_view value)
{
    ok (zmq_setsockopt (_handle, option, value.data (), value.size ()), "zmq_setsockopt bytes");
    return *this;
}

int Socket::get (int option) const
{
    int value = 0;
    size_t size = sizeof value;
    ok (zmq_getsockopt (_handle, option, &value, &size), "zmq_getsockopt int");
    return value;
}

std::string Socket::bytes (int option) const
{
    std::string value (1024, '\0');
    size_t size = value.size ();
    ok (zmq_getsockopt (_handle, option, value.data (), &size), "zmq_getsockopt bytes");
    value.resize (size);
    return value;
}

std::string Socket::text (int option) const { return std::string (bytes (option).c_str ()); }

std::string Socket::bind (const std::string &endpoint)
{
    if (zmq_bind (_handle, endpoint.c_str ()) == -1)
        fail ("zmq_bind " + endpoint);
    return text (ZMQ_LAST_ENDPOINT);
}

Socket &Socket::connect (const std::string &endpoint)
{
    if (zmq_connect (_handle, endpoint.c_str ()) == -1)
        fail ("zmq_connect " + endpoint);
    return *this;
}

int send_frame (void *socket, std::string_view frame, int flags) { return zmq_send (socket, frame.data (), frame.size (), flags); }

void send (void *socket, const Msg &frames, int flags)
{
    for (size_t i = 0; i < frames.size (); ++i) {
        const int more = i + 1 < frames.size () ? ZMQ_SNDMORE : 0;
        const int rc = send_frame (socket, frames[i], flags | more);
        if (rc == -1)
            fail ("zmq_send of frame " + std::to_string (i));
        if (static_cast<size_t> (rc) != frames[i].size ())
            throw Failure ("zmq_send returned another size");
    }
}

std::string recv_frame (void *socket, int flags)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    const int rc = zmq_msg_recv (&message, socket, flags);
    if (rc == -1) {
        const int error = zmq_errno ();
        zmq_msg_close (&message);
        errno = error;
        fail ("zmq_msg_recv");
    }
    std::string frame (static_cast<const char *> (zmq_msg_data (&message)), zmq_msg_size (&message));
    zmq_msg_close (&message);
    return frame;
}

static bool more (void *socket)
{
    int value = 0;
    size_t size = sizeof value;
    ok (zmq_getsockopt (socket, ZMQ_RCVMORE, &value, &size), "RCVMORE");
    return value != 0;
}

Msg recv (void *socket)
{
    Msg frames;
    do
        frames.push_back (recv_frame (socket));
    while (more (socket));
    return frames;
}

bool wait_for (void *socket, short wanted, int ms)
{
    zmq_pollitem_t item = {socket, 0, wanted, 0};
    const Timer timer;
    while (true) {
        const double left = ms - timer.ms ();
        const int rc = zmq_poll (&item, 1, left > 0 ? static_cast<long> (left) + 1 : 0);
        if (rc == -1 && zmq_errno () != EINTR)
            fail ("zmq_poll");
        if (rc > 0)
            return true;
        if (left <= 0)
            return false;
    }
}

bool silent (void *socket, int ms) { return !wait_for (socket, ZMQ_POLLIN, ms); }

int drain (void *socket, int ms)
{
    int count = 0;
    while (wait_for (socket, ZMQ_POLLIN, ms)) {
        recv (socket);
        ++count;
    }
    return count;
}

int fill (void *socket, int limit, std::string_view body)
{
    int count = 0;
    while (count < limit && try_send (socket, body) != -1)
        ++count;
    return count;
}

int events (void *socket)
{
    int value = 0;
    size_t size = sizeof value;
    int rc;
    do
        rc = zmq_getsockopt (socket, ZMQ_EVENTS, &value, &size);
    while (rc == -1 && zmq_errno () == EINTR);
    ok (rc, "EVENTS");
    return value;
}

void settle (std::initializer_list<void *> sockets)
{
    for (int round = 0; round < 2; ++round)
        for (void *socket : sockets)
            events (socket);
}

bool wait_serving (std::initializer_list<void *> idle, const std::function<bool ()> &condition)
{
    return wait_until ([&] {
        if (oracle ())
            settle (idle);
        return condition ();
    });
}

void publish_until_received (void *publisher, void *subscriber, const std::string &topic)
{
    const bool arrived = wait_until ([&] {
        send (publisher, topic);
        return wait_for (subscriber, ZMQ_POLLIN, 2);
    });
    if (!arrived)
        throw Failure ("subscription to " + topic + " never took effect");
    drain (subscriber);
}

Background::Background (std::function<void ()> body)
    : _thread ([this, work = std::move (body)] {
          work ();
          _done = true;
      })
{}

bool Background::wait (int ms)
{
    return wait_until ([this] { return done (); }, ms);
}

Background::~Background ()
{
    if (!wait (4 * patience)) {
        std::fprintf (stderr, "a background thread never returned\n");
        std::fflush (nullptr);
        std::_Exit (3);
    }
    _thread.join ();
}

TempDir::TempDir ()
{
    char pattern[] = "/tmp/zmqconfXXXXXX";
    if (!mkdtemp (pattern))
        fail ("mkdtemp");
    _path = pattern;
}

TempDir::~TempDir ()
{
    std::error_code ignored;
    std::filesystem::remove_all (_path, ignored);
}

std::string unique_name (const std::string &stem)
{
    static std::atomic<unsigned> counter{0};
    return stem + "-" + std::to_string (getpid ()) + "-" + std::to_string (counter++);
}

int port_of (const std::string &endpoint) { return std::stoi (endpoint.substr (endpoint.rfind (':') + 1)); }

std::string unused_endpoint ()
{
    // Bound, not listening, and never closed: connects are refused, the system gives the port to no other program that asks
    // for any, and with SO_REUSEADDR on both sides the engine under test can still bind it by number.
    const int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (fd == -1 || ::bind (fd, reinterpret_cast<sockaddr *> (&address), size) == -1 ||
        getsockname (fd, reinterpret_cast<sockaddr *> (&address), &size) == -1)
        fail ("unused_endpoint");
    return "tcp://127.0.0.1:" + std::to_string (ntohs (address.sin_port));
}

}  // namespace conf

namespace doctest {
String StringMaker<conf::Msg>::convert (const conf::Msg &frames)
{
    std::string text = "[";
    for (const std::string &frame : frames) {
        text += text.size () > 1 ? " | " : "";
        for (const unsigned char c : frame.substr (0, 64)) {
            char escaped[8];
            std::snprintf (escaped, sizeof escaped, c >= 32 && c < 127 ? "%c" : "\\x%02x", c);
            text += escaped;
        }
        if (frame.size () > 64)
            text += "... " + std::to_string (frame.size ()) + " bytes";
    }
    return (text + "]").c_str ();
}
}  // namespace doctest
