// Joins a frame that comes in pieces (Framing::get_joined), in a block of its own which grows as they arrive. Without I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "message/msg.hpp"
#include "zmtp/framing.hpp"

namespace engine {

class Pieces
{
  public:
    Pieces () noexcept = default;
    ~Pieces ();
    Pieces (const Pieces &) = delete;
    Pieces &operator= (const Pieces &) = delete;

    // Whether a frame with this header may come now; of data, in turn.
    bool expects (const FrameHeader &header) const noexcept
    {
        return header.kind != Kind::data || open_ == (header.piece == Piece::middle || header.piece == Piece::last);
    }
    // One that is expected, with its body as it was before it was masked. 0 or ENOMEM.
    int add (const FrameHeader &header, std::span<const std::uint8_t> body) noexcept;
    // What was joined until now.
    std::span<std::uint8_t> bytes () noexcept;
    // What a frame with this header is joined to: bytes that count towards its size.
    std::size_t held_before (const FrameHeader &header) const noexcept
    {
        return header.piece == Piece::middle || header.piece == Piece::last ? size_ : 0;
    }
    // After the last piece: the block, which a message may take over, with its bytes at the same place.
    Content *take () noexcept;

  private:
    void *block_ = nullptr;  // with room in front for a Content
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    bool open_ = false;
};

}  // namespace engine
