// Reading and writing the values of options that belong to one socket type. Every function returns 0 or EINVAL.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace engine {

// "bool-pos": an int >= 0, non-zero is true.
inline int read_flag (const void *value, std::size_t size, bool &out) noexcept
{
    int number;
    if (!value || size != sizeof number)
        return EINVAL;
    std::memcpy (&number, value, sizeof number);
    if (number < 0)
        return EINVAL;
    out = number != 0;
    return 0;
}

// "bool-relaxed": any int.
inline int read_any_flag (const void *value, std::size_t size, bool &out) noexcept
{
    int number;
    if (!value || size != sizeof number)
        return EINVAL;
    std::memcpy (&number, value, sizeof number);
    out = number != 0;
    return 0;
}

// Bytes of any length; null only if empty.
inline int read_bytes (const void *value, std::size_t size, std::string &out)
{
    if (!value && size > 0)
        return EINVAL;
    if (size > 0)
        out.assign (static_cast<const char *> (value), size);
    else
        out.clear ();
    return 0;
}

inline int write_int (int number, void *value, std::size_t *size) noexcept
{
    if (!value || !size || *size < sizeof number)
        return EINVAL;
    std::memcpy (value, &number, sizeof number);
    *size = sizeof number;
    return 0;
}

// The rest of the caller's buffer is zero-filled and *size becomes the real length.
inline int write_bytes (const void *bytes, std::size_t length, void *value, std::size_t *size) noexcept
{
    if (!size || *size < length || (!value && *size > 0))
        return EINVAL;
    if (length > 0)
        std::memcpy (value, bytes, length);
    if (*size > length)
        std::memset (static_cast<char *> (value) + length, 0, *size - length);
    *size = length;
    return 0;
}

}  // namespace engine
