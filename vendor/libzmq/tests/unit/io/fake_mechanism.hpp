// Mechanisms that need no handshake and transform: what is left to a test is how.
#pragma once

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <zmq.h>

#include "mechanism/mechanism.hpp"

namespace held {

class FakeMechanism : public engine::Mechanism
{
  public:
    bool next_command (std::vector<std::uint8_t> &) override { return false; }
    void process_command (std::span<const std::uint8_t>) override {}
    Status status () const noexcept override { return Status::ready; }
    const engine::HandshakeFailure &failure () const noexcept override { return failure_; }
    const engine::Properties &peer_properties () const noexcept override { return properties_; }
    bool transforms () const noexcept override { return true; }

  private:
    engine::HandshakeFailure failure_;
    engine::Properties properties_;
};

// Puts what a frame says into brackets, behind a character for what kind of frame it is: - last of a message, + another follows, ! a
// command. Refuses what ends in "refused", and has no memory for "memory".
class Brackets final : public FakeMechanism
{
  public:
    static constexpr int refusal = ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;

    std::size_t overhead () const noexcept override { return 3; }
    int seal (const engine::Payload &payload, std::uint8_t *out) noexcept override
    {
        const std::string text =
          std::string (payload.prefix) + std::string (reinterpret_cast<const char *> (payload.body.data ()), payload.body.size ());
        const std::string wire = (payload.command ? "![" : payload.more ? "+[" : "-[") + text + "]";
        std::copy (wire.begin (), wire.end (), out);
        return judge (text);
    }
    int open (std::span<std::uint8_t> wire, engine::Opened &out) noexcept override
    {
        if (wire.size () < 3 || wire[1] != '[' || wire.back () != ']')
            return refusal;
        out = {wire[0] == '+', wire[0] == '!', wire.subspan (2, wire.size () - 3)};
        return judge (std::string (out.payload.begin (), out.payload.end ()));
    }

  private:
    static int judge (const std::string &text) { return text.ends_with ("refused") ? refusal : text == "memory" ? ENOMEM : 0; }
};

}  // namespace held
