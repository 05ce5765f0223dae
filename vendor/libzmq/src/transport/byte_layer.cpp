// Layers that are gone after their opening exchange. See byte_layer.hpp.
#include "transport/byte_layer.hpp"

#include <algorithm>
#include <cstring>

#include "platform/ready_set.hpp"

namespace engine {

int OpeningLayer::write_output () noexcept
{
    while (!output ().empty ()) {
        const ssize_t count = below ().write (output ());
        if (count >= 0)
            sent (static_cast<std::size_t> (count));
        else if (errno != EINTR)
            return errno == EWOULDBLOCK || errno == ENOBUFS ? EAGAIN : errno;
    }
    return 0;
}

int OpeningLayer::open () noexcept
try {
    for (;;) {
        if (const int error = write_output ())
            return error;
        if (const int result = outcome (); result != EAGAIN) {
            open_ = result == 0;
            return result;
        }
        std::uint8_t buffer[512];
        const ssize_t count = below ().read (buffer);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count == 0 ? peer_ended () : errno == EWOULDBLOCK ? EAGAIN : errno;
        const std::span<const std::uint8_t> bytes (buffer, static_cast<std::size_t> (count));
        const auto behind = bytes.subspan (feed (bytes));
        left_.assign (behind.begin (), behind.end ());
    }
} catch (...) {
    return ENOMEM;
}

ssize_t OpeningLayer::read (std::span<std::uint8_t> space) noexcept
{
    const std::size_t count = std::min (space.size (), left_.size () - left_begin_);
    if (count == 0)
        return below ().read (space);
    std::memcpy (space.data (), left_.data () + left_begin_, count);
    left_begin_ += count;
    return static_cast<ssize_t> (count);
}

std::uint32_t OpeningLayer::wants (std::uint32_t interest) const noexcept
{
    return below ().wants (open_ || output ().empty () ? interest : interest | io_out);
}

}  // namespace engine
