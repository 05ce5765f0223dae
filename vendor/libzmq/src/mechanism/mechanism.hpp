// A security mechanism as a state machine without I/O: handshake commands in and out, then, if it transforms, what each frame says
// in another form. One file a mechanism; table.cpp lists them. RFC 37 section "mechanisms".
//
// The framing is not the mechanism's: it is given what a frame says, command names included, and what it makes of it is the body of
// the frame on the wire.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mechanism/handshake_config.hpp"
#include "mechanism/properties.hpp"

namespace engine {

// What one frame says: `prefix` (a command's name, or what marks a subscription) and `body` behind it.
struct Payload
{
    bool more = false;
    bool command = false;
    std::string_view prefix;
    std::span<const std::uint8_t> body;

    std::size_t size () const noexcept { return prefix.size () + body.size (); }
};

// What a frame from the peer meant. The bytes lie within those that were opened.
struct Opened
{
    bool more = false;
    bool command = false;
    std::span<std::uint8_t> payload;
};

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
    virtual const HandshakeFailure &failure () const noexcept = 0;
    // Properties the peer sent, in order of arrival, valid once ready.
    virtual const Properties &peer_properties () const noexcept = 0;

    // ---- traffic; called only when transforms(). Both give 0, ENOMEM, or a ZMQ_PROTOCOL_ERROR_* code. An error ends the connection: a
    // connecting side tries again, but not when it was the peer's frame that was refused ----
    virtual bool transforms () const noexcept { return false; }
    // How many bytes the wire's form of a payload is longer than the payload.
    virtual std::size_t overhead () const noexcept { return 0; }
    // Writes the wire's form of a payload, overhead() + payload.size() bytes, to `out`, which lies apart from it.
    virtual int seal (const Payload &, std::uint8_t *) noexcept { return 0; }
    // Finds what the peer meant by the body of a frame, and may write over it.
    virtual int open (std::span<std::uint8_t>, Opened &) noexcept { return 0; }
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
