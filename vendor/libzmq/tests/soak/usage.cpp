// See usage.hpp. Linux's /proc, and what the C library or a sanitizer says of the heap.
#include "usage.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

#include <malloc.h>
#include <unistd.h>

#if defined __has_feature
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define SOAK_SANITIZED
#    endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#    define SOAK_SANITIZED
#endif
#ifdef SOAK_SANITIZED
extern "C" std::size_t __sanitizer_get_current_allocated_bytes ();
#endif

namespace soak {

Usage Usage::now ()
{
    Usage usage;
    for (const auto &entry : std::filesystem::directory_iterator ("/proc/self/fd")) {
        std::error_code gone;
        std::string what = std::filesystem::read_symlink (entry.path (), gone).string ();
        if (gone)
            continue;  // that of the listing itself
        if (const std::size_t at = what.find (":["); at != std::string::npos)
            what.resize (at);
        ++usage.descriptors[what];
    }
    for (const auto &entry : std::filesystem::directory_iterator ("/proc/self/task"))
        usage.threads += entry.is_directory ();
    std::ifstream statm ("/proc/self/statm");
    std::size_t pages = 0;
    statm >> pages >> pages;
    usage.resident = pages * static_cast<std::size_t> (::sysconf (_SC_PAGESIZE));
#ifdef SOAK_SANITIZED
    usage.heap = __sanitizer_get_current_allocated_bytes ();
#else
    const struct mallinfo2 info = ::mallinfo2 ();
    usage.heap = info.uordblks + info.hblkhd;
#endif
    return usage;
}

int Usage::descriptor_count () const
{
    int count = 0;
    for (const auto &[what, number] : descriptors)
        count += number;
    return count;
}

std::string Usage::more_than (const Usage &before) const
{
    std::string more;
    for (const auto &[what, count] : descriptors) {
        const auto found = before.descriptors.find (what);
        const int had = found == before.descriptors.end () ? 0 : found->second;
        if (count > had)
            more += std::to_string (count - had) + " descriptors more of " + what + "; ";
    }
    if (threads > before.threads)
        more += std::to_string (threads - before.threads) + " threads more; ";
    return more;
}

}  // namespace soak
