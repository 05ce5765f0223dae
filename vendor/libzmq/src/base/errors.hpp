// How failures become what the C API promises: errno and -1. Inside the engine an error is an errno value that is returned; only
// src/api/ writes errno. Texts of ZeroMQ's own error numbers are here too.
#pragma once

#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include <zmq.h>

namespace engine {

// zmq_strerror: never null; texts of the C library's may be overwritten by the next call in the same thread.
const char *error_text (int error) noexcept;

// One of ZMQ_PROTOCOL_ERROR_*, which monitor events tell, and no errno value.
constexpr bool is_protocol_error (int error) noexcept { return error >= ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED; }

// What the end of a call still does (waking others, closing, watching) must not change what the call has said.
class KeptErrno
{
  public:
    KeptErrno () noexcept : error_ (errno) {}
    ~KeptErrno () { errno = error_; }
    KeptErrno (const KeptErrno &) = delete;
    KeptErrno &operator= (const KeptErrno &) = delete;

  private:
    const int error_;
};

// errno = error; the result is for the caller to return: `return fail (EINVAL);`.
inline int fail (int error) noexcept
{
    errno = error;
    return -1;
}

// 0 for 0, else fail (error): ends a C function whose work returned an errno value.
inline int result (int error) noexcept { return error ? fail (error) : 0; }

// The errno value of the exception being handled; for use inside catch (...) only.
int current_exception_error () noexcept;

// Runs `work`, whose result is the C function's; an exception becomes `failure` with errno ENOMEM or whatever it stood for.
template <class Result, class Work>
Result guarded (Result failure, Work &&work) noexcept
{
    try {
        return std::forward<Work> (work) ();
    } catch (...) {
        errno = current_exception_error ();
        return failure;
    }
}

}  // namespace engine
