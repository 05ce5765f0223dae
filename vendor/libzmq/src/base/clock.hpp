// The one clock: CLOCK_MONOTONIC, in nanoseconds. About 20 ns a call, so hot paths read it once a burst, not once a message.
#pragma once

#include <cstdint>
#include <ctime>

namespace engine {

using Nanoseconds = std::int64_t;

inline constexpr Nanoseconds microsecond = 1000;
inline constexpr Nanoseconds millisecond = 1000 * microsecond;
inline constexpr Nanoseconds never = INT64_MAX;

inline Nanoseconds now () noexcept
{
    timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return static_cast<Nanoseconds> (t.tv_sec) * 1000000000 + t.tv_nsec;
}

// A time-out as the API gives it (ms, negative: none) as a point in time. What lies beyond the clock's 292 years is never.
inline Nanoseconds deadline_in (std::int64_t milliseconds) noexcept
{
    const Nanoseconds time = now ();
    return milliseconds < 0 || milliseconds >= (never - time) / millisecond ? never : time + milliseconds * millisecond;
}

}  // namespace engine
