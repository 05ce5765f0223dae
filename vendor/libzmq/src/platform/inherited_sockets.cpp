// See inherited_sockets.hpp.
#include "platform/inherited_sockets.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined __APPLE__
#    include <libproc.h>
#    include <sys/proc_info.h>
#endif

namespace engine {

namespace {

// Held while a socket is opened, and over a fork.
constinit std::mutex gate;
thread_local bool holds_gate = false;  // this thread forks, and got it

// The identity of a socket is its inode number, which the system does not use again for as long as matters. 0: no socket, or the system
// does not say (FreeBSD's tcp), and then a child keeps it.
using Page = std::array<std::atomic<ino_t>, 512>;
constexpr std::size_t most_pages = 4096;                        // two million descriptors; what lies beyond is not remembered
constinit std::array<std::atomic<Page *>, most_pages> pages{};  // made under the gate, and never freed

ino_t identity (int fd) noexcept
{
#if defined __APPLE__
    // (Its inode number is not every socket's there.)
    socket_fdinfo info;
    return ::proc_pidfdinfo (::getpid (), fd, PROC_PIDFDSOCKETINFO, &info, sizeof info) == sizeof info ? info.psi.soi_so : 0;
#else
    struct stat status;
    return ::fstat (fd, &status) == 0 && S_ISSOCK (status.st_mode) ? status.st_ino : 0;
#endif
}

}  // namespace

SocketCreation::SocketCreation () noexcept { gate.lock (); }
SocketCreation::~SocketCreation () { gate.unlock (); }

void SocketCreation::opened (int fd) noexcept
{
    const std::size_t number = static_cast<std::size_t> (fd) / std::tuple_size_v<Page>;
    if (fd < 0 || number >= most_pages)
        return;
    const int saved = errno;
    Page *page = pages[number].load (std::memory_order_relaxed);
    if (!page) {
        page = new (std::nothrow) Page{};
        pages[number].store (page, std::memory_order_release);
    }
    if (page)
        (*page)[static_cast<std::size_t> (fd) % std::tuple_size_v<Page>].store (identity (fd), std::memory_order_relaxed);
    errno = saved;
}

void before_fork () noexcept
{
    // What is waited for are a few system calls that do not block.
    constexpr int most_tries = 10000;
    for (int tries = 0; !holds_gate && tries < most_tries; ++tries) {
        holds_gate = gate.try_lock ();
        if (!holds_gate)
            ::sched_yield ();
    }
}

void after_fork_in_parent () noexcept
{
    if (holds_gate)
        gate.unlock ();
    holds_gate = false;
}

void after_fork_in_child () noexcept
{
    const int saved = errno;
    for (std::size_t number = 0; number < most_pages; ++number) {
        Page *const page = pages[number].load (std::memory_order_acquire);
        for (std::size_t at = 0; page && at < page->size (); ++at) {
            const ino_t remembered = (*page)[at].exchange (0, std::memory_order_relaxed);
            const int fd = static_cast<int> (number * page->size () + at);
            if (remembered != 0 && identity (fd) == remembered)
                ::close (fd);
        }
    }
    // The thread that held it, if it was another one, does not exist here.
    std::construct_at (&gate);
    holds_gate = false;
    errno = saved;
}

}  // namespace engine
