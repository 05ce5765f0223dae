// See tcp_options.hpp. Option names: socket(7), ip(7), ipv6(7), tcp(7).
#include "transport/tcp_options.hpp"

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <zmq.h>

#include "options/options.hpp"
#include "pattern/socket_type.hpp"

namespace engine {

namespace {

// Left alone, the kernel lets megabytes pile up between two processes of one machine, where nothing is gained by it and every byte has
// left the cache when its turn comes: the same stream costs two to four times the processor time. (Linux doubles the figure. Less than
// two of the loopback interface's 64 KiB segments would wait for delayed acknowledgements.)
constexpr int loopback_send_buffer = 128 * 1024;

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

bool is_loopback (const sockaddr_storage &address) noexcept
{
    constexpr std::uint8_t loopback_net = 127;
    if (address.ss_family == AF_INET)
        return ntohl (reinterpret_cast<const sockaddr_in &> (address).sin_addr.s_addr) >> 24 == loopback_net;
    if (address.ss_family != AF_INET6)
        return false;
    const in6_addr &number = reinterpret_cast<const sockaddr_in6 &> (address).sin6_addr;
    constexpr int first_of_mapped = 12;  // ::ffff:a.b.c.d
    return IN6_IS_ADDR_LOOPBACK (&number) || (IN6_IS_ADDR_V4MAPPED (&number) && number.s6_addr[first_of_mapped] == loopback_net);
}

bool publishes (const Options &options) noexcept { return options.type && options.type->publishes; }

// ---- congestion control ----

#ifdef TCP_CONGESTION

bool is_wildcard (const sockaddr_storage &address) noexcept
{
    if (address.ss_family == AF_INET)
        return reinterpret_cast<const sockaddr_in &> (address).sin_addr.s_addr == htonl (INADDR_ANY);
    return address.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED (&reinterpret_cast<const sockaddr_in6 &> (address).sin6_addr);
}

struct CongestionControl
{
    char name[8] = "";  // its beginning

    bool paces () const noexcept { return std::string_view (name, 3) == "bbr"; }  // with its later versions
    bool complete () const noexcept { return name[sizeof name - 1] == '\0'; }
    bool operator== (const CongestionControl &) const = default;
};

constexpr CongestionControl plain{"reno"};  // always at hand

// What the system gave to the listeners that leave_pacing took it from, as a number; 0: there were none.
constinit std::atomic<std::uint64_t> paced_choice{0};

CongestionControl congestion_control (int fd) noexcept
{
    CongestionControl found;
    socklen_t size = sizeof found.name;
    return ::getsockopt (fd, IPPROTO_TCP, TCP_CONGESTION, found.name, &size) == 0 ? found : CongestionControl{};
}

void set_congestion_control (int fd, const CongestionControl &choice) noexcept
{
    ::setsockopt (fd, IPPROTO_TCP, TCP_CONGESTION, choice.name, static_cast<socklen_t> (::strnlen (choice.name, sizeof choice.name)));
}

#endif

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

void tune_connection (int fd, const sockaddr_storage &peer, const Options &options, bool through_proxy) noexcept
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
    // (What a publisher cannot queue is lost, so it keeps all the room there is.)
    if (options.sndbuf < 0 && !publishes (options) && is_loopback (peer))
        set_int (fd, SOL_SOCKET, SO_SNDBUF, loopback_send_buffer);
#ifdef TCP_USER_TIMEOUT
    if (options.tcp_maxrt > 0 && !through_proxy)
        set_int (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, options.tcp_maxrt);
#else
    (void) through_proxy;
#endif
}

// BBR sends by the clock, and starting and awaiting that timer costs a stream over the loopback interface up to half of its speed.
// There is no network in between to be gentle to. (Publishers keep it: it gathers their bursts.)
void leave_pacing (int fd, const sockaddr_storage &address, const Options &options) noexcept
{
#ifdef TCP_CONGESTION
    const bool loopback = is_loopback (address);
    if (publishes (options) || !(loopback || is_wildcard (address)))
        return;
    const CongestionControl choice = congestion_control (fd);
    if (!choice.paces () || !(loopback || choice.complete ()))
        return;
    if (!loopback)
        paced_choice.store (std::bit_cast<std::uint64_t> (choice), std::memory_order_relaxed);
    set_congestion_control (fd, plain);
#else
    (void) fd;
    (void) address;
    (void) options;
#endif
}

void return_to_pacing (int fd, const sockaddr_storage &peer, const Options &options) noexcept
{
#ifdef TCP_CONGESTION
    const auto choice = std::bit_cast<CongestionControl> (paced_choice.load (std::memory_order_relaxed));
    if (choice.paces () && !publishes (options) && !is_loopback (peer) && congestion_control (fd) == plain)
        set_congestion_control (fd, choice);
#else
    (void) fd;
    (void) peer;
    (void) options;
#endif
}

}  // namespace engine
