// What the transport tests share: descriptors that close themselves, waiting with a bound, one connection over a transport.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "options/options.hpp"
#include "transport/descriptor.hpp"
#include "transport/transport.hpp"

namespace loopback {

constexpr int wait_ms = 10000;

inline bool wait_for (int fd, short events)
{
    pollfd item{fd, events, 0};
    int result = 0;
    do
        result = ::poll (&item, 1, wait_ms);
    while (result < 0 && errno == EINTR);
    return result == 1;
}

inline int int_option (int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    CHECK (::getsockopt (fd, level, name, &value, &size) == 0);
    return value;
}

inline bool non_blocking (int fd) { return (::fcntl (fd, F_GETFL) & O_NONBLOCK) != 0 && (::fcntl (fd, F_GETFD) & FD_CLOEXEC) != 0; }

inline bool ipv6_available ()
{
    const engine::Descriptor fd (engine::open_stream_socket (AF_INET6));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    return fd.valid () && ::bind (fd.get (), reinterpret_cast<const sockaddr *> (&address), sizeof address) == 0;
}

// A listener that is unlistened at the end.
class Bound
{
  public:
    Bound (const char *transport, const std::string &address, const engine::Options &options)
        : transport_ (engine::find_transport (transport)), error_ (transport_->listen (address, options, listening_))
    {}
    ~Bound () { close (); }
    Bound (const Bound &) = delete;
    Bound &operator= (const Bound &) = delete;

    void close ()
    {
        if (listening_.fd >= 0)
            transport_->unlisten (listening_);
    }
    int error () const { return error_; }
    int fd () const { return listening_.fd; }
    const std::string &endpoint () const { return listening_.endpoint; }
    // The endpoint without "transport://".
    std::string address () const { return listening_.endpoint.substr (listening_.endpoint.find ("://") + 3); }
    std::string port () const { return listening_.endpoint.substr (listening_.endpoint.rfind (':') + 1); }

  private:
    const engine::Transport *transport_;
    engine::Listening listening_;
    int error_;
};

// Resolves, dials the first target and waits for the outcome.
inline int connect_to (const char *transport, const std::string &address, const engine::Options &options, engine::Descriptor &out)
{
    const engine::Transport *row = engine::find_transport (transport);
    std::vector<engine::DialTarget> targets;
    if (const int error = row->resolve (address, options, targets))
        return error;
    int fd = -1;
    int result = row->dial (targets.front (), options, fd);
    if (result == EINPROGRESS) {
        CHECK (wait_for (fd, POLLOUT));
        result = row->finish (fd, options);
        if (result != 0) {
            ::close (fd);
            fd = -1;
        }
    }
    CHECK ((result == 0) == (fd >= 0));
    out.reset (fd);
    return result;
}

inline int accept_from (const char *transport, const Bound &bound, const engine::Options &options, engine::Descriptor &out)
{
    CHECK (wait_for (bound.fd (), POLLIN));
    int fd = -1;
    const int result = engine::find_transport (transport)->accept (bound.fd (), options, fd);
    CHECK ((result == 0) == (fd >= 0));
    out.reset (fd);
    return result;
}

// Bytes go both ways.
inline void check_exchange (int a, int b)
{
    char c = 0;
    CHECK (::send (a, "x", 1, MSG_NOSIGNAL) == 1);
    REQUIRE (wait_for (b, POLLIN));
    CHECK (::recv (b, &c, 1, 0) == 1);
    CHECK (c == 'x');
    CHECK (::send (b, "y", 1, MSG_NOSIGNAL) == 1);
    REQUIRE (wait_for (a, POLLIN));
    CHECK (::recv (a, &c, 1, 0) == 1);
    CHECK (c == 'y');
}

// True if the other end closed.
inline bool sees_end (int fd)
{
    char c = 0;
    return wait_for (fd, POLLIN) && ::recv (fd, &c, 1, 0) <= 0;
}

inline bool exists (const std::string &path)
{
    struct stat status;
    return ::lstat (path.c_str (), &status) == 0;
}

// A new directory that is removed with the files in it.
class Directory
{
  public:
    Directory ()
    {
        std::string pattern = "/tmp/zmq-unit-XXXXXX";
        REQUIRE (::mkdtemp (pattern.data ()) != nullptr);
        path_ = pattern;
    }
    ~Directory ()
    {
        if (DIR *list = ::opendir (path_.c_str ())) {
            while (const dirent *entry = ::readdir (list))
                ::unlink (file (entry->d_name).c_str ());
            ::closedir (list);
        }
        ::rmdir (path_.c_str ());
    }
    Directory (const Directory &) = delete;
    Directory &operator= (const Directory &) = delete;

    const std::string &path () const { return path_; }
    std::string file (const std::string &name) const { return path_ + '/' + name; }

  private:
    std::string path_;
};

}  // namespace loopback
