// CURVE's entry in the table of mechanisms; it exists only with libsodium (ZMQ_HAVE_LIBSODIUM).
#pragma once

#include <memory>

#include "mechanism/mechanism.hpp"

namespace engine {

std::unique_ptr<Mechanism> make_curve (const HandshakeConfig &config);

}  // namespace engine
