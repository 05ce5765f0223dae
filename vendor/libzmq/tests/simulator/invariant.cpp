// See invariant.hpp.
#include "invariant.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "random.hpp"

namespace sim {

bool notes_are_printed = false;
bool notes_are_kept = true;

namespace {

constexpr std::size_t most_notes = 40;
char notes[most_notes][160];
std::size_t noted = 0;
std::uint64_t hash = 0;

}  // namespace

void note (const char *format, ...)
{
    if (!notes_are_kept)
        return;
    va_list arguments;
    va_start (arguments, format);
    char *const line = notes[noted++ % most_notes];
    std::vsnprintf (line, sizeof notes[0], format, arguments);
    va_end (arguments);
    if (notes_are_printed)
        std::fprintf (stderr, "%s\n", line);
}

void broken (const char *format, ...)
{
    if (!notes_are_printed)
        for (std::size_t at = noted > most_notes ? noted - most_notes : 0; at < noted; ++at)
            std::fprintf (stderr, "  %s\n", notes[at % most_notes]);
    std::fprintf (stderr, "INVARIANT BROKEN: ");
    va_list arguments;
    va_start (arguments, format);
    std::vfprintf (stderr, format, arguments);
    va_end (arguments);
    std::fprintf (stderr, "\n");
    std::fflush (stderr);
    std::_Exit (3);
}

void mark (unsigned long long value) noexcept { hash = Random::mix (hash ^ (value + 0x9e3779b97f4a7c15)); }

unsigned long long fingerprint () noexcept { return hash; }

}  // namespace sim
