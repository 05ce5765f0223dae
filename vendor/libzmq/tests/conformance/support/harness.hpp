// harness.hpp - contexts, sockets and bounded waiting for the test programs.
// Owns: RAII handles, send/recv of whole messages as text, waiting for a condition, background threads, temporary names.
// Leaves to others: raw wire peers (wire.hpp), monitors (monitor.hpp), engine differences (engine.hpp).
// Nothing here waits without a bound: a wait that runs out throws Failure, which doctest reports with its text.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <zmq.h>

#include "engine.hpp"

namespace conf {

using namespace std::string_literals;
using Clock = std::chrono::steady_clock;
using Msg = std::vector<std::string>;  // the frames of one message

inline constexpr int patience = 5000;  // ms: longer than anything that works ever takes
inline constexpr int quiet = 40;       // ms: how long "nothing comes" is watched

struct Failure : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

// Throws Failure with `what` and the text of errno.
[[noreturn]] void fail (const std::string &what);
// Throws unless rc != -1; gives rc back.
int ok (int rc, const char *what = "call");

// Milliseconds since it was made.
class Timer
{
  public:
    double ms () const { return std::chrono::duration<double, std::milli> (Clock::now () - _start).count (); }
    // At least `limit` ms have passed. Debian's engine counts on a millisecond clock: up to one less passes there.
    bool reached (double limit) const { return ms () >= limit - (oracle () ? 1.5 : 0); }

  private:
    Clock::time_point _start = Clock::now ();
};

// True as soon as `condition` holds, false when `ms` have passed without.
bool wait_until (const std::function<bool ()> &condition, int ms = patience);
void sleep_ms (int ms);

// A context; terminated at the end of the scope, which its sockets must have left before.
class Context
{
  public:
    Context () : _handle (zmq_ctx_new ()) {}
    ~Context ();
    Context (const Context &) = delete;
    Context &operator= (const Context &) = delete;
    operator void * () const { return _handle; }
    void set (int option, int value) { ok (zmq_ctx_set (_handle, option, value), "zmq_ctx_set"); }
    int get (int option) const { return zmq_ctx_get (_handle, option); }
    // Terminates now; the destructor then does nothing.
    int term ();

  private:
    void *_handle;
};

// A socket with LINGER 0 and time-outs of `patience`, so that no test hangs; closed at the end of the scope.
class Socket
{
  public:
    Socket (void *context, int type);
    ~Socket ();
    Socket (Socket &&other) noexcept : _handle (other._handle) { other._handle = nullptr; }
    Socket &operator= (Socket &&) = delete;
    Socket (const Socket &) = delete;
    operator void * () const { return _handle; }

    Socket &set (int option, int value);
    Socket &set (int option, int64_t value);
    Socket &set (int option, std::string_view value);
    int try_set (int option, int value) { return zmq_setsockopt (_handle, option, &value, sizeof value); }
    int try_set (int option, std::string_view value) { return zmq_setsockopt (_handle, option, value.data (), value.size ()); }
    int get (int option) const;
    std::string text (int option) const;  // without the terminating NUL
    std::string bytes (int option) const;

    // Binds and gives LAST_ENDPOINT; by default an ephemeral loopback port.
    std::string bind (const std::string &endpoint = "tcp://127.0.0.1:*");
    Socket &connect (const std::string &endpoint);
    Socket &subscribe (std::string_view topic = "") { return set (ZMQ_SUBSCRIBE, topic); }
    Socket &unsubscribe (std::string_view topic) { return set (ZMQ_UNSUBSCRIBE, topic); }
    int close ();

  private:
    void *_handle;
};

// Sends all frames; throws if one is refused.
void send (void *socket, const Msg &frames, int flags = 0);
inline void send (void *socket, const char *frame) { send (socket, Msg{frame}); }
inline void send (void *socket, const std::string &frame) { send (socket, Msg{frame}); }
// One frame; the return value of zmq_send.
int send_frame (void *socket, std::string_view frame, int flags = 0);
inline int try_send (void *socket, std::string_view frame, int flags = 0) { return send_frame (socket, frame, flags | ZMQ_DONTWAIT); }
// Next whole message, waiting up to `patience` (the socket's RCVTIMEO); throws when none comes.
Msg recv (void *socket);
// Next frame whatever its MORE flag.
std::string recv_frame (void *socket, int flags = 0);
// True when nothing can be received for `ms`.
bool silent (void *socket, int ms = quiet);
// Number of whole messages that can be read until `ms` pass without a further one.
int drain (void *socket, int ms = quiet);
// How many single-frame messages DONTWAIT sends accept before EAGAIN, at most `limit`.
int fill (void *socket, int limit = 100000, std::string_view body = "x");

// Current ZMQ_EVENTS; reading it makes the socket process what is pending.
int events (void *socket);
inline bool can_recv (void *socket) { return (events (socket) & ZMQ_POLLIN) != 0; }
inline bool can_send (void *socket) { return (events (socket) & ZMQ_POLLOUT) != 0; }
// Waits with zmq_poll until any of `wanted` is reported.
bool wait_for (void *socket, short wanted, int ms = patience);
// Processes pending commands of both sides, so that inproc connections and subscriptions are in effect.
void settle (std::initializer_list<void *> sockets);
// Waits for `condition` while the owners of `idle` make calls now and then. Debian's engine needs that: it does nothing for a
// socket that nobody calls, not even pass subscriptions to a new peer. Ours serves it in the background, so there nothing is called.
bool wait_serving (std::initializer_list<void *> idle, const std::function<bool ()> &condition);
// Publishes `topic` from `publisher` until `subscriber`, already subscribed to it, has received one; drops the extra copies.
void publish_until_received (void *publisher, void *subscriber, const std::string &topic);

// Runs `body` in a thread; the destructor waits for its end and ends the program if it never comes.
class Background
{
  public:
    explicit Background (std::function<void ()> body);
    ~Background ();
    Background (const Background &) = delete;
    Background &operator= (const Background &) = delete;
    bool done () const { return _done; }
    bool wait (int ms = patience);

  private:
    std::atomic<bool> _done{false};
    std::thread _thread;
};

// A directory that exists for the scope, and a name no other test uses.
class TempDir
{
  public:
    TempDir ();
    ~TempDir ();
    TempDir (const TempDir &) = delete;
    TempDir &operator= (const TempDir &) = delete;
    std::string path (const std::string &name = "s") const { return _path + "/" + name; }
    std::string ipc (const std::string &name = "s") const { return "ipc://" + path (name); }

  private:
    std::string _path;
};
std::string unique_name (const std::string &stem = "t");
inline std::string inproc_name () { return "inproc://" + unique_name (); }

// The port of `tcp://...:port`.
int port_of (const std::string &endpoint);
// A loopback endpoint that nobody listens on, and that nobody but this program will: the port stays reserved till its end.
std::string unused_endpoint ();

}  // namespace conf

// CHECKs that `call` returns -1 with this errno.
#define CHECK_ERRNO(call, expected)                                                                                                        \
    do {                                                                                                                                   \
        errno = 0;                                                                                                                         \
        CHECK ((call) == -1);                                                                                                              \
        CHECK (zmq_errno () == (expected));                                                                                                \
    } while (0)

// CHECKs that `call` returns NULL with this errno.
#define CHECK_NULL_ERRNO(call, expected)                                                                                                   \
    do {                                                                                                                                   \
        errno = 0;                                                                                                                         \
        CHECK ((call) == nullptr);                                                                                                         \
        CHECK (zmq_errno () == (expected));                                                                                                \
    } while (0)

namespace doctest {
template <>
struct StringMaker<conf::Msg>
{
    static String convert (const conf::Msg &frames);
};
}  // namespace doctest
