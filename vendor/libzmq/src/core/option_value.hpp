// Values as they cross zmq_setsockopt and zmq_getsockopt: a pointer and a size, checked here. 0, or EINVAL and nothing is changed.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace engine {

// A number of exactly its own size.
template <class Number>
int read_number (const void *value, std::size_t size, Number &out) noexcept
{
    if (!value || size != sizeof (Number))
        return EINVAL;
    std::memcpy (&out, value, sizeof out);
    return 0;
}

// The buffer must have exactly the number's size.
template <class Number>
int write_number (Number number, void *value, std::size_t *size) noexcept
{
    if (!value || !size || *size != sizeof number)
        return EINVAL;
    std::memcpy (value, &number, sizeof number);
    return 0;
}

// The buffer may be larger: its rest is zeroed, *size becomes the value's size.
inline int write_bytes (std::string_view bytes, void *value, std::size_t *size) noexcept
{
    if (!value || !size || *size < bytes.size ())
        return EINVAL;
    if (!bytes.empty ())
        std::memcpy (value, bytes.data (), bytes.size ());
    std::memset (static_cast<char *> (value) + bytes.size (), 0, *size - bytes.size ());
    *size = bytes.size ();
    return 0;
}

// With a NUL behind it, which counts.
inline int write_text (std::string_view text, void *value, std::size_t *size) noexcept
{
    if (!value || !size || *size <= text.size ())
        return EINVAL;
    if (!text.empty ())
        std::memcpy (value, text.data (), text.size ());
    std::memset (static_cast<char *> (value) + text.size (), 0, *size - text.size ());
    *size = text.size () + 1;
    return 0;
}

}  // namespace engine
