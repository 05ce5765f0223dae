// Small steps every transport takes with descriptors: making them non-blocking and close-on-exec, accepting without
// being disturbed by signals, asking for the outcome of a connect. Errors are errno values, 0 is success. Nothing blocks.
#pragma once

#include <sys/socket.h>

#include "transport/transport.hpp"

namespace engine {

// Owns a descriptor until it is handed out, so that every early return closes it.
class Descriptor
{
  public:
    explicit Descriptor (int fd = -1) noexcept : fd_ (fd) {}
    ~Descriptor ();
    Descriptor (const Descriptor &) = delete;
    Descriptor &operator= (const Descriptor &) = delete;

    int get () const noexcept { return fd_; }
    bool valid () const noexcept { return fd_ >= 0; }
    int release () noexcept;
    void reset (int fd = -1) noexcept;

  private:
    int fd_;
};

// A non-blocking, close-on-exec stream socket; -1 and errno as socket(2).
int open_stream_socket (int family) noexcept;
int open_datagram_socket (int family) noexcept;

// Takes over a descriptor the application made (ZMQ_USE_FD): checks that it is a stream socket of one of the two families,
// makes it non-blocking and close-on-exec, and lets it listen if it does not yet. On an error it stays the application's.
int adopt_listener (int fd, int family, int other_family, int backlog) noexcept;

// Starts connecting. 0, EINPROGRESS or what connect(2) said. A signal does not end the attempt.
int start_connect (int fd, const SocketAddress &address) noexcept;
// Outcome of a connect that was in progress.
int connect_outcome (int fd) noexcept;

// accept(2) with CLOEXEC and NONBLOCK, restarted after signals. EAGAIN when nobody waits.
int accept_stream (int listen_fd, int &fd, SocketAddress &peer) noexcept;

int local_address (int fd, SocketAddress &out) noexcept;
int remote_address (int fd, SocketAddress &out) noexcept;

}  // namespace engine
