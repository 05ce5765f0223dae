// end.hpp - a socket as one thread of a round uses it: whole messages, and the ways of waiting.
// Owns: sending and receiving with each Waiting, connections made before, after or while others are at work.
// Leaves to others: which messages (cases/), what they say (message.hpp).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <zmq.h>

#include "message.hpp"
#include "plan.hpp"
#include "round.hpp"

namespace stress {

class End
{
  public:
    // Side a or b says whose waiting the plan means, and which context.
    enum class Side : int
    {
        a,
        b
    };
    End (Round &round, Side side, int type);
    ~End ();
    // Another thread's use of the same socket, which our engine allows.
    End (End &shared, Side side);
    End (const End &) = delete;
    End &operator= (const End &) = delete;

    void *socket () const noexcept { return _socket; }
    End &set (int option, int value);
    End &set (int option, const std::string &value);
    // Frames before the message's own parts in what is received: 1 for the routing id that ROUTER puts there, say.
    End &envelope (std::size_t frames);

    // Throws; gives what can be connected to.
    std::string bind (const std::string &endpoint);
    void connect (const std::string &endpoint);
    // Binds this one and connects the others to it, in the order the plan says.
    void link (const std::vector<End *> &connecting);
    // First of all in the thread that uses the end: makes the connections that were left to it.
    void begin (Actor &actor);
    void connect_deferred ();

    // False: the context was shut down. The first part waits, the others may not have to.
    bool send (const Message &message);
    bool receive (Message &message);
    // (XPUB's) next subscription. False: shut down.
    bool receive_subscription ();
    // DONTWAIT: false, there is nothing, or no room.
    bool try_send (const Message &message);
    bool try_receive (Message &message);
    // The same within so many ms, and with the others of the library's ways to wait so long. False: not in time. Throws ShutDown.
    bool receive_within (Message &message, int milliseconds);
    bool send_within (const Message &message, int milliseconds);
    bool wait_within (short events, int milliseconds);
    // Until one of `events` is there; the ways that wait inside sending and receiving poll instead. False: shut down.
    bool wait (Waiting waiting, short events);
    Waiting reading () const noexcept { return _reading; }
    Waiting writing () const noexcept { return _writing; }

    // In the thread that used it; with messages still to be written.
    void close ();

  private:
    enum class Result
    {
        done,
        nothing,
        shut_down
    };
    Result send_now (const Message &message, int flags);
    Result send_frame (const void *data, std::size_t size, int flags);
    Result lend_frame (const void *data, std::size_t size, int flags);
    Result receive_now (Message &message, int flags);
    Result receive_frame (zmq_msg_t &frame, int flags);
    bool wait_poller (short events);
    bool wait_descriptor (short events);
    [[noreturn]] void fail (const char *call) const;

    Round &_round;
    Actor *_actor = nullptr;
    void *_socket = nullptr;
    bool _owned = true;
    void *_context;
    void *_quiet = nullptr;   // for Waiting::poll_two
    void *_poller = nullptr;  // for Waiting::poller
    short _polled = 0;
    Waiting _reading;
    Waiting _writing;
    std::size_t _envelope = 0;
    std::vector<std::string> _deferred;
    std::vector<char> _buffer;
    bool _lends = false;
    std::shared_ptr<std::mutex> _guard = std::make_shared<std::mutex> ();  // of bodies that are lent
};

}  // namespace stress
