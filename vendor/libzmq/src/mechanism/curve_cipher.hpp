// What CURVE (RFC 26) does to frames once traffic flows: each body becomes a MESSAGE command, whose box holds flags and payload.
#pragma once

#include <array>
#include <cstdint>

#include "mechanism/frame_cipher.hpp"
#include "mechanism/secrets.hpp"

namespace engine {

class CurveCipher final : public FrameCipher
{
  public:
    // `shared`: what crypto_box_beforenm makes of the two sides' short-term keys. The nonces are those that each side used last.
    CurveCipher (const CurveKey &shared, bool as_server, std::uint64_t own_nonce, std::uint64_t peer_nonce) noexcept;

    std::size_t overhead () const noexcept override;
    int seal (const Payload &payload, std::uint8_t *out) noexcept override;
    int open (std::span<std::uint8_t> wire, Opened &out) noexcept override;

  private:
    // The keys of XSalsa20 depend on the first 16 bytes of the nonce, which are the same for all frames of a direction: what is left of it
    // is Salsa20 with the short nonce.
    SecretKey own_key_;
    SecretKey peer_key_;
    std::uint64_t own_nonce_;
    std::uint64_t peer_nonce_;
};

}  // namespace engine
