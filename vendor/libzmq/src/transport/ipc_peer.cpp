// See ipc_peer.hpp.
#include "transport/ipc_peer.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "options/options.hpp"

namespace engine {

namespace {

template <class Values, class Value>
bool contains (const Values &values, Value wanted)
{
    return std::find (std::begin (values), std::end (values), wanted) != std::end (values);
}

// All groups of a user by the databases of users and groups; empty if the user is unknown.
std::vector<gid_t> groups_of (uid_t uid)
{
    std::vector<char> buffer (1024);
    passwd entry{};
    passwd *found = nullptr;
    int error = 0;
    while ((error = ::getpwuid_r (uid, &entry, buffer.data (), buffer.size (), &found)) == ERANGE && buffer.size () < (1U << 20))
        buffer.resize (buffer.size () * 2);
    if (error != 0 || found == nullptr)
        return {};
#ifdef __APPLE__
    using Group = int;
#else
    using Group = gid_t;
#endif
    std::vector<Group> groups (32);
    int count = static_cast<int> (groups.size ());
    while (::getgrouplist (found->pw_name, static_cast<Group> (found->pw_gid), groups.data (), &count) < 0) {
        if (groups.size () >= (1U << 16))
            return {};
        groups.resize (std::max (groups.size () * 2, static_cast<std::size_t> (count)));
        count = static_cast<int> (groups.size ());
    }
    return std::vector<gid_t> (groups.begin (), groups.begin () + count);
}

}  // namespace

std::optional<PeerCredentials> peer_credentials (int fd) noexcept
{
#if defined SO_PEERCRED && defined __linux__
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer)
        return std::nullopt;
    return PeerCredentials{peer.pid, peer.uid, peer.gid};
#else
    PeerCredentials peer;
    if (::getpeereid (fd, &peer.uid, &peer.gid) != 0)
        return std::nullopt;
#    if defined LOCAL_PEERPID  // macOS; elsewhere the process is not known, and is 0
    socklen_t size = sizeof peer.pid;
    ::getsockopt (fd, SOL_LOCAL, LOCAL_PEERPID, &peer.pid, &size);
#    endif
    return peer;
#endif
}

bool admitted_by_ipc_filters (int fd, const Options &options)
{
    if (options.ipc_filter_pid.empty () && options.ipc_filter_uid.empty () && options.ipc_filter_gid.empty ())
        return true;
    const std::optional<PeerCredentials> peer = peer_credentials (fd);
    if (!peer)
        return false;
    if (contains (options.ipc_filter_pid, peer->pid) || contains (options.ipc_filter_uid, peer->uid) ||
        contains (options.ipc_filter_gid, peer->gid))
        return true;
    if (options.ipc_filter_gid.empty ())
        return false;
    const std::vector<gid_t> groups = groups_of (peer->uid);
    return std::any_of (groups.begin (), groups.end (), [&options] (gid_t group) { return contains (options.ipc_filter_gid, group); });
}

}  // namespace engine
