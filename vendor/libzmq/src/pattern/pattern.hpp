// What makes a socket type: routing, fairness, mute behaviour, envelopes, its own options. One file a pattern; table.cpp lists them.
//
// All calls are made with the socket's strand held. A pattern never blocks, never does I/O and takes no other lock; EAGAIN is how
// it says "would block". Errors are errno values, 0 is success. Calls that may have to allocate (attach, identified, read_activated,
// recv, send, set_option) may throw std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "message/msg.hpp"
#include "pattern/pipe.hpp"

namespace engine {

// Why a message is dropped.
enum class Drop : std::uint8_t
{
    full,        // its peer has no room
    unroutable,  // no such peer
    lost,        // its peer has gone
    memory
};

// What a pattern may ask of the socket it serves.
class PatternHost
{
  public:
    virtual ~PatternHost () = default;
    virtual void count_dropped (Drop cause) noexcept = 0;
    virtual std::uint32_t random () noexcept = 0;
    virtual const char *own_routing_id (std::size_t &size) const noexcept = 0;  // ZMQ_ROUTING_ID option
};

// Judges the frames that one connection brings, before they reach the pipe (REQ, DISH). No I/O.
class FrameCheck
{
  public:
    virtual ~FrameCheck () = default;
    virtual bool accept (const Msg &frame) noexcept = 0;  // false: protocol error, drop the connection
};

class Pattern
{
  public:
    explicit Pattern (PatternHost &host) : host_ (host) {}
    virtual ~Pattern () = default;

    // ---- pipes ----
    // A pipe may be used from now on. For accepted and inproc pipes peer_routing_id is known; for connecting ones identified() follows
    // after the first handshake. The pattern may refuse a pipe by pipe.terminate() (PAIR).
    virtual void attach (Pipe &pipe) = 0;
    virtual void identified (Pipe &) {}
    // The pipe is gone when this returns: forget it. During the call the rest of a message whose first frame was read can still be
    // read, whatever ended the pipe. Also after an attach() that threw.
    virtual void detach (Pipe &pipe) noexcept = 0;
    virtual void read_activated (Pipe &pipe) = 0;
    virtual void write_activated (Pipe &pipe) = 0;
    // A connecting pipe that survives has a new connection, and its outbound queue was emptied (SUB and XSUB resend).
    virtual void hiccuped (Pipe &) {}
    // Asked when a connecting pipe that survives has a new connection: may it go on with this peer, or is it another one, for which a new
    // pipe is to be made (ROUTER: it announces another routing id)? What was received through the old one can still be read.
    virtual bool is_same_peer (const Pipe &, std::string_view) const noexcept { return true; }
    // True: each further connection of such a pipe begins with an empty message (PROBE_ROUTER; attach() sees to the first).
    virtual bool probes () const noexcept { return false; }
    // True: after a reconnect the outbound queue is emptied and hiccuped() called (SUB, XSUB, DISH); false: it is kept.
    virtual bool resends_on_reconnect () const noexcept { return false; }
    // The last peer that had room has refused for good, and only the application can bring another: types that would block from now on take
    // one more message, and drop it. False: another may come after all.
    virtual void lose_next (bool) noexcept {}

    // ---- messages: one frame a call; on 0 send has consumed `frame`, recv has filled it. An error of recv other than EAGAIN between
    // the frames of a message ends that message ----
    virtual int send (Msg &frame) = 0;
    virtual int recv (Msg &frame) = 0;
    virtual bool has_in () = 0;
    virtual bool has_out () = 0;

    // ---- options of this type only; EINVAL if unknown here ----
    virtual int set_option (int option, const void *value, std::size_t size);
    virtual int get_option (int option, void *value, std::size_t *size);
    // Asked before a connect takes effect (ROUTER: CONNECT_ROUTING_ID already in use -> EINVAL).
    virtual int check_connect () { return 0; }
    // True once this socket speaks no ZMTP to its peers (STREAM; ROUTER after ZMQ_ROUTER_RAW): asked at bind and connect.
    virtual bool raw () const noexcept { return false; }
    // zmq_socket_get_peer_state: ZMQ_POLLOUT or 0 in `events`; EHOSTUNREACH; ENOTSUP.
    virtual int peer_state (const void *id, std::size_t size, int &events);
    // Publishers: how many peers would get a message that begins with the topic; of an empty one: have subscribed to anything. -1:
    // no publisher.
    virtual int subscribers (std::string_view) const { return -1; }
    // The id that the application knows a peer by, if it knows it by one (ROUTER); else empty.
    virtual std::string_view id_of (const Pipe &) const noexcept { return {}; }
    // Types that know groups (DISH): zmq_join, zmq_leave; `group` may be null. ENOTSUP elsewhere.
    virtual int join (const char *group);
    virtual int leave (const char *group);
    // Types that number their peers (SERVER, PEER): zmq_disconnect_peer. ENOTSUP elsewhere, EHOSTUNREACH.
    virtual int disconnect_peer (std::uint32_t number);
    // SocketType::connects_to_number: the number of the peer that was connected to last.
    virtual std::uint32_t connected_peer () const noexcept { return 0; }

  protected:
    PatternHost &host_;
};

}  // namespace engine
