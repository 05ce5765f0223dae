// What transports share whose address is all there is to them (vsock, tipc): no names to look up, no files, nothing to tune.
#pragma once

#include "transport/transport.hpp"

namespace engine {

// EAFNOSUPPORT if the system is without the family.
int check_family (int family) noexcept;
// `address` size 0: the system names the socket.
int plain_listen (int family, const SocketAddress &address, int backlog, int &fd) noexcept;
void plain_unlisten (Listening &listening) noexcept;
int plain_dial (const DialTarget &target, const Options &options, int &fd);
int plain_finish (int fd, const Options &options) noexcept;
int plain_accept (int listen_fd, const Options &options, int &fd) noexcept;

}  // namespace engine
