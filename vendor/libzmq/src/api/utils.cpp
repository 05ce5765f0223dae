// The C functions that need no context: errors, version, capabilities, stopwatch, sleep, threads.
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>
#include <thread>

#include <pthread.h>

#include "base/errors.hpp"
#include "platform/threads.hpp"
#include "zmq_ext.h"

using namespace engine;

int zmq_errno (void) { return errno; }

const char *zmq_strerror (int errnum) { return error_text (errnum); }

void zmq_version (int *major, int *minor, int *patch)
{
    if (major)
        *major = ZMQ_VERSION_MAJOR;
    if (minor)
        *minor = ZMQ_VERSION_MINOR;
    if (patch)
        *patch = ZMQ_VERSION_PATCH;
}

int zmq_ext_version (void) { return ZMQ_EXT_VERSION; }

int zmq_has (const char *capability)
{
    // What is built in; every other name, known to libzmq or not, is not.
    static constexpr std::string_view built_in[] = {
        "ipc",
        "tipc",
        "vsock",
        "draft",
        "WS",  // libzmq's spelling
        "ws",
#if defined ZMQ_HAVE_LIBSODIUM
        "curve",
#endif
#if defined ZMQ_HAVE_TLS
        "tls",
        "WSS",
        "wss",
#endif
    };
    if (!capability)
        return 0;
    for (const auto name : built_in) {
        if (name == capability)
            return 1;
    }
    return 0;
}

// ---- stopwatch and sleep ----

namespace {

using Clock = std::chrono::steady_clock;

struct Stopwatch
{
    Clock::time_point start = Clock::now ();
};

// All signals stay with the threads that the application itself made.
class AllSignalsBlocked
{
  public:
    AllSignalsBlocked () noexcept
    {
        sigset_t all;
        sigfillset (&all);
        pthread_sigmask (SIG_SETMASK, &all, &before_);
    }
    ~AllSignalsBlocked () { pthread_sigmask (SIG_SETMASK, &before_, nullptr); }
    AllSignalsBlocked (const AllSignalsBlocked &) = delete;
    AllSignalsBlocked &operator= (const AllSignalsBlocked &) = delete;

  private:
    sigset_t before_;
};

}  // namespace

void *zmq_stopwatch_start (void)
{
    return guarded<void *> (nullptr, [] () -> void * { return new Stopwatch; });
}

unsigned long zmq_stopwatch_intermediate (void *watch)
{
    if (!watch)
        return 0;
    const auto elapsed = Clock::now () - static_cast<Stopwatch *> (watch)->start;
    return static_cast<unsigned long> (std::chrono::duration_cast<std::chrono::microseconds> (elapsed).count ());
}

unsigned long zmq_stopwatch_stop (void *watch)
{
    const unsigned long elapsed = zmq_stopwatch_intermediate (watch);
    delete static_cast<Stopwatch *> (watch);
    return elapsed;
}

void zmq_sleep (int seconds)
{
    // A signal ends it early, as it ends sleep(3).
    if (seconds > 0) {
        timespec time{};
        time.tv_sec = seconds;
        nanosleep (&time, nullptr);
    }
}

// ---- threads ----

void *zmq_threadstart (zmq_thread_fn *func, void *arg)
{
    if (!func) {
        errno = EFAULT;
        return nullptr;
    }
    return guarded<void *> (nullptr, [&] () -> void * {
        const AllSignalsBlocked inherited_by_the_thread;
        return new std::thread ([func, arg] {
            name_thread ("ZMQapp");
            func (arg);
        });
    });
}

void zmq_threadclose (void *thread)
{
    const std::unique_ptr<std::thread> handle (static_cast<std::thread *> (thread));
    if (handle)
        guarded (0, [&] { return handle->join (), 0; });
}
