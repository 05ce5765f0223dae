// The reactor's timers, the earliest first. Not locked: the reactor's mutex guards it.
#pragma once

#include <cstddef>
#include <vector>

#include "io/hook.hpp"

namespace engine {

class TimerHeap
{
  public:
    // Counts one more timer, armed or not, and makes room for it, so that set() never fails. False: out of memory.
    bool admit () noexcept;
    // never: takes it out.
    void set (Hook &hook, Nanoseconds deadline) noexcept;
    void remove (Hook &hook) noexcept;
    // One less to have room for.
    void dismiss () noexcept { --admitted_; }

    Nanoseconds earliest () const noexcept { return heap_.empty () ? never : heap_.front ()->deadline; }
    // Takes out one whose time has come; null: there is none.
    Hook *take_due (Nanoseconds time) noexcept;

  private:
    void place (std::size_t index, Hook &hook) noexcept;
    void sift_up (std::size_t index) noexcept;
    void sift_down (std::size_t index) noexcept;

    std::vector<Hook *> heap_;
    std::size_t admitted_ = 0;
};

}  // namespace engine
