// A security mechanism as a state machine without I/O: handshake commands in and out, and a question to whoever decides who may come in.
// What it does to frames afterwards is its FrameCipher. One file a mechanism; table.cpp lists them. RFC 37 section "mechanisms".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mechanism/frame_cipher.hpp"
#include "mechanism/handshake_config.hpp"
#include "mechanism/properties.hpp"
#include "mechanism/zap.hpp"

namespace engine {

class Mechanism
{
  public:
    enum class Status
    {
        handshaking,
        waiting,  // for decide()
        ready,
        refused,  // the peer is not let in: failure() says why, next_command() may have a last word for it; then its end is waited for
        failed
    };
    virtual ~Mechanism () = default;

    // Next command to send (its body, without frame header) appended to `body`; false: nothing to send now.
    virtual bool next_command (std::vector<std::uint8_t> &body) = 0;
    // A command body from the peer. On failure status() is failed and failure() says why.
    virtual void process_command (std::span<const std::uint8_t> body) = 0;
    // While waiting: what to ask of ZAP's handler, and what came of it.
    virtual std::vector<std::string> zap_request () const = 0;
    virtual void decide (ZapVerdict verdict) = 0;
    // The peer's next command is refused unread if it is larger than this.
    virtual std::size_t command_limit () const noexcept = 0;

    virtual Status status () const noexcept = 0;
    virtual const HandshakeFailure &failure () const noexcept = 0;
    // Properties the peer sent, in order of arrival, valid once ready.
    virtual const Properties &peer_properties () const noexcept = 0;
    // What ZAP says about the peer, likewise; before what the peer says about itself.
    virtual const Properties &zap_properties () const noexcept = 0;

    // Once ready: what becomes of frames from now on; null: they stay as they are.
    virtual std::unique_ptr<FrameCipher> take_cipher () { return nullptr; }
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
