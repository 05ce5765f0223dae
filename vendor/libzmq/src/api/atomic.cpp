// zmq_atomic_counter_*: a counter that threads share. A null handle is EFAULT.
#include <atomic>

#include "base/errors.hpp"
#include "zmq.h"

using engine::fail;

namespace {

struct Counter
{
    std::atomic<int> value{0};
};

Counter *counter_of (void *handle) noexcept { return static_cast<Counter *> (handle); }

}  // namespace

void *zmq_atomic_counter_new (void)
{
    return engine::guarded<void *> (nullptr, [] () -> void * { return new Counter; });
}

void zmq_atomic_counter_set (void *counter, int value)
{
    if (counter)
        counter_of (counter)->value.store (value);
    else
        errno = EFAULT;
}

int zmq_atomic_counter_inc (void *counter) { return counter ? counter_of (counter)->value.fetch_add (1) : fail (EFAULT); }

int zmq_atomic_counter_dec (void *counter)
{
    if (!counter)
        return fail (EFAULT);
    return counter_of (counter)->value.fetch_sub (1) == 1 ? 0 : 1;
}

int zmq_atomic_counter_value (void *counter) { return counter ? counter_of (counter)->value.load () : fail (EFAULT); }

void zmq_atomic_counter_destroy (void **counter)
{
    if (!counter)
        return;
    delete counter_of (*counter);
    *counter = nullptr;
}
