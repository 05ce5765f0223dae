// A security mechanism as a state machine without I/O: handshake commands in and out, then, if it encrypts, a
// transformation of every frame. One file a mechanism; table.cpp lists them. RFC 37 section "mechanisms".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "zmtp/handshake.hpp"

namespace engine {

class Msg;

class Mechanism
{
  public:
    enum class Status
    {
        handshaking,
        ready,
        failed
    };
    virtual ~Mechanism () = default;

    // Next command to send (its body, without frame header) appended to `body`; false: nothing to send now.
    virtual bool next_command (std::vector<std::uint8_t> &body) = 0;
    // A command body from the peer. On failure status() is failed and failure() says why.
    virtual void process_command (std::span<const std::uint8_t> body) = 0;

    virtual Status status () const noexcept = 0;
    virtual const Handshake::Failure &failure () const noexcept = 0;
    // Properties the peer sent, in order of arrival, valid once ready.
    virtual const std::vector<std::pair<std::string, std::string>> &peer_properties () const noexcept = 0;

    // ---- traffic; called only when transforms() ----
    virtual bool transforms () const noexcept { return false; }
    // Replaces a frame by what goes over the wire / by what the peer meant. 0, ENOMEM, or a ZMQ_PROTOCOL_ERROR_* code. An error ends the
    // connection: a connecting side tries again, but not when it was the peer's frame that was refused.
    virtual int encode (Msg &) { return 0; }
    virtual int decode (Msg &) { return 0; }
};

struct MechanismRow
{
    int number;        // ZMQ_NULL ...
    const char *name;  // as in the greeting
    std::unique_ptr<Mechanism> (*make) (const HandshakeConfig &config);
};

std::span<const MechanismRow> mechanism_table () noexcept;
const MechanismRow *find_mechanism (int number) noexcept;

}  // namespace engine
