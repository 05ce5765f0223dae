// Heartbeats of one ZMTP 3.x connection (RFC 37) as a state machine without clock: the caller tells what happened and what time it is, and
// is told when to send PING and when the connection is dead. Times are milliseconds of any steady clock.
#pragma once

#include <cstdint>
#include <limits>

#include "message/msg.hpp"

namespace engine {

class Heartbeat
{
  public:
    struct Settings
    {
        int interval = 0;     // ms between PINGs, 0: we send none (ZMQ_HEARTBEAT_IVL)
        int timeout = -1;     // ms to wait for any byte after a PING, -1: as interval, 0: for ever (ZMQ_HEARTBEAT_TIMEOUT)
        int ttl = 0;          // ms after which the peer may give us up, told to it in deciseconds (ZMQ_HEARTBEAT_TTL)
        bool echoes = false;  // Framing::echoes_pings: there is no such time, and all of a PING is context
    };
    enum class Action
    {
        none,
        send_ping,  // send what make_ping() makes
        dead        // drop the connection; an active side reconnects
    };
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max ();

    explicit Heartbeat (Settings settings) noexcept : settings_ (settings) {}

    // The mechanism is ready.
    void start (std::int64_t now) noexcept
    {
        if (settings_.interval > 0)
            next_ping_ = now + settings_.interval;
    }
    // Bytes came, of whatever frame: a large one may be long on its way. May be told once for many.
    void peer_lives () noexcept { pong_deadline_ = peer_deadline_ = never; }
    // We wait for a sign of life after a PING of ours.
    bool awaits () const noexcept { return pong_deadline_ != never; }
    // A PING was decoded (besides peer_lives()): turns it into the PONG to be sent ahead of other messages. `ping` is as
    // the decoder gave it: kind ping, body = ttl and context. 0 or ENOMEM.
    int answer_ping (std::int64_t now, Msg &ping) noexcept;

    // What is due. To be asked again until `none`, and then when next_deadline() has come.
    Action poll (std::int64_t now) noexcept;
    std::int64_t next_deadline () const noexcept;

    // A PING frame to be encoded.
    void make_ping (Msg &out) const noexcept;

  private:
    Settings settings_;
    std::int64_t next_ping_ = never;
    std::int64_t pong_deadline_ = never;  // bytes must come until then because we sent a PING
    std::int64_t peer_deadline_ = never;  // bytes must come until then because the peer's PING promised it (its ttl)
};

}  // namespace engine
