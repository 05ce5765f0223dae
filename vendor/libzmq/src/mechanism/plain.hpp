// PLAIN's entry in the table of mechanisms.
#pragma once

#include <memory>

#include "mechanism/mechanism.hpp"

namespace engine {

std::unique_ptr<Mechanism> make_plain (const HandshakeConfig &config);

}  // namespace engine
