// Several datagrams in one system call, where the system has such calls; one after the other elsewhere.
#pragma once

#include <cstddef>

#include <sys/socket.h>
#include <sys/uio.h>

namespace engine {

constexpr int most_datagrams = 16;  // in one call

struct OutgoingDatagram
{
    iovec *parts = nullptr;
    std::size_t count = 0;
    const sockaddr *to = nullptr;
    socklen_t to_size = 0;
};

// At most most_datagrams. How many the system took, from the first on; -1 with errno: not even that one.
int send_datagrams (int fd, const OutgoingDatagram *datagrams, int count) noexcept;

struct IncomingDatagram
{
    void *buffer = nullptr;
    std::size_t capacity = 0;
    sockaddr_storage *from = nullptr;
    // Filled in:
    std::size_t size = 0;
    socklen_t from_size = 0;
    bool truncated = false;  // it was longer
};

// At most most_datagrams, as many as are there; fewer than `count`: there were no more. -1 with errno, EAGAIN: none.
int receive_datagrams (int fd, IncomingDatagram *datagrams, int count) noexcept;

}  // namespace engine
