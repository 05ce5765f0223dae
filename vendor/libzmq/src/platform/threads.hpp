// What a system knows or may be asked about threads, beyond POSIX. All of it only makes things faster or easier to look at: where there
// is no such thing, nothing happens.
#pragma once

#include <span>

namespace engine {

// True if the process certainly has one thread only.
bool single_threaded () noexcept;
// Lets the calling thread's sleeps end when they are due, and not as it suits the processor.
void wake_punctually () noexcept;
// Names the calling thread, for debuggers and the like; Linux takes 15 characters.
void name_thread (const char *name) noexcept;
// Keeps the calling thread to these processors. (macOS has no such thing.)
void keep_to_processors (std::span<const int> processors) noexcept;

}  // namespace engine
