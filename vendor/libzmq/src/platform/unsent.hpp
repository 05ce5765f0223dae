// What of the bytes written to a stream socket the peer's system does not have yet. Asked seldom, and never for being exact: after it was
// asked more may have gone.
#pragma once

namespace engine {

// -1: the system does not say.
int unsent_bytes (int fd) noexcept;

}  // namespace engine
