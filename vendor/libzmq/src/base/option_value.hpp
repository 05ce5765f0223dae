// Values of options as they cross the C API: a pointer and a size, checked here. Every function returns 0, or EINVAL and nothing is
// changed.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace engine {

// ---- from the caller ----

// A number of exactly its own size.
template <class Number>
int read_number (const void *value, std::size_t size, Number &out) noexcept
{
    if (!value || size != sizeof (Number))
        return EINVAL;
    std::memcpy (&out, value, sizeof out);
    return 0;
}

// "bool-relaxed": any int.
inline int read_any_flag (const void *value, std::size_t size, bool &out) noexcept
{
    int number = 0;
    const int error = read_number (value, size, number);
    if (!error)
        out = number != 0;
    return error;
}

// "bool-pos": an int >= 0, non-zero is true.
inline int read_flag (const void *value, std::size_t size, bool &out) noexcept
{
    int number = 0;
    if (read_number (value, size, number) != 0 || number < 0)
        return EINVAL;
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

// ---- to the caller ----

// The buffer must have exactly the number's size.
template <class Number>
int write_number (Number number, void *value, std::size_t *size) noexcept
{
    if (!value || !size || *size != sizeof number)
        return EINVAL;
    std::memcpy (value, &number, sizeof number);
    return 0;
}

// The buffer may be larger; *size becomes the int's.
inline int write_int (int number, void *value, std::size_t *size) noexcept
{
    if (!value || !size || *size < sizeof number)
        return EINVAL;
    std::memcpy (value, &number, sizeof number);
    *size = sizeof number;
    return 0;
}

// The buffer may be larger: its rest is zeroed, *size becomes the value's size. Null only if it is empty.
inline int write_bytes (std::string_view bytes, void *value, std::size_t *size) noexcept
{
    if (!size || *size < bytes.size () || (!value && *size > 0))
        return EINVAL;
    if (!value)
        return 0;  // nothing into nothing
    if (!bytes.empty ())
        std::memcpy (value, bytes.data (), bytes.size ());
    if (*size > bytes.size ())
        std::memset (static_cast<char *> (value) + bytes.size (), 0, *size - bytes.size ());
    *size = bytes.size ();
    return 0;
}

// Likewise, with a NUL behind it, which counts.
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
