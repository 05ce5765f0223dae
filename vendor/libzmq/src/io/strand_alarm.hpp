// Strands that want to be looked at a moment from now, all at one time: a list, and the alarm that wakes the reactor for it. Arming costs
// the application's thread a system call at most, and not always; waking the reactor at once would cost far more. Not locked but for the
// descriptor: the reactor's mutex guards it.
#pragma once

#include <vector>

#include "base/clock.hpp"
#include "platform/alarm_descriptor.hpp"

namespace engine {

class Strand;

class StrandAlarm
{
  public:
    bool open () noexcept { return alarm_.open (); }  // false with errno
    AlarmDescriptor &descriptor () noexcept { return alarm_; }

    // Those that are listed already come with it. False: out of memory.
    bool add (Strand &strand, Nanoseconds delay) noexcept
    {
        try {
            strands_.push_back (&strand);
        } catch (...) {
            return false;
        }
        if (!armed_) {
            armed_ = true;
            alarm_.set (delay);
        }
        return true;
    }
    // If the time has come: all of them, into `out`, which is empty. Whether it had.
    bool take_due (std::vector<Strand *> &out) noexcept
    {
        if (!armed_ || !alarm_.passed ())
            return false;
        armed_ = false;
        out.swap (strands_);
        return true;
    }

  private:
    AlarmDescriptor alarm_;
    std::vector<Strand *> strands_;
    bool armed_ = false;
};

}  // namespace engine
