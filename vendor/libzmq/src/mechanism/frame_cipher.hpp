// What a mechanism does to every frame once traffic flows.
//
// The framing is not the cipher's: it is given what a frame says, command names included, and what it makes of it is the body of the
// frame on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

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

// Both functions give 0, ENOMEM, or a ZMQ_PROTOCOL_ERROR_* code. An error ends the connection: a connecting side tries again, but not
// when it was the peer's frame that was refused.
class FrameCipher
{
  public:
    virtual ~FrameCipher () = default;
    // How many bytes the wire's form of a payload is longer than the payload.
    virtual std::size_t overhead () const noexcept = 0;
    // Writes the wire's form of a payload, overhead() + payload.size() bytes, to `out`, which lies apart from it.
    virtual int seal (const Payload &payload, std::uint8_t *out) noexcept = 0;
    // Finds what the peer meant by the body of a frame, and may write over it.
    virtual int open (std::span<std::uint8_t> wire, Opened &out) noexcept = 0;
};

}  // namespace engine
