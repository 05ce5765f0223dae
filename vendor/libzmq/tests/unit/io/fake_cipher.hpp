// A cipher that a test can read.
#pragma once

#include <algorithm>
#include <cerrno>
#include <string>

#include <zmq.h>

#include "mechanism/frame_cipher.hpp"

namespace held {

// Puts what a frame says into brackets, behind a character for what kind of frame it is: - last of a message, + another follows, ! a
// command. Refuses what ends in "refused", and has no memory for "memory".
class Brackets final : public engine::FrameCipher
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
