// wire.cpp - see wire.hpp.
#include "wire.hpp"

#include "harness.hpp"

#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace conf {
namespace wire {

static std::string big_endian (uint64_t value, int bytes)
{
    std::string text;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        text.push_back (static_cast<char> (value >> shift));
    return text;
}

std::string u16 (uint16_t value) { return big_endian (value, 2); }
std::string u32 (uint32_t value) { return big_endian (value, 4); }
std::string u64 (uint64_t value) { return big_endian (value, 8); }

std::string hex (std::string_view bytes)
{
    std::string text;
    for (const unsigned char byte : bytes) {
        char digits[4];
        std::snprintf (digits, sizeof digits, "%02x ", byte);
        text += digits;
    }
    if (!text.empty ())
        text.pop_back ();
    return text;
}

std::string greeting (uint8_t minor, std::string_view mechanism, uint8_t major)
{
    std::string text = "\xff" + u64 (1) + "\x7f";
    text.push_back (static_cast<char> (major));
    text.push_back (static_cast<char> (minor));
    text.append (mechanism);
    text.resize (64, '\0');
    return text;
}

std::string frame (std::string_view body, uint8_t flags)
{
    std::string text;
    const bool large = body.size () > 255;
    text.push_back (static_cast<char> (flags | (large ? 2 : 0)));
    text += large ? u64 (body.size ()) : std::string (1, static_cast<char> (body.size ()));
    return text.append (body);
}

std::string command (std::string_view name, std::string_view data)
{
    std::string body (1, static_cast<char> (name.size ()));
    return frame (body.append (name).append (data), 4);
}

std::string property (std::string_view name, std::string_view value)
{
    std::string text (1, static_cast<char> (name.size ()));
    return text.append (name).append (u32 (static_cast<uint32_t> (value.size ()))).append (value);
}

std::string ready (std::string_view socket_type) { return command ("READY", property ("Socket-Type", socket_type)); }

std::string ready (std::string_view socket_type, std::string_view identity)
{
    return command ("READY", property ("Socket-Type", socket_type) + property ("Identity", identity));
}

std::string frame_v1 (std::string_view body, uint8_t flags)
{
    std::string text;
    const size_t length = body.size () + 1;
    text += length < 255 ? std::string (1, static_cast<char> (length)) : "\xff" + u64 (length);
    text.push_back (static_cast<char> (flags));
    return text.append (body);
}

std::map<std::string, std::string> properties (std::string_view metadata)
{
    std::map<std::string, std::string> found;
    const auto byte = [&] (size_t i) -> size_t { return static_cast<unsigned char> (metadata.at (i)); };
    for (size_t at = 0; at < metadata.size ();) {
        const size_t name = byte (at);
        const size_t size_at = at + 1 + name;
        const size_t size = byte (size_at) << 24 | byte (size_at + 1) << 16 | byte (size_at + 2) << 8 | byte (size_at + 3);
        found.emplace (metadata.substr (at + 1, name), metadata.substr (size_at + 4, size));
        at = size_at + 4 + size;
    }
    return found;
}

}  // namespace wire

static socklen_t parse (const std::string &endpoint, sockaddr_storage &address)
{
    address = {};
    if (endpoint.starts_with ("ipc://")) {
        auto *local = reinterpret_cast<sockaddr_un *> (&address);
        local->sun_family = AF_UNIX;
        const std::string path = endpoint.substr (6);
        path.copy (local->sun_path, sizeof local->sun_path - 1);
        if (path[0] != '@')
            return sizeof *local;
        local->sun_path[0] = '\0';
        return static_cast<socklen_t> (offsetof (sockaddr_un, sun_path) + path.size ());
    }
    const auto port = htons (static_cast<uint16_t> (port_of (endpoint)));
    if (endpoint.starts_with ("tcp://[")) {
        auto *six = reinterpret_cast<sockaddr_in6 *> (&address);
        six->sin6_family = AF_INET6;
        six->sin6_addr = in6addr_loopback;
        six->sin6_port = port;
        return sizeof *six;
    }
    auto *four = reinterpret_cast<sockaddr_in *> (&address);
    four->sin_family = AF_INET;
    four->sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    four->sin_port = port;
    return sizeof *four;
}

bool readable_placeholder;
static bool readable (int fd, int ms)
{
    pollfd item = {fd, POLLIN, 0};
    return poll (&item, 1, ms) > 0;
}

Peer Peer::connect (const std::string &endpoint)
{
    sockaddr_storage address;
    const socklen_t size = parse (endpoint, address);
    Peer peer (::socket (address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (peer._fd == -1 || ::connect (peer._fd, reinterpret_cast<sockaddr *> (&address), size) == -1)
        fail ("raw connect " + endpoint);
    if (address.ss_family != AF_UNIX) {
        const int on = 1;
        setsockopt (peer._fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return peer;
}

Peer &Peer::operator= (Peer &&other) noexcept
{
    std::swap (_fd, other._fd);
    return *this;
}

Peer::~Peer () { close (); }

void Peer::close ()
{
    if (_fd != -1)
        ::close (release ());
}

int Peer::release () { return std::exchange (_fd, -1); }

void Peer::reset ()
{
    const linger hard = {1, 0};
    setsockopt (_fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close ();
}

void Peer::shut_writes () { ::shutdown (_fd, SHUT_WR); }

bool Peer::try_send (std::string_view bytes)
{
    while (!bytes.empty ()) {
        const ssize_t rc = ::send (_fd, bytes.data (), bytes.size (), MSG_NOSIGNAL);
        if (rc == -1)
            return false;
        bytes.remove_prefix (static_cast<size_t> (rc));
    }
    return true;
}

void Peer::send (std::string_view bytes)
{
    if (!try_send (bytes))
        fail ("raw send");
}

std::string Peer::read (size_t count)
{
    std::string bytes;
    while (bytes.size () < count) {
        char buffer[65536];
        if (!readable (_fd, patience))
            throw Failure ("raw read: got only " + wire::hex (bytes));
        const ssize_t rc = ::recv (_fd, buffer, std::min (count - bytes.size (), sizeof buffer), 0);
        if (rc <= 0)
            throw Failure ("raw read: closed after " + wire::hex (bytes));
        bytes.append (buffer, static_cast<size_t> (rc));
    }
    return bytes;
}

std::string Peer::read_available (int quiet_ms)
{
    std::string bytes;
    char buffer[65536];
    while (readable (_fd, quiet_ms)) {
        const ssize_t rc = ::recv (_fd, buffer, sizeof buffer, 0);
        if (rc <= 0)
            break;
        bytes.append (buffer, static_cast<size_t> (rc));
    }
    return bytes;
}

bool Peer::waiting (int ms) { return readable (_fd, ms); }

Frame Peer::read_frame ()
{
    Frame frame;
    frame.flags = static_cast<uint8_t> (read (1)[0]);
    uint64_t size = 0;
    for (const unsigned char byte : read (frame.flags & 2 ? 8 : 1))
        size = size << 8 | byte;
    frame.body = read (size);
    return frame;
}

std::string Peer::read_frame_v1 (uint8_t *flags)
{
    uint64_t size = static_cast<unsigned char> (read (1)[0]);
    if (size == 255) {
        size = 0;
        for (const unsigned char byte : read (8))
            size = size << 8 | byte;
    }
    const std::string body = read (size);
    if (flags)
        *flags = static_cast<uint8_t> (body.at (0));
    return body.substr (1);
}

std::map<std::string, std::string> Peer::read_ready ()
{
    read (64);
    const Frame frame = read_frame ();
    if (!frame.command () || !frame.body.starts_with ("\5READY"))
        throw Failure ("expected READY, got " + wire::hex (frame.body));
    return wire::properties (std::string_view (frame.body).substr (6));
}

std::map<std::string, std::string> Peer::handshake (std::string_view socket_type, uint8_t minor)
{
    send (wire::greeting (minor) + wire::ready (socket_type));
    return read_ready ();
}

std::map<std::string, std::string> Peer::handshake_as (std::string_view socket_type, std::string_view identity)
{
    send (wire::greeting () + wire::ready (socket_type, identity));
    return read_ready ();
}

bool Peer::closed (int ms)
{
    const Timer timer;
    char buffer[65536];
    while (timer.ms () <= ms) {
        if (!readable (_fd, std::max (0, ms - static_cast<int> (timer.ms ()))))
            return false;
        if (::recv (_fd, buffer, sizeof buffer, 0) <= 0)
            return true;
    }
    return false;
}

bool Peer::open (int ms) { return !closed (ms); }

Listener::Listener () : Listener ("tcp://127.0.0.1:0") {}

Listener::Listener (const std::string &endpoint) : _endpoint (endpoint)
{
    sockaddr_storage address;
    socklen_t size = parse (endpoint, address);
    _fd = ::socket (address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt (_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (_fd == -1 || ::bind (_fd, reinterpret_cast<sockaddr *> (&address), size) == -1 || listen (_fd, 16) == -1)
        fail ("raw listen " + endpoint);
    if (address.ss_family == AF_INET) {
        sockaddr_in four{};
        size = sizeof four;
        getsockname (_fd, reinterpret_cast<sockaddr *> (&four), &size);
        _endpoint = "tcp://127.0.0.1:" + std::to_string (ntohs (four.sin_port));
    }
}

Listener::~Listener () { close (); }

void Listener::close ()
{
    if (_fd != -1)
        ::close (std::exchange (_fd, -1));
}

Peer Listener::accept (int ms)
{
    if (!readable (_fd, ms))
        throw Failure ("nobody connected");
    const int fd = ::accept4 (_fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd == -1)
        fail ("raw accept");
    return Peer (fd);
}

bool Listener::nobody (int ms) { return !readable (_fd, ms); }

}  // namespace conf
