// See pieces.hpp.
#include "zmtp/pieces.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace engine {

namespace {

constexpr std::size_t first_capacity = 4096 - sizeof (Content);

void dispose (Content *self) noexcept
{
    self->~Content ();
    std::free (self);
}

}  // namespace

Pieces::~Pieces () { std::free (block_); }

std::span<std::uint8_t> Pieces::bytes () noexcept
{
    if (!block_)
        return {};
    return {static_cast<std::uint8_t *> (block_) + sizeof (Content), size_};
}

int Pieces::add (const FrameHeader &header, std::span<const std::uint8_t> body) noexcept
{
    if (header.piece == Piece::first)
        size_ = 0;
    open_ = header.piece != Piece::last;
    if (body.size () > capacity_ - size_) {
        const std::size_t capacity = std::max ({first_capacity, size_ + body.size (), capacity_ * 2});
        void *const grown = std::realloc (block_, sizeof (Content) + capacity);
        if (!grown)
            return ENOMEM;
        block_ = grown;
        capacity_ = capacity;
    }
    if (!body.empty ())
        std::memcpy (static_cast<std::uint8_t *> (block_) + sizeof (Content) + size_, body.data (), body.size ());
    size_ += body.size ();
    return 0;
}

Content *Pieces::take () noexcept
{
    auto *const content = new (std::exchange (block_, nullptr)) Content;
    content->dispose = dispose;
    size_ = capacity_ = 0;
    return content;
}

}  // namespace engine
