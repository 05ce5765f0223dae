// What the sender of a large body asks of its socket: to take the body from where it lies, and whether to help writing before it returns.
//
// Direct sends: the body is lent to the engine, which writes what the kernel takes at once, and copies the rest before the call returns.
// Help: more bytes are queued than the peers' kernels take, and they still move. A sender that may block does better to write them itself
// than to pile up memory that is cold when its turn comes.
//
// A view, made where it is needed. All functions want the strand held; none blocks.
#pragma once

#include <cstddef>

#include "io/host.hpp"

namespace engine {

class LargeSends
{
  public:
    // From so many bytes on; a smaller body is copied in less time.
    static constexpr std::size_t shortest = 16 * 1024;

    explicit LargeSends (StreamHost &socket) noexcept : socket_ (socket) {}

    // Whatever still refers to the body at `begin` gets a copy. False: out of memory.
    bool own_output (const void *begin) noexcept;
    // Ends the pipes that still refer to it.
    void drop_output () noexcept;

    // Never true for long: see stop_helping().
    bool congested () const noexcept;
    // Publishers never wait for a peer.
    bool may_help () const noexcept { return !socket_.type ().publishes && socket_.options.sndtimeo != 0; }
    // A peer that has read nothing since then is not helped again before it reads.
    void stop_helping (Nanoseconds since) noexcept;

  private:
    StreamHost &socket_;
};

}  // namespace engine
