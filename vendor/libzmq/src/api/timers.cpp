// zmq_timers_*: the C functions and their clock; TimerSet does the rest. A null, destroyed or foreign handle is EFAULT.
#include <chrono>
#include <climits>

#include "api/timer_set.hpp"
#include "base/errors.hpp"
#include "base/handle_tag.hpp"
#include "zmq.h"

using namespace engine;

namespace {

struct Timers
{
    HandleTag<0x7a71746d> tag;
    TimerSet set;
};

Timers *timers_of (void *handle) noexcept
{
    auto *const timers = static_cast<Timers *> (handle);
    if (timers && timers->tag.valid ())
        return timers;
    errno = EFAULT;
    return nullptr;
}

TimerSet::Time now () noexcept
{
    using namespace std::chrono;
    return static_cast<TimerSet::Time> (duration_cast<milliseconds> (steady_clock::now ().time_since_epoch ()).count ());
}

}  // namespace

void *zmq_timers_new (void)
{
    return guarded<void *> (nullptr, [] () -> void * { return new Timers; });
}

int zmq_timers_destroy (void **timers)
{
    Timers *const object = timers ? timers_of (*timers) : nullptr;
    if (!object)
        return fail (EFAULT);
    delete object;
    *timers = nullptr;
    return 0;
}

int zmq_timers_add (void *timers, size_t interval, zmq_timer_fn handler, void *arg)
{
    Timers *const object = timers_of (timers);
    if (!object || !handler)
        return fail (EFAULT);
    return guarded (-1, [&] { return object->set.add (now (), interval, handler, arg); });
}

int zmq_timers_cancel (void *timers, int timer_id)
{
    Timers *const object = timers_of (timers);
    if (!object)
        return -1;
    return object->set.cancel (timer_id) ? 0 : fail (EINVAL);
}

int zmq_timers_set_interval (void *timers, int timer_id, size_t interval)
{
    Timers *const object = timers_of (timers);
    if (!object)
        return -1;
    return object->set.set_interval (now (), timer_id, interval) ? 0 : fail (EINVAL);
}

int zmq_timers_reset (void *timers, int timer_id)
{
    Timers *const object = timers_of (timers);
    if (!object)
        return -1;
    return object->set.restart (now (), timer_id) ? 0 : fail (EINVAL);
}

long zmq_timers_timeout (void *timers)
{
    Timers *const object = timers_of (timers);
    if (!object)
        return -1;
    const TimerSet::Time due = object->set.next_due ();
    if (due == TimerSet::never)
        return -1;
    const TimerSet::Time current = now ();
    if (due <= current)
        return 0;
    return due - current < static_cast<unsigned long> (LONG_MAX) ? static_cast<long> (due - current) : LONG_MAX;
}

int zmq_timers_execute (void *timers)
{
    Timers *const object = timers_of (timers);
    if (!object)
        return -1;
    object->set.execute (now ());
    return 0;
}
