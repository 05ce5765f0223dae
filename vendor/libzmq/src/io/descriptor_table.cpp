#include "io/descriptor_table.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/thread_setup.hpp"
#include "platform/threads.hpp"

namespace engine {

namespace {

// A descriptor with the number `size` - 1, for a moment: the table grows to hold it.
void widen (int fd, int size) noexcept
{
    const int highest = ::fcntl (fd, F_DUPFD_CLOEXEC, size - 1);
    if (highest >= 0)
        ::close (highest);
}

}  // namespace

int most_descriptors () noexcept
{
    rlimit limit{};
    if (::getrlimit (RLIMIT_NOFILE, &limit) != 0)
        return 0;
    return static_cast<int> (std::min<rlim_t> (limit.rlim_cur, std::numeric_limits<int>::max () / 8));
}

void DescriptorTable::prepare (int fd) noexcept
{
    fd_ = fd;
    if (!single_threaded ())
        return;
    const int size = std::min (ample_size, most_descriptors ());
    if (size <= first_size)
        return;
    widen (fd, size);
    widen_from_ = size / 2;
}

void DescriptorTable::widen_beyond (int fd) noexcept
{
    const int most = most_descriptors ();
    const int wanted = 4 * static_cast<int> (std::bit_ceil (static_cast<unsigned> (std::min (fd, most)) + 1));
    const int size = std::min (std::max (ample_size, wanted), most);
    widen_from_ = size < wanted ? std::numeric_limits<int>::max () : size / 2;
    if (size <= fd)
        return;
    try {
        finish ();
        const BlockedSignals blocked;
        helper_ = std::thread ([fd = fd_, size] { widen (fd, size); });
    } catch (...) {
    }
}

}  // namespace engine
