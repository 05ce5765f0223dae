// Who is at the other end of a Unix-domain connection (SO_PEERCRED, unix(7)), and whether ZMQ_IPC_FILTER_PID, _UID, _GID let it in.
#pragma once

#include <optional>

#include <sys/types.h>

namespace engine {

struct Options;

struct PeerCredentials
{
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
};

// Credentials of the peer at the time it connected or began to listen; none if the system does not say.
std::optional<PeerCredentials> peer_credentials (int fd) noexcept;

// True without filters, or if any one filter names the peer's process, user, group, or another group the user belongs to
// by the group database. May read that database, so it can block for a moment. A peer without known credentials passes no filter.
bool admitted_by_ipc_filters (int fd, const Options &options);

}  // namespace engine
