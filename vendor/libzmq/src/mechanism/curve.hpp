// CURVE's entry in the table of mechanisms; it exists only with libsodium (ZMQ_HAVE_LIBSODIUM).
#pragma once

#include <memory>

#include "mechanism/mechanism.hpp"
#include "mechanism/secrets.hpp"

namespace engine {

std::unique_ptr<Mechanism> make_curve (const HandshakeConfig &config);

// What belongs to a secret key. It costs a fifth of a server's part in a handshake, so who expects many works it out once.
CurveKey curve_public_key (const CurveKey &secret) noexcept;

}  // namespace engine
