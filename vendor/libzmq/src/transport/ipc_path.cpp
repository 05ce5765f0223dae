// See ipc_path.hpp.
#include "transport/ipc_path.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport/descriptor.hpp"

namespace engine {

namespace {

constexpr std::size_t path_offset = offsetof (sockaddr_un, sun_path);

const sockaddr_un &unix_address (const SocketAddress &address) noexcept
{
    return *reinterpret_cast<const sockaddr_un *> (&address.storage);
}

bool is_directory (const char *path) noexcept
{
    struct stat status;
    return ::stat (path, &status) == 0 && S_ISDIR (status.st_mode);
}

// Whether somebody accepts connections at this address: 0 yes, or the errno of the attempt.
int probe (const SocketAddress &address) noexcept
{
    const Descriptor socket (open_stream_socket (AF_UNIX));
    if (!socket.valid ())
        return errno;
    return start_connect (socket.get (), address);
}

}  // namespace

int parse_ipc_address (std::string_view address, SocketAddress &out) noexcept
{
    sockaddr_un name{};
    if (address.empty () || address == "@" || address.find ('\0') != std::string_view::npos)
        return EINVAL;
    if (address.size () >= sizeof name.sun_path)
        return ENAMETOOLONG;
    name.sun_family = AF_UNIX;
    std::memcpy (name.sun_path, address.data (), address.size ());
    std::size_t size = path_offset + address.size ();
    if (address.front () == '@')
        name.sun_path[0] = '\0';  // an abstract name has no end mark: every byte counts
    else
        ++size;
    std::memcpy (&out.storage, &name, sizeof name);
    out.size = static_cast<socklen_t> (size);
    return 0;
}

std::string ipc_endpoint_text (const SocketAddress &address)
{
    const sockaddr_un &name = unix_address (address);
    if (name.sun_family != AF_UNIX || address.size <= path_offset)
        return {};
    std::size_t size = address.size - path_offset;
    if (size > sizeof name.sun_path)
        size = sizeof name.sun_path;
    if (name.sun_path[0] == '\0')
        return "ipc://@" + std::string (name.sun_path + 1, size - 1);
    return "ipc://" + std::string (name.sun_path, ::strnlen (name.sun_path, size));
}

std::string absolute_path (const std::string &path)
{
    if (path.empty () || path.front () == '/' || path.front () == '@')
        return path;
    std::array<char, 4096> current{};
    if (::getcwd (current.data (), current.size ()) == nullptr)
        return path;
    return std::string (current.data ()) + '/' + path;
}

int make_wildcard_path (std::string &directory, std::string &path)
{
    std::string pattern;
    for (const char *variable : {"TMPDIR", "TEMPDIR", "TMP"}) {
        const char *value = std::getenv (variable);
        if (value != nullptr && *value != '\0' && is_directory (value)) {
            pattern = value;
            if (pattern.back () != '/')
                pattern += '/';
            break;
        }
    }
    pattern += "tmpXXXXXX";
    if (::mkdtemp (pattern.data ()) == nullptr)
        return errno;
    directory = pattern;
    path = pattern + "/socket";
    return 0;
}

int remove_stale (const SocketAddress &address) noexcept
{
    const char *path = unix_address (address).sun_path;
    struct stat status;
    if (*path == '\0' || ::lstat (path, &status) != 0)
        return 0;  // abstract, or nothing there; what else is wrong bind(2) says
    const bool empty_file = S_ISREG (status.st_mode) && status.st_size == 0;
    if (!S_ISSOCK (status.st_mode) && !S_ISLNK (status.st_mode) && !empty_file)
        return EADDRINUSE;
    switch (probe (address)) {
    case ECONNREFUSED:  // nobody listens (or not a socket)
    case ENOENT:        // gone meanwhile, or a link to nothing
        break;
    case 0:
    case EAGAIN:  // its backlog is full
    case EINPROGRESS:
    case EPROTOTYPE:  // a datagram socket, alive
        return EADDRINUSE;
    case EACCES:  // not ours to judge
        return EACCES;
    default:
        return EADDRINUSE;
    }
    if (::unlink (path) != 0 && errno != ENOENT)
        return errno;
    return 0;
}

}  // namespace engine
