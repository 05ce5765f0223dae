// Frames to bytes, without I/O: appends header and, for small bodies, the body to a batch; a large body is left in its message
// and referenced, so that one sendmsg(2) can write many of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <sys/uio.h>

#include "message/msg.hpp"
#include "zmtp/handshake.hpp"

namespace engine {

// What has been encoded and not yet been written.
class Batch
{
  public:
    static constexpr std::size_t copy_limit = 4096;  // bytes; larger bodies are referenced (tune by measurement)

    bool empty () const noexcept;
    std::size_t size () const noexcept;  // bytes still to be written
    // Fills up to `capacity` entries from the first unwritten byte on; returns how many.
    int fill_iovec (iovec *entries, int capacity) const noexcept;
    // `count` bytes were written: forgets them and releases messages that are done.
    void written (std::size_t count) noexcept;
    void clear () noexcept;  // keeps no memory

  private:
    friend class Encoder;
};

class Encoder
{
  public:
    explicit Encoder (Wire wire) noexcept;
    // Moves one frame into the batch: data frames, subscriptions (in the form this wire uses), ping, pong and other commands.
    // A kind that this wire cannot express is dropped. 0 or ENOMEM (then the frame is untouched).
    int encode (Msg &frame, Batch &batch) noexcept;

  private:
    Wire wire_;
};

}  // namespace engine
