// The simulated system below the engine: descriptors, connections, sets of descriptors, bells, alarms and the clock. Its functions are what
// calls.cpp leads the engine's system calls to. Nothing in it happens by itself: bytes arrive, connections are made and time passes when
// network.cpp and the world say so.
//
// It also requires what any system may: that nobody uses a descriptor that is closed, closes one twice, writes after saying that it
// will not, or goes on with a connection that it was told is over.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <sys/epoll.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "random.hpp"

namespace sim {

class Wire;      // wire.hpp
class Stranger;  // stranger.hpp

constexpr int first_descriptor = 100'000;
constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t second = 1000 * millisecond;
constexpr std::int64_t never = INT64_MAX;

// What one end of a connection has written, up to what the other has read.
struct Way
{
    std::vector<std::uint8_t> bytes;
    std::size_t head = 0;     // the first that was not read
    std::size_t arrived = 0;  // the first that has not arrived
    std::size_t capacity = 64 * 1024;
    bool ended = false;  // nothing follows; and that has arrived
    bool end_arrived = false;
    std::int64_t blocked_until = 0;
    std::uint64_t written = 0, read = 0;

    std::size_t readable () const noexcept { return arrived - head; }
    std::size_t in_flight () const noexcept { return bytes.size () - arrived; }
    std::size_t room () const noexcept { return bytes.size () - head < capacity ? capacity - (bytes.size () - head) : 0; }
    bool moves () const noexcept { return in_flight () > 0 || (ended && !end_arrived); }
    void put (const std::uint8_t *from, std::size_t count);
    std::size_t take (std::uint8_t *to, std::size_t count);
    void drop_in_flight () noexcept;
};

struct End
{
    int host = -1;
    bool closed = false;
    int error = 0;          // of the connection, to be told
    bool told_end = false;  // it has been told that nothing more will come
    int refused_writes = 0;
    bool unread = false;           // nobody will read what it writes: writing fails
    Stranger *stranger = nullptr;  // whose end it is, if not the engine's
};

// way[i] is what end[i] sends; end 0 is that which has connected.
struct Connection
{
    Way way[2];
    End end[2];
    std::uint64_t number = 0;
    bool severed = false;  // nothing moves any more, and nobody is told
    std::unique_ptr<Wire> wire;

    // An end hears that the connection is gone; what has arrived there can still be read.
    void reset (int side, int error) noexcept;
    void close (int side) noexcept;
    bool over () const noexcept { return end[0].closed && end[1].closed; }
    std::uint32_t ready (int side) const noexcept;
};

struct File
{
    virtual ~File () = default;
    virtual std::uint32_t ready () noexcept = 0;
    virtual void close () noexcept {}
    std::vector<int> in_sets;
    int host = 0;
};

struct Bell final : File
{
    std::uint32_t ready () noexcept override { return rung ? EPOLLIN | EPOLLOUT : EPOLLOUT; }
    bool rung = false;
};

struct Alarm final : File
{
    std::uint32_t ready () noexcept override;
    std::int64_t at = never;  // never: not set, or drained
};

struct Set final : File
{
    struct Entry
    {
        int fd;
        std::uint32_t events;
        void *data;
    };
    std::uint32_t ready () noexcept override;
    int collect (epoll_event *out, int capacity) noexcept;
    std::vector<Entry> entries;
    std::size_t first = 0;  // who comes first the next time
};

struct Socket final : File
{
    enum class State : std::uint8_t
    {
        fresh,
        listening,
        connecting,
        connected,
        failed
    };
    std::uint32_t ready () noexcept override;
    void close () noexcept override;

    State state = State::fresh;
    std::uint16_t port = 0;
    int peer_host = -1;
    std::uint16_t peer_port = 0;
    int error = 0;  // of a connect that failed
    bool shut = false;
    std::vector<std::shared_ptr<Connection>> waiting;  // to be accepted
    std::shared_ptr<Connection> connection;
    int side = 0;
};

class Kernel
{
  public:
    std::int64_t time = 1000 * second;
    int host = 0;  // whose code runs
    Random random{0};

    // One in so many calls fails; 0: none.
    struct Trouble
    {
        std::uint32_t interrupted = 0, no_buffers = 0, no_descriptors = 0, aborted = 0;
    } trouble;
    // What an intentional fault of the simulator does (faults.hpp); 0: nothing.
    std::vector<std::shared_ptr<Connection>> connections;
    std::vector<int> connecting;
    std::uint64_t connection_count = 0;

    int open (std::unique_ptr<File> file);
    // Broken if there is none.
    File *file (int fd);
    template <class T>
    T *as (int fd)
    {
        return dynamic_cast<T *> (file (fd));
    }
    bool exists (int fd) const noexcept;
    int close (int fd);
    std::size_t open_count () const noexcept { return open_; }
    void list_open ();
    bool happens (std::uint32_t one_in) noexcept { return one_in && random.one_in (one_in); }

    // ---- the calls; -1 with errno ----
    int socket_opened ();
    int bind (int fd, std::uint16_t port);
    int listen (int fd);
    int connect (int fd, int peer_host, std::uint16_t port);
    int accept (int fd);
    ssize_t receive (int fd, const iovec *pieces, std::size_t count);
    ssize_t send (int fd, const iovec *pieces, std::size_t count);
    int shut_down (int fd, bool both);
    int control (int set, int operation, int fd, epoll_event *event);

    Socket *listener (int at_host, std::uint16_t port) noexcept;
    std::shared_ptr<Connection> make_connection (int from, int to);

  private:
    Socket &connected (int fd);
    std::vector<std::unique_ptr<File>> files_;
    std::vector<int> sockets_;
    std::size_t open_ = 0;
    std::uint16_t next_port_ = 30'000;
};

extern Kernel kernel;

}  // namespace sim
