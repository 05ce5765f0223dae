// See tcp_options.hpp. Option names: socket(7), ip(7), ipv6(7), tcp(7).
#include "transport/tcp_options.hpp"

#include <cerrno>
#include <string>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "core/options.hpp"

namespace engine {

namespace {

int set_int (int fd, int level, int name, int value) noexcept
{
    return ::setsockopt (fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

int set_type_of_service (int fd, int family, int value) noexcept
{
    // An IPv6 socket may carry mapped IPv4 traffic, so both fields are set on it.
    if (family == AF_INET6) {
        if (const int error = set_int (fd, IPPROTO_IPV6, IPV6_TCLASS, value & 0xff))
            return error;
    }
    return set_int (fd, IPPROTO_IP, IP_TOS, value);
}

int bind_to_device (int fd, const std::string &device) noexcept
{
#ifdef SO_BINDTODEVICE
    return ::setsockopt (fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str (), static_cast<socklen_t> (device.size () + 1)) == 0 ? 0 : errno;
#else
    (void) fd;
    (void) device;
    return ENOTSUP;
#endif
}

}  // namespace

int tune_before_use (int fd, int family, const Options &options, bool strict) noexcept
{
    int first_error = 0;
    const auto note = [&first_error] (int error) {
        if (first_error == 0)
            first_error = error;
    };
    if (options.sndbuf >= 0)
        note (set_int (fd, SOL_SOCKET, SO_SNDBUF, options.sndbuf));
    if (options.rcvbuf >= 0)
        note (set_int (fd, SOL_SOCKET, SO_RCVBUF, options.rcvbuf));
    if (options.tos != 0)
        note (set_type_of_service (fd, family, options.tos));
#ifdef SO_PRIORITY
    if (options.priority != 0)
        note (set_int (fd, SOL_SOCKET, SO_PRIORITY, options.priority));
#endif
#ifdef SO_BUSY_POLL
    if (options.busy_poll > 0)
        note (set_int (fd, SOL_SOCKET, SO_BUSY_POLL, options.busy_poll));
#endif
    if (!strict)
        first_error = 0;
    if (!options.bindtodevice.empty ())
        note (bind_to_device (fd, options.bindtodevice));
    return first_error;
}

void tune_connection (int fd, const Options &options, bool through_proxy) noexcept
{
    set_int (fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (options.tcp_keepalive != -1) {
        set_int (fd, SOL_SOCKET, SO_KEEPALIVE, options.tcp_keepalive);
#ifdef TCP_KEEPCNT
        if (options.tcp_keepalive_cnt != -1)
            set_int (fd, IPPROTO_TCP, TCP_KEEPCNT, options.tcp_keepalive_cnt);
#endif
#if defined TCP_KEEPIDLE
        if (options.tcp_keepalive_idle != -1)
            set_int (fd, IPPROTO_TCP, TCP_KEEPIDLE, options.tcp_keepalive_idle);
#elif defined TCP_KEEPALIVE  // macOS calls it so
        if (options.tcp_keepalive_idle != -1)
            set_int (fd, IPPROTO_TCP, TCP_KEEPALIVE, options.tcp_keepalive_idle);
#endif
#ifdef TCP_KEEPINTVL
        if (options.tcp_keepalive_intvl != -1)
            set_int (fd, IPPROTO_TCP, TCP_KEEPINTVL, options.tcp_keepalive_intvl);
#endif
    }
#ifdef TCP_USER_TIMEOUT
    if (options.tcp_maxrt > 0 && !through_proxy)
        set_int (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, options.tcp_maxrt);
#else
    (void) through_proxy;
#endif
}

}  // namespace engine
