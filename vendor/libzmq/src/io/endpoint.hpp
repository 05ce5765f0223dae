// What a socket owns on a transport: a listener (bind), a connector (connect), a stream (one connection that is up); a datagram endpoint
// would be another. One life for all of them:
//
//   made by its host, which owns it
//   -> works, watched by the reactor
//   -> end (linger): ends at once, or stays until what is queued for it was delivered, until linger_deadline at most
//   -> retired: nothing calls it any more
//   -> freed at the end of the call, when nobody is inside it
//
// All functions want the strand held; none blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "io/hook.hpp"

namespace engine {

class StreamHost;
struct Options;

// What an event says of a peer. Views are valid as long as the strand is held.
struct PeerFacts
{
    std::string_view routing_id, mechanism, user_id;
    int reason = 0;  // of its end: errno
};

class Endpoint : public HookTarget
{
  public:
    Endpoint (StreamHost &socket, std::shared_ptr<const Options> options);
    ~Endpoint () override;
    Endpoint (const Endpoint &) = delete;
    Endpoint &operator= (const Endpoint &) = delete;

    // The socket's, as they were when it was made.
    const Options &options () const noexcept { return *options_; }

    // Disconnected, unbound, or its socket closed: `linger` milliseconds for what is queued, -1 without a limit, 0 none. May be called
    // again, with less. Retires it, now or when it is done.
    virtual void end (int linger) noexcept = 0;
    // What is queued is lost when this time has come; never: not so.
    Nanoseconds linger_deadline () const noexcept { return linger_deadline_; }

    // As bound, or as given to connect: what ZMQ_LAST_ENDPOINT and monitor events say, and unbind and disconnect take.
    virtual const std::string &endpoint () const noexcept = 0;
    // For monitor events: that name for the end that is bound, or that is connected to; the other is an address, or empty.
    virtual std::string local_endpoint () const = 0;
    virtual std::string remote_endpoint () const = 0;

    virtual PeerFacts peer () const noexcept { return {}; }

    std::size_t place = 0;  // EndpointList's

  protected:
    // Counts it (zmq_ext_stats_t) and tells the socket's monitor.
    void happened (int event, std::int64_t value) noexcept;
    // An end that lingers has so much time from now on, if it had not less.
    void limit_lingering (int linger) noexcept;

    // As WatchHandle and TimerHandle have them, for this endpoint.
    [[nodiscard]] int start_watching (int fd, std::uint32_t events) noexcept;
    [[nodiscard]] bool prepare_timer () noexcept;
    bool arm_timer (Nanoseconds deadline) noexcept;

    StreamHost &socket_;
    std::shared_ptr<const Options> options_;
    WatchHandle watch_;
    TimerHandle timer_;

  private:
    Nanoseconds linger_deadline_ = never;
};

}  // namespace engine
