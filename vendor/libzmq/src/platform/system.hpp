// Which calls beyond POSIX this system has, as far as the code asks for them. Each is 0 or 1. With ZMQ_PORTABLE (a build for tests) Linux
// is taken for one that has only what macOS and the BSDs have as well, so that their paths run there.
#pragma once

#include <fcntl.h>
#include <sys/param.h>  // BSD, __FreeBSD_version and the like
#include <sys/socket.h>

#if defined __linux__ && !defined ZMQ_PORTABLE
#    define ENGINE_LINUX 1
#else
#    define ENGINE_LINUX 0
#endif

// Sets of descriptors: kqueue(2), or else epoll(7).
#if defined ZMQ_USE_KQUEUE || !defined __linux__
#    define ENGINE_KQUEUE 1
#else
#    define ENGINE_KQUEUE 0
#endif

// eventfd(2), timerfd_create(2). (FreeBSD and NetBSD came to have them, but not all that are in use.)
#define ENGINE_HAS_EVENTFD ENGINE_LINUX

// SOCK_CLOEXEC, SOCK_NONBLOCK, accept4(2), pipe2(2): all but macOS.
#if defined SOCK_CLOEXEC && defined SOCK_NONBLOCK && !defined __APPLE__ && !defined ZMQ_PORTABLE
#    define ENGINE_HAS_OPEN_FLAGS 1
#else
#    define ENGINE_HAS_OPEN_FLAGS 0
#endif

// sendmmsg(2), recvmmsg(2).
#if ENGINE_LINUX || defined __FreeBSD__
#    define ENGINE_HAS_MMSG 1
#else
#    define ENGINE_HAS_MMSG 0
#endif

// ppoll(2): all but macOS and NetBSD before 10.
#if ENGINE_LINUX || defined __FreeBSD__ || defined __OpenBSD__ || defined __DragonFly__
#    define ENGINE_HAS_PPOLL 1
#else
#    define ENGINE_HAS_PPOLL 0
#endif

// A socket's own option against SIGPIPE, in place of a flag in each call: macOS.
#if defined SO_NOSIGPIPE && (defined __APPLE__ || !defined MSG_NOSIGNAL)
#    define ENGINE_HAS_QUIET_SOCKETS 1
#else
#    define ENGINE_HAS_QUIET_SOCKETS 0
#endif

namespace engine {

// For send(2) and sendmsg(2): no SIGPIPE.
#if ENGINE_HAS_QUIET_SOCKETS
constexpr int send_no_signal = 0;
#else
constexpr int send_no_signal = MSG_NOSIGNAL;
#endif

}  // namespace engine
