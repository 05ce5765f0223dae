// Whether the peer of a stream socket has ended its side, or the connection is lost: also while nobody reads what lies before that.
#pragma once

namespace engine {

bool peer_ended (int fd) noexcept;

}  // namespace engine
