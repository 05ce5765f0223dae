// The socket options of TCP that ZeroMQ's options ask for: buffers, priority, keep-alive and the rest. TCP_NODELAY is always on.
// Units and ranges are those of the options table; an option at its default touches nothing, but for the send buffer of loopback
// connections.
#pragma once

#include <sys/socket.h>

namespace engine {

struct Options;

// Before bind or connect: SNDBUF, RCVBUF, TOS, PRIORITY, BUSY_POLL, BINDTODEVICE. With `strict` the first option the system
// refuses is returned (a bind can tell its caller); without, only BINDTODEVICE is (another interface would be a
// wrong connection), since a refused hint is no reason to stay unconnected.
int tune_before_use (int fd, int family, const Options &options, bool strict) noexcept;

// For a connection to this peer: TCP_NODELAY, TCP_KEEPALIVE*, TCP_MAXRT (unless it goes through a proxy), and on the loopback interface
// a small send buffer where SNDBUF leaves it to us. The system's refusals are ignored: the peer may have reset the connection by
// now, which reading it will tell.
void tune_connection (int fd, const sockaddr_storage &peer, const Options &options, bool through_proxy) noexcept;

// Before connect or listen, with the peer's or the own address: on a loopback address no congestion control that paces, nor on the
// wildcard, where loopback connections may come. Accepted connections inherit it; on one that exists already it would come too late,
// for the kernel goes on pacing.
void leave_pacing (int fd, const sockaddr_storage &address, const Options &options) noexcept;
// On an accepted connection to this peer: the system's choice again if the peer is elsewhere and the listener is one that
// leave_pacing took it from.
void return_to_pacing (int fd, const sockaddr_storage &peer, const Options &options) noexcept;

}  // namespace engine
