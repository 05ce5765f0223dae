// zmq_timers_*: handles, errors, and that its clock runs.
#include <cerrno>

#include <poll.h>

#include <doctest/doctest.h>

#include "zmq.h"

namespace {

void count (int, void *arg) { ++*static_cast<int *> (arg); }

}  // namespace

TEST_CASE ("timers run by the clock")
{
    void *timers = zmq_timers_new ();
    REQUIRE (timers);
    int fired = 0;
    CHECK (zmq_timers_timeout (timers) == -1);
    CHECK (zmq_timers_execute (timers) == 0);
    CHECK (zmq_timers_add (timers, 20, count, &fired) == 1);
    CHECK (zmq_timers_add (timers, 3600000, count, &fired) == 2);
    const long timeout = zmq_timers_timeout (timers);
    CHECK (timeout >= 0);
    CHECK (timeout <= 20);
    // Waiting for what timeout says is enough.
    poll (nullptr, 0, static_cast<int> (timeout));
    CHECK (zmq_timers_timeout (timers) == 0);
    CHECK (zmq_timers_execute (timers) == 0);
    CHECK (fired == 1);
    CHECK (zmq_timers_set_interval (timers, 1, 7200000) == 0);
    CHECK (zmq_timers_reset (timers, 2) == 0);
    CHECK (zmq_timers_timeout (timers) > 3500000);
    CHECK (zmq_timers_cancel (timers, 1) == 0);
    CHECK (zmq_timers_cancel (timers, 2) == 0);
    CHECK (zmq_timers_timeout (timers) == -1);
    CHECK (zmq_timers_add (timers, static_cast<std::size_t> (-1), count, &fired) == 3);
    CHECK (zmq_timers_timeout (timers) > 3500000);
    CHECK (zmq_timers_destroy (&timers) == 0);
    CHECK (timers == nullptr);
}

TEST_CASE ("timers: errors")
{
    void *timers = nullptr;
    const auto fails_with = [] (int error, long result) {
        const bool ok = result == -1 && errno == error;
        errno = 0;
        return ok;
    };
    CHECK (fails_with (EFAULT, zmq_timers_destroy (nullptr)));
    CHECK (fails_with (EFAULT, zmq_timers_destroy (&timers)));
    CHECK (fails_with (EFAULT, zmq_timers_add (nullptr, 1, count, nullptr)));
    CHECK (fails_with (EFAULT, zmq_timers_cancel (nullptr, 1)));
    CHECK (fails_with (EFAULT, zmq_timers_set_interval (nullptr, 1, 1)));
    CHECK (fails_with (EFAULT, zmq_timers_reset (nullptr, 1)));
    CHECK (fails_with (EFAULT, zmq_timers_timeout (nullptr)));
    CHECK (fails_with (EFAULT, zmq_timers_execute (nullptr)));
    char foreign[64] = {};
    CHECK (fails_with (EFAULT, zmq_timers_execute (foreign)));

    timers = zmq_timers_new ();
    CHECK (fails_with (EFAULT, zmq_timers_add (timers, 1, nullptr, nullptr)));
    CHECK (fails_with (EINVAL, zmq_timers_cancel (timers, 1)));
    CHECK (fails_with (EINVAL, zmq_timers_set_interval (timers, 1, 1)));
    CHECK (fails_with (EINVAL, zmq_timers_reset (timers, 0)));
    CHECK (zmq_timers_destroy (&timers) == 0);
}
