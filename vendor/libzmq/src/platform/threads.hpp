// What a system knows or may be asked about threads, beyond POSIX. All of it only makes things faster: where there is no such thing,
// nothing happens.
#pragma once

namespace engine {

// True if the process certainly has one thread only.
bool single_threaded () noexcept;
// Lets the calling thread's sleeps end when they are due, and not as it suits the processor.
void wake_punctually () noexcept;

}  // namespace engine
