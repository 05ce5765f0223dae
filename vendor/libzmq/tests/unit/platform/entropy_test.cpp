// Random words differ from each other, and a child's from its parent's.
#include "platform/entropy.hpp"

#include <array>
#include <cstdint>
#include <set>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace engine;

TEST_CASE ("entropy: a child of fork does not go on with its parent's stock")
{
    random_word ();  // there is one
    int ends[2];
    REQUIRE (::pipe (ends) == 0);
    const pid_t child = ::fork ();
    REQUIRE (child >= 0);
    std::array<std::uint32_t, 8> words{};
    if (child == 0) {
        for (std::uint32_t &word : words)
            word = random_word ();
        ::_exit (::write (ends[1], words.data (), sizeof words) == static_cast<ssize_t> (sizeof words) ? 0 : 1);
    }
    ::close (ends[1]);
    std::set<std::uint32_t> seen;
    for (std::size_t i = 0; i < words.size (); ++i)
        seen.insert (random_word ());
    REQUIRE (::read (ends[0], words.data (), sizeof words) == static_cast<ssize_t> (sizeof words));
    ::close (ends[0]);
    int status = 1;
    REQUIRE (::waitpid (child, &status, 0) == child);
    CHECK (status == 0);
    // (That two of sixteen are equal by chance happens once in tens of millions of times.)
    for (const std::uint32_t word : words)
        CHECK (seen.insert (word).second);
}
