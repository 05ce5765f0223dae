// end.cpp - see end.hpp.
#include "end.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include <poll.h>
#include <sched.h>

#include "library.hpp"

namespace stress {

namespace {

constexpr int long_time = 1000000;  // ms, for Waiting::timed: far beyond what the watch allows

// This thread's blocking calls end so soon (zmq_ext_wait_deadline), where the library can do that.
class Deadline
{
  public:
    explicit Deadline (int milliseconds) noexcept
    {
        if (milliseconds < 0 || !function ())
            return;
        const auto time = std::chrono::steady_clock::now ().time_since_epoch ();
        function () (std::chrono::duration_cast<std::chrono::milliseconds> (time).count () + milliseconds);
        current = true;
    }
    ~Deadline ()
    {
        if (current)
            function () (-1);
        current = false;
    }
    Deadline (const Deadline &) = delete;
    Deadline &operator= (const Deadline &) = delete;
    static bool set () noexcept { return current; }

  private:
    using Function = int (*) (std::int64_t);
    static Function function () noexcept
    {
        static const auto found = reinterpret_cast<Function> (conf::find_symbol ("zmq_ext_wait_deadline"));
        return found;
    }
    static thread_local bool current;
};

thread_local bool Deadline::current = false;

bool waits_inside (Waiting waiting) noexcept { return waiting == Waiting::block || waiting == Waiting::timed; }

}  // namespace

End::End (Round &round, Side side, int type)
    : _round (round), _context (round.context (static_cast<int> (side))),
      _reading (side == Side::a ? round.plan ().a_read : round.plan ().b_read),
      _writing (side == Side::a ? round.plan ().a_write : round.plan ().b_write)
{
    _socket = zmq_socket (_context, type);
    if (!_socket)
        fail ("zmq_socket");
    // Where a send may drop a body, an id or a message for nobody, its free function may run inside the call, which holds the lock then.
    _lends = round.plan ().lend && type != ZMQ_PUB && type != ZMQ_XPUB && type != ZMQ_ROUTER && type != ZMQ_REP;
    set (ZMQ_SNDHWM, round.plan ().hwm);
    set (ZMQ_RCVHWM, round.plan ().hwm);
    set (ZMQ_RECONNECT_IVL, 1);
    set (ZMQ_RECONNECT_IVL_MAX, 20);
    if (_reading == Waiting::timed)
        set (ZMQ_RCVTIMEO, long_time);
    if (_writing == Waiting::timed)
        set (ZMQ_SNDTIMEO, long_time);
}

End::End (End &shared, Side side)
    : _round (shared._round), _socket (shared._socket), _owned (false), _context (shared._context),
      _reading (side == Side::a ? _round.plan ().a_read : _round.plan ().b_read),
      _writing (side == Side::a ? _round.plan ().a_write : _round.plan ().b_write), _envelope (shared._envelope), _lends (shared._lends)
{
    // Of several threads only one sees an edge.
    for (Waiting *const waiting : {&_reading, &_writing})
        if (*waiting == Waiting::fd)
            *waiting = Waiting::poll;
}

End::~End () { close (); }

void End::close ()
{
    if (_poller)
        poller_functions ()->destroy (&_poller);
    if (_quiet)
        zmq_close (_quiet);
    _quiet = nullptr;
    if (_socket && _owned)
        zmq_close (_socket);
    if (_socket && _actor)
        Actor::count (_actor->sockets);
    _socket = nullptr;
}

void End::fail (const char *call) const
{
    const int error = zmq_errno ();
    if (error == ETERM)
        throw ShutDown ();
    throw Failure (std::string (call) + ": " + zmq_strerror (error));
}

End &End::set (int option, int value)
{
    if (zmq_setsockopt (_socket, option, &value, sizeof value) != 0)
        fail ("zmq_setsockopt");
    return *this;
}

End &End::set (int option, const std::string &value)
{
    if (zmq_setsockopt (_socket, option, value.data (), value.size ()) != 0)
        fail ("zmq_setsockopt");
    return *this;
}

End &End::envelope (std::size_t frames)
{
    _envelope = frames;
    return *this;
}

// ---- connections ----

std::string End::bind (const std::string &endpoint)
{
    if (zmq_bind (_socket, endpoint.c_str ()) != 0)
        fail ("zmq_bind");
    char bound[256];
    std::size_t size = sizeof bound;
    if (zmq_getsockopt (_socket, ZMQ_LAST_ENDPOINT, bound, &size) != 0)
        fail ("ZMQ_LAST_ENDPOINT");
    return bound;
}

void End::connect (const std::string &endpoint)
{
    if (zmq_connect (_socket, endpoint.c_str ()) != 0)
        fail ("zmq_connect");
}

void End::link (const std::vector<End *> &connecting)
{
    const Order order = _round.plan ().order;
    std::string endpoint = _round.new_endpoint ();
    if (order != Order::connect_first)
        endpoint = bind (endpoint);
    for (End *const end : connecting) {
        if (order == Order::connect_racing)
            end->_deferred.push_back (endpoint);
        else
            end->connect (endpoint);
    }
    if (order == Order::connect_first)
        bind (endpoint);
}

void End::begin (Actor &actor)
{
    _actor = &actor;
    connect_deferred ();
}

void End::connect_deferred ()
{
    for (const std::string &endpoint : _deferred)
        connect (endpoint);
    _deferred.clear ();
}

// ---- waiting ----

bool End::wait (Waiting waiting, short events)
{
    if (waiting == Waiting::poller)
        return wait_poller (events);
    if (waiting == Waiting::fd)
        return wait_descriptor (events);
    if (waiting == Waiting::busy) {
        _actor->doing = events & ZMQ_POLLIN ? "trying to read" : "trying to write";
        ::sched_yield ();
        return true;
    }
    if (waiting == Waiting::poll_two && !_quiet && !(_quiet = zmq_socket (_context, ZMQ_PULL)))
        fail ("zmq_socket");
    zmq_pollitem_t items[2] = {{_socket, 0, events, 0}, {_quiet, 0, ZMQ_POLLIN, 0}};
    for (;;) {
        _actor->doing = events & ZMQ_POLLIN ? "zmq_poll, to read" : "zmq_poll, to write";
        const int count = zmq_poll (items, waiting == Waiting::poll_two ? 2 : 1, -1);
        if (count > 0 && (items[0].revents & events))
            return true;
        if (count >= 0)
            throw Failure ("zmq_poll without time limit returned " + std::to_string (count) + " with nothing ready");
        if (zmq_errno () == ETERM)
            return false;
        if (zmq_errno () != EINTR)
            fail ("zmq_poll");
    }
}

bool End::wait_poller (short events)
{
    const PollerFunctions &functions = *poller_functions ();
    if (!_poller) {
        _poller = functions.make ();
        if (!_poller || functions.add (_poller, _socket, nullptr, events) != 0)
            fail ("zmq_poller_add");
    } else if (_polled != events && functions.modify (_poller, _socket, events) != 0)
        fail ("zmq_poller_modify");
    _polled = events;
    for (;;) {
        _actor->doing = events & ZMQ_POLLIN ? "zmq_poller_wait, to read" : "zmq_poller_wait, to write";
        PollerEvent event{};
        if (functions.wait (_poller, &event, -1) == 0) {
            if (event.socket != _socket || !(event.events & events))
                throw Failure ("zmq_poller_wait reported what was not asked for");
            return true;
        }
        if (zmq_errno () == ETERM)
            return false;
        if (zmq_errno () != EINTR)
            fail ("zmq_poller_wait");
    }
}

bool End::wait_descriptor (short events)
{
    int descriptor = -1;
    std::size_t size = sizeof descriptor;
    if (zmq_getsockopt (_socket, ZMQ_FD, &descriptor, &size) != 0) {
        if (zmq_errno () == ETERM)
            return false;
        fail ("ZMQ_FD");
    }
    for (;;) {
        int ready = 0;
        size = sizeof ready;
        if (zmq_getsockopt (_socket, ZMQ_EVENTS, &ready, &size) != 0) {
            if (zmq_errno () == ETERM)
                return false;
            fail ("ZMQ_EVENTS");
        }
        if (ready & events)
            return true;
        _actor->doing = events & ZMQ_POLLIN ? "poll(2) on ZMQ_FD, to read" : "poll(2) on ZMQ_FD, to write";
        pollfd entry{descriptor, POLLIN, 0};
        if (::poll (&entry, 1, -1) < 0 && errno != EINTR)
            fail ("poll");
    }
}

// ---- messages ----

namespace {

struct Loan
{
    Round &round;
    std::shared_ptr<std::mutex> guard;

    // zmq_free_fn
    static void give_back (void *data, void *hint)
    {
        const std::unique_ptr<Loan> loan (static_cast<Loan *> (hint));
        const std::lock_guard lock (*loan->guard);
        delete[] static_cast<char *> (data);
        --loan->round.lent;
    }
};

}  // namespace

// The sender holds the lock in every call that sends, and never while it waits: then the library may have to free another body first.
End::Result End::lend_frame (const void *data, std::size_t size, int flags)
{
    char *const body = new char[size + 1];
    if (size > 0)
        std::memcpy (body, data, size);
    zmq_msg_t message;
    ++_round.lent;
    if (zmq_msg_init_data (&message, body, size, Loan::give_back, new Loan{_round, _guard}) != 0)
        fail ("zmq_msg_init_data");
    Result result = Result::done;
    for (;;) {
        int rc = 0;
        {
            const std::lock_guard lock (*_guard);
            rc = zmq_msg_send (&message, _socket, flags | ZMQ_DONTWAIT);
        }
        if (rc >= 0)
            break;
        const int error = zmq_errno ();
        if (error == EINTR)
            continue;
        if (error != EAGAIN && error != ETERM)
            fail ("zmq_msg_send");
        if (error == EAGAIN && !(flags & ZMQ_DONTWAIT) && wait (Waiting::poll, ZMQ_POLLOUT))
            continue;
        result = error == EAGAIN && (flags & ZMQ_DONTWAIT) ? Result::nothing : Result::shut_down;
        break;
    }
    zmq_msg_close (&message);
    return result;
}

End::Result End::send_frame (const void *data, std::size_t size, int flags)
{
    if (_lends)
        return lend_frame (data, size, flags);
    while (zmq_send (_socket, data, size, flags) < 0) {
        switch (zmq_errno ()) {
        case EINTR:
            continue;
        case EAGAIN:
            return Result::nothing;
        case ETERM:
            return Result::shut_down;
        default:
            fail ("zmq_send");
        }
    }
    return Result::done;
}

End::Result End::send_now (const Message &message, int flags)
{
    bool begun = false;
    const auto next = [&] (const void *data, std::size_t size, bool more) {
        const Result result = send_frame (data, size, flags | (more ? ZMQ_SNDMORE : 0));
        if (result == Result::nothing && begun)
            throw Failure ("EAGAIN inside a message being sent");
        if (result == Result::nothing && !(flags & ZMQ_DONTWAIT) && !Deadline::set ())
            throw Failure ("a blocking zmq_send gave up");
        begun = true;
        return result;
    };
    for (const std::string &frame : message.envelope)
        if (const Result result = next (frame.data (), frame.size (), true); result != Result::done)
            return result;
    for (std::size_t part = 0; part < message.sizes.size (); ++part) {
        _buffer.resize (message.sizes[part]);
        write_part (message, part, _buffer.data ());
        if (const Result result = next (_buffer.data (), _buffer.size (), part + 1 < message.sizes.size ()); result != Result::done)
            return result;
    }
    if (message.kind != Kind::hello)
        Actor::count (_actor->sent);
    return Result::done;
}

bool End::send (const Message &message)
{
    if (waits_inside (_writing)) {
        _actor->doing = "zmq_send";
        const bool sent = send_now (message, 0) == Result::done;
        _actor->doing = "";
        return sent;
    }
    for (bool first = _round.plan ().try_first;; first = false) {
        if (!first && !wait (_writing, ZMQ_POLLOUT))
            return false;
        const Result result = send_now (message, ZMQ_DONTWAIT);
        if (result != Result::nothing) {
            _actor->doing = "";
            return result == Result::done;
        }
        if (!first && _writing != Waiting::busy)
            Actor::count (_actor->vain);
    }
}

bool End::try_send (const Message &message) { return send_now (message, ZMQ_DONTWAIT) == Result::done; }

End::Result End::receive_frame (zmq_msg_t &frame, int flags)
{
    while (zmq_msg_recv (&frame, _socket, flags) < 0) {
        switch (zmq_errno ()) {
        case EINTR:
            continue;
        case EAGAIN:
            return Result::nothing;
        case ETERM:
            return Result::shut_down;
        default:
            fail ("zmq_msg_recv");
        }
    }
    return Result::done;
}

End::Result End::receive_now (Message &message, int flags)
{
    message.envelope.clear ();
    message.sizes.clear ();
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    // (A Failure ends the program, so that the frame may stay behind then.)
    for (bool more = true, begun = false; more; begun = true) {
        const Result result = receive_frame (frame, flags);
        if (result == Result::nothing && begun)
            throw Failure ("half a message was delivered");
        if (result == Result::nothing && !(flags & ZMQ_DONTWAIT) && !Deadline::set ())
            throw Failure ("a blocking zmq_msg_recv gave up");
        if (result != Result::done) {
            zmq_msg_close (&frame);
            return result;
        }
        more = zmq_msg_more (&frame) != 0;
        if (message.envelope.size () < _envelope)
            message.envelope.emplace_back (static_cast<const char *> (zmq_msg_data (&frame)), zmq_msg_size (&frame));
        else
            read_part (message, zmq_msg_data (&frame), zmq_msg_size (&frame), more);
    }
    zmq_msg_close (&frame);
    if (message.sizes.empty ())
        throw Failure ("a message without parts was delivered");
    if (message.kind != Kind::hello)
        Actor::count (_actor->received);
    return Result::done;
}

bool End::receive (Message &message)
{
    if (waits_inside (_reading)) {
        _actor->doing = "zmq_msg_recv";
        const bool received = receive_now (message, 0) == Result::done;
        _actor->doing = "";
        return received;
    }
    for (bool first = _round.plan ().try_first;; first = false) {
        if (!first && !wait (_reading, ZMQ_POLLIN))
            return false;
        const Result result = receive_now (message, ZMQ_DONTWAIT);
        if (result != Result::nothing) {
            _actor->doing = "";
            return result == Result::done;
        }
        if (!first && _reading != Waiting::busy)
            Actor::count (_actor->vain);
    }
}

bool End::receive_subscription ()
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    _actor->doing = "zmq_msg_recv, a subscription";
    const Result result = receive_frame (frame, 0);
    const bool subscribes = zmq_msg_size (&frame) == 1 && *static_cast<const char *> (zmq_msg_data (&frame)) == 1;
    zmq_msg_close (&frame);
    if (result == Result::done && !subscribes)
        throw Failure ("this is no subscription to everything");
    return result == Result::done;
}

// ---- with a time limit ----

bool End::wait_within (short events, int milliseconds)
{
    zmq_pollitem_t item = {_socket, 0, events, 0};
    const int count = zmq_poll (&item, 1, milliseconds);
    if (count < 0 && zmq_errno () != EINTR)
        fail ("zmq_poll");
    return count > 0;
}

bool End::receive_within (Message &message, int milliseconds)
{
    const Deadline deadline (_actor->random.one_in (2) ? milliseconds : -1);
    if (!deadline.set ())
        return wait_within (ZMQ_POLLIN, milliseconds) && try_receive (message);
    const Result result = receive_now (message, 0);
    if (result == Result::shut_down)
        throw ShutDown ();
    return result == Result::done;
}

bool End::send_within (const Message &message, int milliseconds)
{
    const Deadline deadline (_actor->random.one_in (2) ? milliseconds : -1);
    if (!deadline.set ())
        return wait_within (ZMQ_POLLOUT, milliseconds) && try_send (message);
    const Result result = send_now (message, 0);
    if (result == Result::shut_down)
        throw ShutDown ();
    return result == Result::done;
}

bool End::try_receive (Message &message) { return receive_now (message, ZMQ_DONTWAIT) == Result::done; }

}  // namespace stress
