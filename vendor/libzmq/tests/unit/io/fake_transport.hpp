// A transport that does what a script says, and the monitor's account of what the engine made of it. For tests of connectors and listeners.
//
// The script is used with the strand of the (only) socket held, by the test or by the reactor; what the resolver's thread touches is
// atomic.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>
#include <zmq.h>

#include "core/held_socket.hpp"
#include "io/wired_stream.hpp"
#include "transport/socks_layer.hpp"
#include "transport/transport.hpp"

namespace held {

class Script
{
  public:
    Script () { current_ = this; }
    ~Script () { current_ = nullptr; }
    Script (const Script &) = delete;
    Script &operator= (const Script &) = delete;
    static Script &current () { return *current_; }

    // ---- connecting ----
    struct Dial
    {
        int result;         // 0, EINPROGRESS or another errno
        bool ready = true;  // EINPROGRESS: the descriptor is writable; else once its far end was read
    };
    struct Attempt
    {
        Nanoseconds time;
        std::string target;  // "fake://address#1" is the first that the address stands for
    };
    std::deque<Dial> dials;    // in turn; then every one is refused
    std::deque<int> finishes;  // likewise; then every one succeeds
    std::atomic<int> targets{1};
    std::atomic<int> resolve_error{0};
    std::atomic<bool> at_once{true};    // resolving does not block
    std::atomic<bool> answering{true};  // if it does, it waits for this
    std::atomic<int> resolutions{0};
    std::string socks_host;                    // not empty: by way of a proxy
    std::function<int (ByteStream &)> layers;  // puts them on every connection
    std::vector<Attempt> dialled;
    std::vector<FarEnd> far;  // of the descriptors that were given out
    int last_fd = -1;

    // ---- listening ----
    std::deque<int> accepts;            // 0 or errno, in turn; then EAGAIN
    std::vector<Nanoseconds> accepted;  // when accept was called
    bool unlistened = false;

    int open (bool ready = true)
    {
        Link link = make_link ();
        if (!ready) {
            const std::string fill (65536, 'f');
            while (::send (link.near, fill.data (), fill.size (), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
            }
        }
        far.push_back (std::move (link.far));
        return last_fd = link.near;
    }
    // The next of a list, `otherwise` when it has run out.
    template <class Value>
    static Value next (std::deque<Value> &list, Value otherwise)
    {
        if (list.empty ())
            return otherwise;
        const Value value = list.front ();
        list.pop_front ();
        return value;
    }

  private:
    static inline Script *current_ = nullptr;
};

// An address of the fake is its text.
inline void put_text (SocketAddress &address, const std::string &text)
{
    REQUIRE (text.size () <= sizeof address.storage);
    std::memcpy (&address.storage, text.data (), text.size ());
    address.size = static_cast<socklen_t> (text.size ());
}
inline std::string text_of (const SocketAddress &address) { return {reinterpret_cast<const char *> (&address.storage), address.size}; }

inline const Transport &fake_transport ()
{
    static const Transport row = {
      "fake",
      [] (const std::string &, const Options &) { return 0; },
      [] (const std::string &, const Options &) { return Script::current ().at_once.load (); },
      [] (const std::string &address, const Options &, std::vector<DialTarget> &out) {
          Script &script = Script::current ();
          for (const Nanoseconds deadline = now () + patience; !script.answering && now () < deadline;)
              ::usleep (200);
          ++script.resolutions;
          for (int i = 1; i <= script.targets; ++i) {
              out.emplace_back ();
              put_text (out.back ().address, "fake://" + address + "#" + std::to_string (i));
              out.back ().socks_host = script.socks_host;
              out.back ().socks_port = script.socks_host.empty () ? 0 : 80;
          }
          return script.resolve_error.load ();
      },
      [] (const std::string &, const Options &, Listening &) { return ENOTSUP; },
      [] (Listening &listening) noexcept {
          Script::current ().unlistened = true;
          ::close (listening.fd);
          listening.fd = -1;
      },
      [] (const DialTarget &target, const Options &, int &fd) {
          Script &script = Script::current ();
          script.dialled.push_back ({now (), text_of (target.address)});
          const Script::Dial dial = Script::next (script.dials, {ECONNREFUSED});
          fd = dial.result == 0 || dial.result == EINPROGRESS ? script.open (dial.ready) : -1;
          return dial.result;
      },
      [] (int, const Options &) noexcept { return Script::next (Script::current ().finishes, 0); },
      [] (int, const Options &, int &fd) noexcept {
          Script &script = Script::current ();
          script.accepted.push_back (now ());
          const int result = Script::next (script.accepts, EAGAIN);
          fd = result == 0 ? script.open () : -1;
          return result;
      },
      [] (const std::string &address, const Options &) { return "fake://" + address; },
      [] (int) { return std::string ("fake://near"); },
      [] (int) { return std::string ("fake://far"); },
      [] (int) { return std::string ("far"); },
      [] (ByteStream &bytes, const DialTarget &target, const Options &options) noexcept {
          if (const int error = put_socks_on (bytes, target, options))
              return error;
          return Script::current ().layers ? Script::current ().layers (bytes) : 0;
      },
      [] (ByteStream &bytes, const Options &) noexcept { return Script::current ().layers ? Script::current ().layers (bytes) : 0; },
    };
    return row;
}

struct Event
{
    std::string name;
    std::uint32_t value;
    std::string endpoint;
};

// A monitor on a held socket, read by a socket of its own.
class EventLog
{
  public:
    explicit EventLog (HeldSocket &socket)
    {
        REQUIRE (socket.socket ().start_monitor ("inproc://events", ZMQ_EVENT_ALL, 1, ZMQ_PAIR) == 0);
        reader_ = zmq_socket (socket.context (), ZMQ_PAIR);
        REQUIRE (reader_);
        REQUIRE (zmq_connect (reader_, "inproc://events") == 0);
    }
    ~EventLog () { zmq_close (reader_); }
    EventLog (const EventLog &) = delete;
    EventLog &operator= (const EventLog &) = delete;

    // Those since the last look.
    std::vector<Event> take ()
    {
        std::vector<Event> events;
        char head[6], endpoint[256];
        while (zmq_recv (reader_, head, sizeof head, ZMQ_DONTWAIT) == sizeof head) {
            std::uint16_t number;
            Event event;
            std::memcpy (&number, head, sizeof number);
            std::memcpy (&event.value, head + sizeof number, sizeof event.value);
            event.name = name (number);
            const int size = zmq_recv (reader_, endpoint, sizeof endpoint, 0);
            REQUIRE (size >= 0);
            event.endpoint.assign (endpoint, static_cast<std::size_t> (size));
            events.push_back (event);
        }
        return events;
    }
    // Likewise, "name endpoint name endpoint ...".
    std::string text () { return text_of (take ()); }
    static std::string text_of (const std::vector<Event> &events)
    {
        std::string text;
        for (const Event &event : events)
            text += (text.empty () ? "" : " ") + event.name + " " + event.endpoint;
        return text;
    }

  private:
    static std::string name (int number)
    {
        const std::pair<int, const char *> names[] = {
          {ZMQ_EVENT_CONNECTED, "CONNECTED"}, {ZMQ_EVENT_CONNECT_DELAYED, "DELAYED"},   {ZMQ_EVENT_CONNECT_RETRIED, "RETRIED"},
          {ZMQ_EVENT_LISTENING, "LISTENING"}, {ZMQ_EVENT_ACCEPTED, "ACCEPTED"},         {ZMQ_EVENT_ACCEPT_FAILED, "ACCEPT_FAILED"},
          {ZMQ_EVENT_CLOSED, "CLOSED"},       {ZMQ_EVENT_DISCONNECTED, "DISCONNECTED"}, {ZMQ_EVENT_HANDSHAKE_SUCCEEDED, "SUCCEEDED"}};
        for (const auto &[known, name] : names)
            if (known == number)
                return name;
        return std::to_string (number);
    }
    void *reader_;
};

}  // namespace held
