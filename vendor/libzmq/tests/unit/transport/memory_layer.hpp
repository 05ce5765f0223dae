// What lies below a layer under test instead of a descriptor: bytes that the test hands on as it likes.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "transport/byte_layer.hpp"

namespace held {

// One end of a connection without a kernel.
struct MemoryEnd
{
    std::string in;                  // has come and was not read
    bool in_ended = false;           // nothing comes behind it
    std::size_t in_most = SIZE_MAX;  // bytes a read
    std::string out;                 // was written
    std::size_t room = SIZE_MAX;     // how much more may be
    bool out_ended = false;
    int error = 0;  // of the next calls
};

class MemoryLayer final : public engine::ByteLayer
{
  public:
    explicit MemoryLayer (MemoryEnd &end) : end_ (end) {}

    int open () noexcept override { return 0; }
    ssize_t read (std::span<std::uint8_t> space) noexcept override
    {
        if (end_.error)
            return fail (end_.error);
        const std::size_t count = std::min ({space.size (), end_.in.size (), end_.in_most});
        if (count == 0)
            return end_.in_ended ? 0 : fail (EAGAIN);
        std::memcpy (space.data (), end_.in.data (), count);
        end_.in.erase (0, count);
        return static_cast<ssize_t> (count);
    }
    bool pending () const noexcept override { return false; }
    ssize_t write (const iovec *pieces, int count) noexcept override
    {
        if (end_.error)
            return fail (end_.error);
        std::size_t written = 0;
        for (int i = 0; i < count; ++i) {
            const std::size_t part = std::min (pieces[i].iov_len, end_.room);
            end_.out.append (static_cast<const char *> (pieces[i].iov_base), part);
            end_.room -= end_.room == SIZE_MAX ? 0 : part;
            written += part;
        }
        return written > 0 ? static_cast<ssize_t> (written) : fail (EAGAIN);
    }
    std::uint32_t wants (std::uint32_t interest) const noexcept override { return interest; }
    int end_output () noexcept override
    {
        end_.out_ended = true;
        return 0;
    }

  private:
    static int fail (int error) noexcept
    {
        errno = error;
        return -1;
    }
    MemoryEnd &end_;
};

}  // namespace held
