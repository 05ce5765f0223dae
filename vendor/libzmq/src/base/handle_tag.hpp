// What tells a live object behind a handle of the C API from one that has ended, as long as nothing else has taken its memory.
#pragma once

#include <cstdint>

namespace engine {

template <std::uint32_t value>
class HandleTag
{
  public:
    HandleTag () noexcept = default;
    ~HandleTag () { clear (); }
    HandleTag (const HandleTag &) = delete;
    HandleTag &operator= (const HandleTag &) = delete;

    bool valid () const noexcept { return tag_ == value; }
    // The handle is dead from now on. The compiler may not leave out the store because the object ends.
    void clear () noexcept { *const_cast<volatile std::uint32_t *> (&tag_) = 0; }

  private:
    std::uint32_t tag_ = value;
};

}  // namespace engine
