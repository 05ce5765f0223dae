// Keys, and memory that must not tell them to whoever gets it next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "platform/wipe.hpp"

namespace engine {

using CurveKey = std::array<std::uint8_t, 32>;

// A key that is wiped where it lay.
struct SecretKey : CurveKey
{
    SecretKey () noexcept : CurveKey{} {}
    SecretKey (const CurveKey &key) noexcept : CurveKey (key) {}
    SecretKey (const SecretKey &) noexcept = default;
    SecretKey &operator= (const SecretKey &) noexcept = default;
    ~SecretKey () { wipe (data (), size ()); }
};

// Text that is wiped likewise.
class SecretText
{
  public:
    SecretText () = default;
    explicit SecretText (std::string_view text) : text_ (text) {}
    SecretText (const SecretText &) = default;
    SecretText &operator= (const SecretText &other)
    {
        if (this != &other) {
            std::string copy (other.text_);
            clear ();
            text_.swap (copy);
        }
        return *this;
    }
    ~SecretText () { clear (); }

    const std::string &text () const noexcept { return text_; }
    bool empty () const noexcept { return text_.empty (); }
    // As many bytes, for who fills them; the old are gone.
    std::span<char> resized (std::size_t size)
    {
        clear ();
        text_.resize (size);
        return text_;
    }
    void cut (std::size_t size) noexcept { text_.resize (size); }
    bool operator== (const SecretText &) const = default;

  private:
    void clear () noexcept
    {
        wipe (text_.data (), text_.size ());
        text_.clear ();
    }

    std::string text_;
};

}  // namespace engine
