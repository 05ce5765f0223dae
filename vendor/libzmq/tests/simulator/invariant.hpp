// What must hold is required here. A failure ends the process, which simulates one seed, with what was wrong and the last steps.
#pragma once

#include <cstdarg>

namespace sim {

[[noreturn]] [[gnu::format (printf, 1, 2)]] void broken (const char *format, ...);
// A line about what happens, kept for a failure; printed at once if asked for.
[[gnu::format (printf, 1, 2)]] void note (const char *format, ...);
extern bool notes_are_printed;
extern bool notes_are_kept;

// Everything that happens goes into it: two runs of one seed are the same if it is.
void mark (unsigned long long value) noexcept;
unsigned long long fingerprint () noexcept;

}  // namespace sim
