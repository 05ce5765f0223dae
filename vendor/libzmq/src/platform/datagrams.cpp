// See datagrams.hpp: sendmmsg(2) and recvmmsg(2), which Linux and FreeBSD have.
#include "platform/datagrams.hpp"

#include <cerrno>

#include "platform/system.hpp"

namespace engine {

namespace {

msghdr header_of (const OutgoingDatagram &datagram) noexcept
{
    msghdr header{};
    header.msg_name = const_cast<sockaddr *> (datagram.to);
    header.msg_namelen = datagram.to_size;
    header.msg_iov = datagram.parts;
    header.msg_iovlen = static_cast<decltype (header.msg_iovlen)> (datagram.count);
    return header;
}

msghdr header_of (const IncomingDatagram &datagram, iovec &part) noexcept
{
    part = {datagram.buffer, datagram.capacity};
    msghdr header{};
    header.msg_name = datagram.from;
    header.msg_namelen = sizeof *datagram.from;
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    return header;
}

void fill (IncomingDatagram &datagram, const msghdr &header, std::size_t size) noexcept
{
    datagram.size = size;
    datagram.from_size = header.msg_namelen;
    datagram.truncated = (header.msg_flags & MSG_TRUNC) != 0;
}

constexpr int receive_flags = MSG_DONTWAIT;
constexpr int send_flags = MSG_DONTWAIT | send_no_signal;

template <class Call>
auto restarted (Call &&call) noexcept
{
    for (;;) {
        const auto result = call ();
        if (result >= 0 || errno != EINTR)
            return result;
    }
}

}  // namespace

int send_datagrams (int fd, const OutgoingDatagram *datagrams, int count) noexcept
{
#if ENGINE_HAS_MMSG
    if (count > 1) {
        mmsghdr headers[most_datagrams];
        for (int i = 0; i < count; ++i)
            headers[i] = {header_of (datagrams[i]), 0};
        return restarted ([&] { return ::sendmmsg (fd, headers, static_cast<unsigned> (count), send_flags); });
    }
#endif
    for (int sent = 0;; ++sent) {
        if (sent == count)
            return sent;
        const msghdr header = header_of (datagrams[sent]);
        if (restarted ([&] { return ::sendmsg (fd, &header, send_flags); }) < 0)
            return sent > 0 ? sent : -1;
    }
}

int receive_datagrams (int fd, IncomingDatagram *datagrams, int count) noexcept
{
#if ENGINE_HAS_MMSG
    mmsghdr headers[most_datagrams];
    iovec parts[most_datagrams];
    for (int i = 0; i < count; ++i)
        headers[i] = {header_of (datagrams[i], parts[i]), 0};
    const int received = restarted ([&] { return ::recvmmsg (fd, headers, static_cast<unsigned> (count), receive_flags, nullptr); });
    for (int i = 0; i < received; ++i)
        fill (datagrams[i], headers[i].msg_hdr, headers[i].msg_len);
    return received;
#else
    for (int received = 0;; ++received) {
        if (received == count)
            return received;
        iovec part;
        msghdr header = header_of (datagrams[received], part);
        const ssize_t size = restarted ([&] { return ::recvmsg (fd, &header, receive_flags); });
        if (size < 0)
            return received > 0 ? received : -1;
        fill (datagrams[received], header, static_cast<std::size_t> (size));
    }
#endif
}

}  // namespace engine
