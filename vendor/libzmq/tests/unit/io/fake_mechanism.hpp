// A mechanism that needs no handshake and does with frames what the test says.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "mechanism/mechanism.hpp"
#include "message/msg.hpp"

namespace held {

class FakeMechanism final : public engine::Mechanism
{
  public:
    // As Mechanism's encode() and decode().
    using Transform = std::function<int (engine::Msg &)>;
    FakeMechanism (Transform encode, Transform decode) : encode_ (std::move (encode)), decode_ (std::move (decode)) {}

    bool next_command (std::vector<std::uint8_t> &) override { return false; }
    void process_command (std::span<const std::uint8_t>) override {}
    Status status () const noexcept override { return Status::ready; }
    const engine::Handshake::Failure &failure () const noexcept override { return failure_; }
    const std::vector<std::pair<std::string, std::string>> &peer_properties () const noexcept override { return properties_; }
    bool transforms () const noexcept override { return true; }
    int encode (engine::Msg &frame) override { return encode_ (frame); }
    int decode (engine::Msg &frame) override { return decode_ (frame); }

  private:
    Transform encode_;
    Transform decode_;
    engine::Handshake::Failure failure_;
    std::vector<std::pair<std::string, std::string>> properties_;
};

}  // namespace held
