// Two connected sockets, and what the functions of zmq_ext.h take and give, in a form that is easily compared.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>
#include <zmq_ext.h>

#include "base/clock.hpp"

namespace ext {

using namespace engine;

using Bodies = std::vector<std::string>;

constexpr int patience = 10000;  // ms
inline const std::string endpoints[] = {"inproc://ext", "tcp://127.0.0.1:*"};

inline void set (void *socket, int option, int value) { REQUIRE (zmq_setsockopt (socket, option, &value, sizeof value) == 0); }

inline int get (void *socket, int option)
{
    int value = -1;
    std::size_t size = sizeof value;
    REQUIRE (zmq_getsockopt (socket, option, &value, &size) == 0);
    return value;
}

inline std::string last_endpoint (void *socket)
{
    char name[256];
    std::size_t size = sizeof name;
    REQUIRE (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, name, &size) == 0);
    return name;
}

inline zmq_ext_stats_t stats_of (void *socket)
{
    zmq_ext_stats_t stats;
    REQUIRE (zmq_ext_socket_stats (socket, &stats, sizeof stats) == 0);
    return stats;
}

// What a call returned, and errno if that was -1.
struct Result
{
    int value;
    int error;
    bool operator== (const Result &) const = default;
};

inline Result outcome (int value) { return {value, value < 0 ? errno : 0}; }

inline Result failed (int error) { return {-1, error}; }

// Two sockets of a context, `from` connected to `to`.
class Couple
{
  public:
    explicit Couple (const std::string &endpoint, int from_type = ZMQ_PUSH, int to_type = ZMQ_PULL, int hwm = 1000)
        : context (zmq_ctx_new ())
    {
        from = open (from_type, hwm);
        to = open (to_type, hwm);
        REQUIRE (zmq_bind (to, endpoint.c_str ()) == 0);
        REQUIRE (zmq_connect (from, last_endpoint (to).c_str ()) == 0);
    }
    ~Couple ()
    {
        zmq_close (from);
        zmq_close (to);
        zmq_ctx_term (context);
    }
    Couple (const Couple &) = delete;
    Couple &operator= (const Couple &) = delete;

    // Until so many messages lie in the receiver's queues; false when patience is over.
    bool arrived (std::uint64_t messages) const
    {
        for (const Nanoseconds deadline = deadline_in (patience); now () < deadline; ::poll (nullptr, 0, 1)) {
            get (to, ZMQ_EVENTS);  // does input
            if (stats_of (to).queued_in >= messages)
                return true;
        }
        return false;
    }
    void send (const Bodies &parts) const
    {
        for (std::size_t i = 0; i < parts.size (); ++i)
            REQUIRE (zmq_send (from, parts[i].data (), parts[i].size (), i + 1 < parts.size () ? ZMQ_SNDMORE : 0) >= 0);
    }
    // The next part; "+" behind it if more follow.
    std::string receive () const
    {
        zmq_msg_t part;
        zmq_msg_init (&part);
        REQUIRE (zmq_msg_recv (&part, to, 0) >= 0);
        std::string text (static_cast<const char *> (zmq_msg_data (&part)), zmq_msg_size (&part));
        if (zmq_msg_more (&part))
            text += '+';
        zmq_msg_close (&part);
        return text;
    }

    void *context;
    void *from;
    void *to;

  private:
    void *open (int type, int hwm)
    {
        void *const socket = zmq_socket (context, type);
        REQUIRE (socket);
        set (socket, ZMQ_LINGER, 0);
        set (socket, ZMQ_RCVTIMEO, patience);
        set (socket, ZMQ_SNDTIMEO, patience);
        set (socket, ZMQ_SNDHWM, hwm);
        set (socket, ZMQ_RCVHWM, hwm);
        return socket;
    }
};

inline std::vector<zmq_ext_bytes_t> list (const Bodies &bodies)
{
    std::vector<zmq_ext_bytes_t> out;
    for (const std::string &body : bodies)
        out.push_back ({body.data (), body.size ()});
    return out;
}

// Messages for the engine to fill or send; closed at the end.
class Messages
{
  public:
    explicit Messages (std::size_t count) : list_ (count)
    {
        for (zmq_msg_t &message : list_)
            zmq_msg_init (&message);
    }
    explicit Messages (const Bodies &bodies) : list_ (bodies.size ())
    {
        for (std::size_t i = 0; i < bodies.size (); ++i) {
            REQUIRE (zmq_msg_init_size (&list_[i], bodies[i].size ()) == 0);
            std::memcpy (zmq_msg_data (&list_[i]), bodies[i].data (), bodies[i].size ());
        }
    }
    ~Messages ()
    {
        for (zmq_msg_t &message : list_)
            zmq_msg_close (&message);
    }
    Messages (const Messages &) = delete;
    Messages &operator= (const Messages &) = delete;

    zmq_msg_t *data () { return list_.data (); }
    zmq_msg_t &operator[] (std::size_t index) { return list_[index]; }

  private:
    std::vector<zmq_msg_t> list_;
};

inline std::string text (zmq_msg_t &message)
{
    return std::string (static_cast<const char *> (zmq_msg_data (&message)), zmq_msg_size (&message)) +
           (zmq_msg_more (&message) ? "+" : "");
}

inline std::string property (zmq_msg_t &message, const char *name)
{
    const char *const value = zmq_msg_gets (&message, name);
    return value ? value : "(none)";
}

// What zmq_ext_recv_messages gave, as text, and what it did with the array.
struct Taken
{
    Result result{};
    Bodies parts;
    bool grown = false;
    std::string socket_type;  // the first frame's property
};

inline Taken take (void *socket, std::size_t room, std::size_t messages, int flags = 0)
{
    // The frames need not be initialised, and none but those given is touched.
    std::vector<zmq_msg_t> own (room + 1);
    std::memset (static_cast<void *> (own.data ()), 0x5a, own.size () * sizeof (zmq_msg_t));
    const zmq_msg_t guard = own[room];
    zmq_msg_t *frames = own.data ();
    Taken taken;
    taken.result = outcome (zmq_ext_recv_messages (socket, &frames, room, messages, flags));
    taken.grown = frames != own.data ();
    for (int i = 0; i < taken.result.value; ++i) {
        taken.parts.push_back (text (frames[i]));
        if (i == 0)
            taken.socket_type = property (frames[i], "Socket-Type");
        zmq_msg_close (&frames[i]);
    }
    if (taken.grown)
        std::free (frames);
    CHECK (std::memcmp (&own[room], &guard, sizeof guard) == 0);
    return taken;
}

// A place for parts, which notes what it was asked.
struct Place
{
    static void *give (std::size_t size, void *hint)
    {
        Place &self = *static_cast<Place *> (hint);
        self.asked.push_back (size);
        if (!self.gives)
            return nullptr;
        self.bytes.assign (size + 1, '!');
        return self.bytes.data ();
    }
    bool gives = true;
    std::vector<std::size_t> asked;
    std::string bytes;  // one more than was asked for, which must remain '!'
};

}  // namespace ext
