// See sleep.hpp. Without ppoll(2): poll(2), and where the mask changes pselect(2), whose sets have to be as large as the descriptors'
// numbers want it, which may be beyond FD_SETSIZE.
#if defined __APPLE__
#    define _DARWIN_UNLIMITED_SELECT 1  // EINVAL else
#endif
#include "platform/sleep.hpp"

#if !ENGINE_HAS_PPOLL

#    include <algorithm>
#    include <cerrno>
#    include <climits>
#    include <memory>
#    include <new>

#    include <sys/select.h>

namespace engine {

namespace {

// As many fd_sets in a row as it takes. Bit i of an fd_set is descriptor i, and sets in a row are one large set, everywhere.
class DescriptorSet
{
  public:
    explicit DescriptorSet (int highest) noexcept : sets_ (new (std::nothrow) fd_set[static_cast<std::size_t> (highest / FD_SETSIZE + 1)])
    {
        for (int i = 0; sets_ && i <= highest / FD_SETSIZE; ++i)
            FD_ZERO (&sets_[static_cast<std::size_t> (i)]);
    }
    bool valid () const noexcept { return sets_ != nullptr; }
    void put (int fd) noexcept { FD_SET (fd % FD_SETSIZE, &sets_[static_cast<std::size_t> (fd / FD_SETSIZE)]); }
    fd_set *get () noexcept { return sets_.get (); }

  private:
    std::unique_ptr<fd_set[]> sets_;
};

int select_for (pollfd *entries, nfds_t count, const timespec *time, const sigset_t *mask) noexcept
{
    int highest = 0;
    for (nfds_t i = 0; i < count; ++i)
        highest = std::max (highest, entries[i].fd);
    DescriptorSet in (highest), out (highest), priority (highest);
    if (!in.valid () || !out.valid () || !priority.valid ()) {
        errno = ENOMEM;
        return -1;
    }
    for (nfds_t i = 0; i < count; ++i) {
        if (entries[i].fd < 0)
            continue;
        if (entries[i].events & POLLIN)
            in.put (entries[i].fd);
        if (entries[i].events & POLLOUT)
            out.put (entries[i].fd);
        if (entries[i].events & POLLPRI)
            priority.put (entries[i].fd);
    }
    // (EBADF: poll(2) says which one.)
    if (::pselect (highest + 1, in.get (), out.get (), priority.get (), time, mask) < 0 && errno != EBADF)
        return -1;
    return ::poll (entries, count, 0);
}

int milliseconds_of (const timespec *time) noexcept
{
    if (!time)
        return -1;
    constexpr time_t longest = INT_MAX / 1000 - 1;
    if (time->tv_sec > longest)
        return INT_MAX;
    return static_cast<int> (time->tv_sec * 1000 + (time->tv_nsec + 999999) / 1000000);
}

}  // namespace

int sleep_for (pollfd *entries, nfds_t count, const timespec *time, const sigset_t *mask) noexcept
{
    return mask ? select_for (entries, count, time, mask) : ::poll (entries, count, milliseconds_of (time));
}

}  // namespace engine

#endif
