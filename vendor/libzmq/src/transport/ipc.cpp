// See ipc.hpp.
//
// A listener never takes the name of one that is alive: bind then gives EADDRINUSE (libzmq steals the name). The file of one that
// died is replaced. On close we remove the file we made, if it is still ours (libzmq leaves it behind).
#include "transport/ipc.hpp"

#include <cerrno>

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "options/options.hpp"
#include "transport/descriptor.hpp"
#include "transport/ipc_path.hpp"
#include "transport/ipc_peer.hpp"

namespace engine {

namespace {

int check_connect (const std::string &address, const Options &options)
{
    (void) options;
    SocketAddress ignored;
    return parse_ipc_address (address, ignored);
}

bool resolves_at_once (const std::string &address, const Options &options)
{
    (void) address;
    (void) options;
    return true;
}

int resolve (const std::string &address, const Options &options, std::vector<DialTarget> &out)
{
    (void) options;
    DialTarget target;
    if (const int error = parse_ipc_address (address, target.address))
        return error;
    out.push_back (std::move (target));
    return 0;
}

int dial (const DialTarget &target, const Options &options, int &fd)
{
    (void) options;
    fd = -1;
    Descriptor socket (open_stream_socket (AF_UNIX));
    if (!socket.valid ())
        return errno;
    // EAGAIN: the listener's backlog is full. Unlike EINPROGRESS nothing is under way then.
    const int result = start_connect (socket.get (), target.address);
    if (result == 0 || result == EINPROGRESS)
        fd = socket.release ();
    return result;
}

int finish (int fd, const Options &options) noexcept
{
    (void) options;
    return connect_outcome (fd);
}

// Binds and listens; says in `made` whether a file exists now that was not there before.
int listen_at (const SocketAddress &address, int backlog, Descriptor &socket, bool &made) noexcept
{
    made = false;
    socket.reset (open_stream_socket (AF_UNIX));
    if (!socket.valid ())
        return errno;
    if (::bind (socket.get (), address.get (), address.size) != 0)
        return errno;
    made = true;
    return ::listen (socket.get (), backlog) == 0 ? 0 : errno;
}

void remove_files (const Listening &listening) noexcept
{
    // After fork the parent still uses what it made.
    if (listening.owner != ::getpid ())
        return;
    for (std::size_t i = 0; i < listening.unlink.size (); ++i) {
        const char *name = listening.unlink[i].c_str ();
        struct stat status;
        if (i > 0)
            ::rmdir (name);  // refused unless it is empty
        else if (::lstat (name, &status) == 0 && status.st_dev == listening.file_device && status.st_ino == listening.file_inode)
            ::unlink (name);
    }
}

int listen (const std::string &address, const Options &options, Listening &out)
{
    if (options.use_fd >= 0) {
        if (const int error = adopt_listener (options.use_fd, AF_UNIX, AF_UNIX, options.backlog))
            return error;
        SocketAddress name;
        if (local_address (options.use_fd, name) == 0)
            out.endpoint = ipc_endpoint_text (name);
        out.fd = options.use_fd;
        return 0;
    }

    std::string path = address;
    std::string directory;
    if (!address.empty () && address.front () == '*')
        if (const int error = make_wildcard_path (directory, path))
            return error;
    Listening made;
    made.owner = ::getpid ();
    const auto fail = [&] (int error) {
        remove_files (made);
        if (!directory.empty ())
            ::rmdir (directory.c_str ());
        return error;
    };

    SocketAddress name;
    if (const int error = parse_ipc_address (path, name))
        return fail (error);
    if (const int error = remove_stale (name))
        return fail (error);
    Descriptor socket;
    bool file_made = false;
    const int error = listen_at (name, options.backlog, socket, file_made);
    struct stat status;
    if (file_made && path.front () != '@' && ::lstat (path.c_str (), &status) == 0) {
        made.file_device = status.st_dev;
        made.file_inode = status.st_ino;
        made.unlink.push_back (absolute_path (path));
        if (!directory.empty ())
            made.unlink.push_back (absolute_path (directory));
    }
    if (error != 0)
        return fail (error);

    made.endpoint = "ipc://" + path;
    made.fd = socket.release ();
    out = std::move (made);
    return 0;
}

void unlisten (Listening &listening) noexcept
{
    // The descriptor is closed last: as long as it is open nobody takes the file for a stale one, and its inode number is not
    // given to another file, so that what we remove is ours.
    remove_files (listening);
    listening.unlink.clear ();
    const Descriptor closing (listening.fd);
    listening.fd = -1;
}

int accept (int listen_fd, const Options &options, int &fd) noexcept
try {
    fd = -1;
    int taken = -1;
    SocketAddress peer;
    if (const int error = accept_stream (listen_fd, taken, peer))
        return error;
    Descriptor socket (taken);
    if (!admitted_by_ipc_filters (taken, options))
        return ECONNREFUSED;
    fd = socket.release ();
    return 0;
} catch (...) {
    return ENOMEM;  // for the peer's groups
}

std::string canonical (const std::string &address, const Options &options)
{
    (void) options;
    return "ipc://" + address;
}

std::string local_endpoint (int fd)
{
    SocketAddress address;
    return local_address (fd, address) == 0 ? ipc_endpoint_text (address) : std::string ();
}

std::string remote_endpoint (int fd)
{
    SocketAddress address;
    return remote_address (fd, address) == 0 ? ipc_endpoint_text (address) : std::string ();
}

std::string peer_address (int fd)
{
    const std::optional<PeerCredentials> peer = peer_credentials (fd);
    if (!peer)
        return {};
    return "localhost:" + std::to_string (peer->uid) + ':' + std::to_string (peer->gid) + ':' + std::to_string (peer->pid);
}

}  // namespace

constinit const Transport ipc_transport = {
  .name = "ipc",
  .check_connect = check_connect,
  .resolves_at_once = resolves_at_once,
  .resolve = resolve,
  .listen = listen,
  .unlisten = unlisten,
  .dial = dial,
  .finish = finish,
  .accept = accept,
  .canonical = canonical,
  .local_endpoint = local_endpoint,
  .remote_endpoint = remote_endpoint,
  .peer_address = peer_address,
};

}  // namespace engine
