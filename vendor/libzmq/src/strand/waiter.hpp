// A sleeping thread's own bell: what others ring to wake it, wherever it sleeps.
#pragma once

#include "message/handoff.hpp"
#include "platform/wake_descriptor.hpp"

namespace engine {

// One per thread, made when it first sleeps.
class Waiter
{
  public:
    static Waiter &current () noexcept;
    // -1: no descriptor could be had (errno is set).
    int fd () noexcept;
    void ring () noexcept;   // any thread
    void drain () noexcept;  // the owner, when its descriptor was readable and before it checks its condition again

    Waiter () = default;
    Waiter (const Waiter &) = delete;
    Waiter &operator= (const Waiter &) = delete;

  private:
    WakeFlag<> rung_;
    WakeDescriptor wake_;
    unsigned generation_ = 0;
};

}  // namespace engine
