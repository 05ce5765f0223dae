// Takes back from a connection that has ended the messages that were not written to their last byte. Nobody has received these: a peer
// delivers a message when it has all of it. Without I/O.
#pragma once

#include <cstdint>

#include "message/msg.hpp"
#include "message/ring.hpp"
#include "zmtp/batch.hpp"
#include "zmtp/framing.hpp"

namespace engine {

class Unsent
{
  public:
    // `written`: how far the connection's bytes were written.
    explicit Unsent (Batch::Position written) noexcept : written_ (written) {}

    // All the frames that a batch keeps, encoded as that description says.
    void add_frames (const Batch &batch, const Framing &framing) noexcept;
    // The next frame in the order of sending, and where it ends. Commands are not repeated. `intact` false: its body is not there any more.
    void add (Msg &&frame, Batch::Position end, bool intact = true) noexcept;

    Ring &messages () noexcept { return messages_; }
    // The last of them is not whole: its other frames were not yet encoded.
    bool open () const noexcept { return inside_ && intact_ && kept_ > 0; }
    // No frame more will come: drops a message that is not whole and not intact.
    void finish () noexcept;

  private:
    void drop_message () noexcept;

    const Batch::Position written_;
    Ring messages_;
    std::uint32_t kept_ = 0;  // frames at the end of messages_ of the message under way
    bool inside_ = false;     // frames of that message are to follow
    bool intact_ = true;      // none of it is missing
};

// Whether what a batch has not written begins with a frame, and not in the middle of one. False also: that cannot be known.
bool at_frame (const Batch &batch, const Framing &framing) noexcept;

}  // namespace engine
