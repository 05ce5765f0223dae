// See kernel.hpp.
#include "kernel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "faults.hpp"
#include "invariant.hpp"
#include "stranger.hpp"
#include "wire.hpp"

namespace sim {

Kernel kernel;

namespace {

// A handshake looks for the reason when it reads, and tries again until then, with every piece of bytes that comes.
constexpr int most_refused_writes = 200;

int fail (int error) noexcept
{
    errno = error;
    return -1;
}

}  // namespace

// ---- bytes ----

void Way::put (const std::uint8_t *from, std::size_t count)
{
    bytes.insert (bytes.end (), from, from + count);
    written += count;
}

std::size_t Way::take (std::uint8_t *to, std::size_t count)
{
    count = std::min (count, readable ());
    std::memcpy (to, bytes.data () + head, count);
    head += count;
    read += count;
    if (head == bytes.size ()) {
        bytes.clear ();
        head = arrived = 0;
    } else if (head > 4096 && head * 2 > bytes.size ()) {
        bytes.erase (bytes.begin (), bytes.begin () + static_cast<std::ptrdiff_t> (head));
        arrived -= head;
        head = 0;
    }
    return count;
}

void Way::drop_in_flight () noexcept { bytes.resize (arrived); }

// ---- connections ----

void Connection::reset (int side, int error) noexcept
{
    End &at = end[side];
    way[side].drop_in_flight ();
    way[1 - side].drop_in_flight ();
    if (!at.closed && !at.error)
        at.error = error;
}

void Connection::close (int side) noexcept
{
    end[side].closed = true;
    Way &incoming = way[1 - side];
    if (end[1 - side].closed || severed || end[side].error)
        return;
    if (incoming.readable () > 0)
        reset (1 - side, ECONNRESET);  // as Linux does: what was not read is lost, and the peer hears of that
    else
        way[side].ended = true;
}

std::uint32_t Connection::ready (int side) const noexcept
{
    const Way &in = way[1 - side];
    const Way &out = way[side];
    std::uint32_t events = 0;
    if (in.readable () > 0 || in.end_arrived)
        events |= EPOLLIN;
    if (in.end_arrived)
        events |= EPOLLRDHUP;
    if (in.end_arrived && out.ended)
        events |= EPOLLHUP;
    if (end[side].error || end[side].unread)
        return events | EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDHUP;
    if (out.room () >= std::min<std::size_t> (out.capacity, 1 + out.capacity / 3))
        events |= EPOLLOUT;
    return events;
}

// ---- files ----

std::uint32_t Alarm::ready () noexcept { return kernel.time >= at ? static_cast<std::uint32_t> (EPOLLIN) : 0; }

std::uint32_t Set::ready () noexcept
{
    for (const Entry &entry : entries)
        if (kernel.file (entry.fd)->ready () & (entry.events | EPOLLERR | EPOLLHUP))
            return intended.deaf () ? 0U : static_cast<std::uint32_t> (EPOLLIN);
    return 0;
}

int Set::collect (epoll_event *out, int capacity) noexcept
{
    int found = 0;
    const std::size_t count = entries.size ();
    for (std::size_t i = 0; i < count && found < capacity; ++i) {
        const Entry &entry = entries[(first + i) % count];
        const std::uint32_t events = kernel.file (entry.fd)->ready () & (entry.events | EPOLLERR | EPOLLHUP);
        if (!events)
            continue;
        out[found].events = events;
        out[found].data.ptr = entry.data;
        ++found;
    }
    ++first;
    return found;
}

std::uint32_t Socket::ready () noexcept
{
    switch (state) {
    case State::listening:
        return waiting.empty () ? 0U : static_cast<std::uint32_t> (EPOLLIN);
    case State::connecting:
        return 0;
    case State::failed:
        return EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP;
    case State::connected:
        return connection->ready (side);
    case State::fresh:
        break;
    }
    return EPOLLOUT | EPOLLHUP;
}

void Socket::close () noexcept
{
    if (connection)
        connection->close (side);
    for (const auto &one : waiting)
        one->reset (0, ECONNRESET), one->end[1].closed = true;
    waiting.clear ();
}

// ---- descriptors ----

int Kernel::open (std::unique_ptr<File> file)
{
    file->host = host;
    files_.push_back (std::move (file));
    ++open_;
    return first_descriptor + static_cast<int> (files_.size ()) - 1;
}

bool Kernel::exists (int fd) const noexcept
{
    const std::size_t at = static_cast<std::size_t> (fd - first_descriptor);
    return fd >= first_descriptor && at < files_.size () && files_[at];
}

File *Kernel::file (int fd)
{
    if (!exists (fd))
        broken ("descriptor %d is used and not open", fd);
    return files_[static_cast<std::size_t> (fd - first_descriptor)].get ();
}

int Kernel::close (int fd)
{
    File *const one = file (fd);
    if (intended.leaks ())
        return 0;
    for (const int in : one->in_sets)
        if (exists (in))
            std::erase_if (static_cast<Set *> (file (in))->entries, [fd] (const Set::Entry &entry) { return entry.fd == fd; });
    if (auto *const set = dynamic_cast<Set *> (one))
        for (const Set::Entry &entry : set->entries)
            std::erase (file (entry.fd)->in_sets, fd);
    std::erase (connecting, fd);
    std::erase (sockets_, fd);
    one->close ();
    files_[static_cast<std::size_t> (fd - first_descriptor)].reset ();
    --open_;
    return 0;
}

void Kernel::list_open ()
{
    for (std::size_t i = 0; i < files_.size (); ++i)
        if (files_[i]) {
            auto *const socket = dynamic_cast<Socket *> (files_[i].get ());
            note ("open: %d of host %d, %s %d", first_descriptor + static_cast<int> (i), files_[i]->host,
                  socket                                     ? "socket in state"
                  : dynamic_cast<Set *> (files_[i].get ())   ? "set"
                  : dynamic_cast<Alarm *> (files_[i].get ()) ? "alarm"
                                                             : "bell",
                  socket ? static_cast<int> (socket->state) : 0);
        }
}

// ---- sockets ----

int Kernel::socket_opened ()
{
    if (happens (trouble.no_descriptors))
        return fail (EMFILE);
    const int fd = open (std::make_unique<Socket> ());
    sockets_.push_back (fd);
    return fd;
}

Socket *Kernel::listener (int at_host, std::uint16_t port) noexcept
{
    for (const int fd : sockets_) {
        auto *const socket = static_cast<Socket *> (file (fd));
        if (socket->state == Socket::State::listening && socket->host == at_host && socket->port == port && !socket->shut)
            return socket;
    }
    return nullptr;
}

int Kernel::bind (int fd, std::uint16_t port)
{
    Socket &socket = *as<Socket> (fd);
    if (port && listener (host, port))
        return fail (EADDRINUSE);
    socket.port = port ? port : next_port_++;
    return 0;
}

int Kernel::listen (int fd)
{
    as<Socket> (fd)->state = Socket::State::listening;
    return 0;
}

int Kernel::connect (int fd, int peer_host, std::uint16_t port)
{
    Socket &socket = *as<Socket> (fd);
    if (socket.state != Socket::State::fresh)
        broken ("descriptor %d is connected twice", fd);
    socket.state = Socket::State::connecting;
    socket.peer_host = peer_host;
    socket.peer_port = port;
    if (!socket.port)
        socket.port = next_port_++;
    connecting.push_back (fd);
    return fail (EINPROGRESS);
}

std::shared_ptr<Connection> Kernel::make_connection (int from, int to)
{
    auto made = std::make_shared<Connection> ();
    made->number = ++connection_count;
    made->end[0].host = from;
    made->end[1].host = to;
    connections.push_back (made);
    return made;
}

int Kernel::accept (int fd)
{
    Socket &socket = *as<Socket> (fd);
    if (socket.state != Socket::State::listening)
        broken ("descriptor %d does not listen, and is asked to accept", fd);
    if (socket.waiting.empty ())
        return fail (EAGAIN);
    if (happens (trouble.no_descriptors))
        return fail (EMFILE);
    auto connection = socket.waiting.front ();
    socket.waiting.erase (socket.waiting.begin ());
    if (happens (trouble.aborted)) {
        connection->end[1].closed = true;
        connection->reset (0, ECONNRESET);
        return fail (ECONNABORTED);
    }
    auto taken = std::make_unique<Socket> ();
    taken->state = Socket::State::connected;
    taken->port = socket.port;
    taken->peer_host = connection->end[0].host;
    taken->peer_port = static_cast<std::uint16_t> (40'000 + connection->number % 20'000);
    taken->connection = std::move (connection);
    taken->side = 1;
    const int made = open (std::move (taken));
    sockets_.push_back (made);
    return made;
}

Socket &Kernel::connected (int fd)
{
    auto *const socket = as<Socket> (fd);
    if (!socket || socket->state != Socket::State::connected)
        broken ("descriptor %d is no connection, and is read or written", fd);
    if (socket->connection->end[socket->side].told_end)
        broken ("descriptor %d is used after the engine was told that its connection is over", fd);
    return *socket;
}

ssize_t Kernel::receive (int fd, const iovec *pieces, std::size_t count)
{
    Socket &socket = connected (fd);
    End &end = socket.connection->end[socket.side];
    Way &way = socket.connection->way[1 - socket.side];
    if (happens (trouble.interrupted))
        return fail (EINTR);
    if (way.readable () > 0) {
        ssize_t got = 0;
        for (std::size_t i = 0; i < count; ++i)
            got += static_cast<ssize_t> (way.take (static_cast<std::uint8_t *> (pieces[i].iov_base), pieces[i].iov_len));
        if (socket.connection->end[1 - socket.side].stranger)
            socket.connection->end[1 - socket.side].stranger->was_read (way.read);
        return got;
    }
    if (end.error || way.end_arrived) {
        end.told_end = true;
        return end.error ? fail (end.error) : 0;
    }
    return fail (EAGAIN);
}

ssize_t Kernel::send (int fd, const iovec *pieces, std::size_t count)
{
    Socket &socket = connected (fd);
    Connection &connection = *socket.connection;
    End &end = connection.end[socket.side];
    Way &way = connection.way[socket.side];
    if (way.ended)
        broken ("descriptor %d is written after the engine has said that it will not", fd);
    if (happens (trouble.interrupted))
        return fail (EINTR);
    if (end.error || end.unread) {
        if (++end.refused_writes > most_refused_writes)
            broken ("descriptor %d is written again and again after a write has failed for good", fd);
        return fail (EPIPE);
    }
    if (happens (trouble.no_buffers))
        return fail (ENOBUFS);
    ssize_t put = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t part = std::min (pieces[i].iov_len, way.room ());
        const auto *const bytes = static_cast<const std::uint8_t *> (pieces[i].iov_base);
        way.put (bytes, part);
        if (connection.wire)
            connection.wire->sent (socket.side, {bytes, part});
        intended.spoil (way.bytes, part);
        put += static_cast<ssize_t> (part);
        if (part < pieces[i].iov_len)
            break;
    }
    return put > 0 ? put : fail (EAGAIN);
}

int Kernel::shut_down (int fd, bool both)
{
    auto *const socket = as<Socket> (fd);
    socket->shut = true;
    if (socket->state != Socket::State::connected)
        return 0;
    Connection &connection = *socket->connection;
    if (!connection.end[socket->side].error)
        connection.way[socket->side].ended = true;
    if (both)
        connection.way[1 - socket->side].end_arrived = true;
    return 0;
}

int Kernel::control (int set_fd, int operation, int fd, epoll_event *event)
{
    auto *const set = as<Set> (set_fd);
    File *const watched = file (fd);
    const auto found = std::find_if (set->entries.begin (), set->entries.end (), [fd] (const Set::Entry &entry) { return entry.fd == fd; });
    if (operation == EPOLL_CTL_ADD) {
        if (found != set->entries.end ())
            broken ("descriptor %d is put into a set twice", fd);
        if (happens (trouble.no_descriptors))
            return fail (ENOSPC);
        set->entries.push_back ({fd, event->events, event->data.ptr});
        watched->in_sets.push_back (set_fd);
        return 0;
    }
    if (found == set->entries.end ())
        return fail (ENOENT);
    if (operation == EPOLL_CTL_MOD) {
        found->events = event->events;
        found->data = event->data.ptr;
        return 0;
    }
    std::erase (watched->in_sets, set_fd);
    set->entries.erase (found);
    return 0;
}

}  // namespace sim
