// Texts of error numbers, and exceptions as error numbers.
#include "base/errors.hpp"

#include <cstring>

#include "zmq.h"

namespace engine {

const char *error_text (int error) noexcept
{
    switch (error) {
    case EFSM:
        return "Operation cannot be accomplished in current state";
    case ENOCOMPATPROTO:
        return "The protocol is not compatible with the socket type";
    case ETERM:
        return "Context was terminated";
    case EMTHREAD:
        return "No thread available";
    case EHOSTUNREACH:
        return "Host unreachable";
    default:
        return std::strerror (error);
    }
}

int current_exception_error () noexcept
{
    try {
        throw;
    } catch (const std::bad_alloc &) {
        return ENOMEM;
    } catch (const std::system_error &error) {
        return error.code ().value ();
    } catch (...) {
        return EINVAL;
    }
}

}  // namespace engine
