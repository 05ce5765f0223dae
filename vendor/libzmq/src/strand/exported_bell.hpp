// The bell inside ZMQ_FD: a descriptor that the application waits for with its own event loop. Its doorbell's lock guards it; only
// whether there is one may be asked without.
#pragma once

#include <atomic>

#include "platform/wake_descriptor.hpp"

namespace engine {

class ExportedBell
{
  public:
    bool exists () const noexcept { return exists_.load (std::memory_order_relaxed); }

    // Makes it on the first call; -1 on failure.
    int fd () noexcept
    {
        if (!wake_.is_open ()) {
            if (!wake_.open ())
                return -1;
            exists_.store (true, std::memory_order_relaxed);
        }
        return wake_.fd ();
    }
    int duplicate () const noexcept { return wake_.is_open () ? wake_.duplicate () : -1; }
    void ring () noexcept
    {
        if (wake_.is_open () && !rung_) {
            rung_ = true;
            wake_.ring ();
        }
    }
    // Takes back what ring() did to it.
    void quiet () noexcept
    {
        if (rung_) {
            wake_.drain ();
            rung_ = false;
        }
    }
    void close () noexcept
    {
        wake_.close ();
        rung_ = false;
        exists_.store (false, std::memory_order_relaxed);
    }

  private:
    WakeDescriptor wake_;
    bool rung_ = false;
    std::atomic<bool> exists_{false};
};

}  // namespace engine
