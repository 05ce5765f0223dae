// Where a handshake begins if something below it has agreed with the peer on what a greeting says: on how frames look, and on the
// mechanism, which is ours.
#pragma once

namespace engine {

struct Framing;

struct HandshakeStart
{
    const Framing *framing;
    bool mechanism = true;  // false: there is none, and each side's first frame is its routing id, as with ZMTP 2.0
};

}  // namespace engine
