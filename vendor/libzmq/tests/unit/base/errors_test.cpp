// Error texts, and exceptions as errno.
#include "base/errors.hpp"

#include <cstring>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "zmq.h"

using namespace engine;

TEST_CASE ("every error has a text")
{
    CHECK (std::string (error_text (EFSM)) == "Operation cannot be accomplished in current state");
    CHECK (std::string (error_text (ENOCOMPATPROTO)) == "The protocol is not compatible with the socket type");
    CHECK (std::string (error_text (ETERM)) == "Context was terminated");
    CHECK (std::string (error_text (EMTHREAD)) == "No thread available");
    CHECK (std::string (error_text (EHOSTUNREACH)) == "Host unreachable");
    for (const int error : {0, EAGAIN, EINVAL, ENOTSOCK, 99999, -5}) {
        const std::string expected = std::strerror (error);  // the next call may overwrite it
        CHECK (std::string (error_text (error)) == expected);
    }
}

TEST_CASE ("guarded turns exceptions into errno")
{
    errno = 0;
    CHECK (guarded (-1, [] { return 7; }) == 7);
    CHECK (errno == 0);
    CHECK (guarded (-1, [] () -> int { throw std::bad_alloc (); }) == -1);
    CHECK (errno == ENOMEM);
    CHECK (guarded (-1, [] () -> int { throw std::system_error (EAGAIN, std::generic_category ()); }) == -1);
    CHECK (errno == EAGAIN);
    CHECK (guarded (-1, [] () -> int { throw std::runtime_error ("?"); }) == -1);
    CHECK (errno == EINVAL);
    CHECK (result (0) == 0);
    CHECK (result (ENOTSUP) == -1);
    CHECK (errno == ENOTSUP);
}
