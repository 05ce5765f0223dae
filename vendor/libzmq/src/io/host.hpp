// The half of a socket that streams, connectors, listeners, datagram endpoints and the reactor know: what they work on, and what they tell
// it. The other half (patterns, inproc, endpoints' names, monitors) is core's.
//
// What is asked for each message is data here, not a function: of all that runs for a message only leave() is virtual. Every function wants
// the strand held, and none blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <zmq_ext.h>

#include "base/intrusive_list.hpp"
#include "io/attendance.hpp"
#include "io/batching.hpp"
#include "io/endpoint_list.hpp"
#include "io/network_pipe.hpp"
#include "options/options.hpp"
#include "pattern/socket_type.hpp"
#include "strand/guard.hpp"
#include "transport/byte_stream.hpp"

namespace engine {

class Connector;
class DatagramEndpoint;
class Endpoint;
class LingerTimer;
class Listener;
class Reactor;
class Resolver;
class Strand;
class Stream;
class ZapAsker;
class ZapInquiry;

class StreamHost : public Guarded
{
  public:
    // `background`: nobody but the reactor reads (Attendance).
    StreamHost (Strand &strand, const SocketType &type, Options &&options, bool background);
    ~StreamHost () override;
    StreamHost (const StreamHost &) = delete;
    StreamHost &operator= (const StreamHost &) = delete;

    // ---- facts ----
    Strand &strand () const noexcept { return strand_; }
    Reactor &reactor () const noexcept { return *reactor_; }  // set once there is a stream endpoint
    const SocketType &type () const noexcept { return type_; }
    Attendance &attendance () noexcept { return attendance_; }
    Batching &batching () noexcept { return batching_; }
    bool closing () const noexcept { return closing_; }
    bool connects () const noexcept { return !connectors_.empty (); }
    Options options;
    // As zmq_ext_stats_t has it, but of parts those that others follow, and of what was dropped the causes alone: see fill_stats.
    zmq_ext_stats_t stats{};
    bool tells_ends = false;                 // a monitor has wanted to hear both ends of connections
    int flush_waiters = 0;                   // threads that want to hear when nothing is left to be sent
    std::uint64_t inbound_messages = 0;      // complete ones, in all network pipes
    virtual bool raw () const noexcept = 0;  // no ZMTP is spoken
    virtual std::uint32_t random () noexcept = 0;
    virtual Resolver &resolver () = 0;  // may throw

    // ---- what happened in this call, for its end ----
    void note_activity () noexcept { activity_ = true; }
    void note_room () noexcept { activity_ = room_ = true; }
    // Looks whether the pipe is done for.
    void request_reap (NetworkPipe &pipe) noexcept
    {
        pipes_to_reap_.add (pipe);
        something_to_reap_ = true;
    }

    // ---- input ----
    // Reads what is there, and writes where the kernel has room again; a burst goes on.
    void take_input () noexcept
    {
        if (attendance_.count () > 0)
            attendance_.poll_input ();
        if (something_to_reap_)
            reap ();
    }
    void check_lease () noexcept { attendance_.check_lease (); }

    // ---- connections ----
    void start_stream (ByteStream bytes, std::shared_ptr<const Options> snapshot, Connector *connector, Listener *listener) noexcept;
    // Its handshake succeeded. False: there is no use for it, or no memory.
    virtual bool stream_ready (Stream &stream) noexcept = 0;
    virtual void stream_lost (Stream &stream, bool protocol, bool in_handshake, bool reached_greeting) noexcept = 0;
    virtual void stream_finished (Stream &stream) noexcept = 0;
    virtual void connector_abandoned (Connector &connector) noexcept = 0;
    virtual void endpoint_ended (Connector &connector) noexcept = 0;
    Connector *find_connector (std::uint64_t id) noexcept;
    EndpointList<Stream> &streams () noexcept { return streams_; }
    const std::vector<std::unique_ptr<NetworkPipe>> &pipes () const noexcept { return pipes_; }
    virtual std::unique_ptr<ZapInquiry> zap_inquiry (ZapAsker &asker) = 0;

    // What the application knows the peer by, or what it has announced.
    virtual std::string_view id_of (const NetworkPipe &pipe) const noexcept = 0;
    // The pattern knows a pipe no more, if it did.
    virtual void detach (NetworkPipe &pipe) noexcept = 0;
    // Its connection has gone for good; what came is still read.
    void end_pipe (NetworkPipe &pipe) noexcept;
    // Its stream, or its datagram endpoint, has ended; what that brought stays readable.
    void lose_carrier (NetworkPipe &pipe) noexcept;
    // They have ended: freed at the end of the call.
    void retire (Stream &stream) noexcept;
    void retire (Connector &connector) noexcept;
    void retire (Listener &listener) noexcept;
    void retire (DatagramEndpoint &datagrams) noexcept;

    // ---- monitor events ----
    virtual void emit (int event, std::uint64_t value, const Endpoint &endpoint) noexcept = 0;

    // ---- called by the timer ----
    void linger_expired () noexcept;

  protected:
    // Ends the pipes that are done for, and frees what ended during the call.
    virtual void reap () noexcept = 0;
    void free_retired () noexcept;
    // Each disconnected endpoint and each ended connection has its own deadline.
    void arm_linger () noexcept;
    // The socket was closed.
    void end_endpoints (int linger) noexcept;

    Strand &strand_;
    const SocketType &type_;
    Reactor *reactor_ = nullptr;
    bool activity_ = false;
    bool room_ = false;  // a pipe that was full has room, or there is a new one
    bool closing_ = false;
    bool something_to_reap_ = false;  // a pipe to look at, or an endpoint that was retired
    Attendance attendance_;
    Batching batching_;

    std::vector<std::unique_ptr<NetworkPipe>> pipes_;
    EndpointList<Stream> streams_;
    EndpointList<Connector> connectors_;
    EndpointList<Listener> listeners_;
    EndpointList<DatagramEndpoint> datagrams_;
    List<NetworkPipe> pipes_to_reap_;
    std::unique_ptr<LingerTimer> linger_timer_;  // there is one as soon as there is a reactor
};

using HostGuard = Guard<StreamHost>;

}  // namespace engine
