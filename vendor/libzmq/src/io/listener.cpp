#include "io/listener.hpp"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

#include <zmq.h>

#include "io/descriptor_table.hpp"
#include "io/host.hpp"
#include "io/stream.hpp"
#include "options/options.hpp"
#include "strand/strand.hpp"

namespace engine {

namespace {

// True if no connection will ever come: the application has shut down or closed a descriptor that it gave us (ZMQ_USE_FD).
bool has_ended (int fd) noexcept
{
    pollfd entry{fd, 0, 0};
    int listens = 0;
    socklen_t size = sizeof listens;
    return (::poll (&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLNVAL))) ||
           ::getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens;
}

}  // namespace

Listener::Listener (StreamHost &socket, const Transport &transport, Listening &&listening, std::shared_ptr<const Options> options)
    : Endpoint (socket, std::move (options)), transport_ (transport), listening_ (std::move (listening)),
      half_open_ (static_cast<HalfOpen::Owner &> (*this))
{}

Listener::~Listener () { close (); }

int Listener::start () noexcept { return prepare_timer () ? start_watching (listening_.fd, io_in) : ENOMEM; }

void Listener::close () noexcept
{
    timer_.reset ();
    watch_.reset ();
    if (listening_.fd < 0)
        return;
    const int fd = listening_.fd;
    // A poll(2) under way in the reactor keeps a closed descriptor's socket alive, and so does a child that was just forked and has not
    // come to closing its copy; shut down, it frees the address all the same.
    if (options_->use_fd < 0)
        ::shutdown (fd, SHUT_RDWR);
    transport_.unlisten (listening_);
    listening_.fd = -1;
    happened (ZMQ_EVENT_CLOSED, fd);
}

void Listener::end (int linger) noexcept
{
    close ();
    socket_.streams ().visit ([this, linger] (Stream &stream) {
        if (stream.listener () == this)
            stream.end_with_listener (linger);
    });
    socket_.retire (*this);
}

void Listener::on_io (std::uint32_t events) noexcept
{
    constexpr int most = 8;  // then other events, and the application, have their turn
    for (int i = 0; i < most; ++i) {
        if (is_full ()) {
            if ((events & (io_error | io_ended)) && has_ended (listening_.fd)) {
                happened (ZMQ_EVENT_ACCEPT_FAILED, EINVAL);
                watch_.reset ();  // it would be ready for ever
                return;
            }
            if (!may_displace ())
                return;
        }
        int fd = -1;
        const int error = transport_.accept (listening_.fd, *options_, fd);
        if (error == 0) {
            newcomer_ = fd;
            happened (ZMQ_EVENT_ACCEPTED, fd);
            newcomer_ = -1;
            socket_.reactor ().descriptor_table ().in_use (fd);
            // (The event may have led to handshakes that ended.)
            if (Stream *const oldest = half_open_.oldest (); oldest && is_full ())
                oldest->give_way ();
            socket_.start_stream (ByteStream (fd), options_, nullptr, this);
            continue;
        }
        const bool nobody = error == EAGAIN || error == EWOULDBLOCK;
        if (nobody && !(events & (io_error | io_ended)))
            return;
        const bool suspicious = nobody || error == EINVAL || error == EBADF || error == ENOTSOCK || error == EOPNOTSUPP;
        const bool ended = suspicious && has_ended (listening_.fd);
        if (nobody && !ended)
            return;
        happened (ZMQ_EVENT_ACCEPT_FAILED, nobody ? EINVAL : error);
        if (ended) {
            watch_.reset ();  // it would be readable for ever
            return;
        }
        if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
            // Without a descriptor the listener would stay readable for ever: let the peers know, then rest a moment.
            socket_.reactor ().accept_reserve ().shed (listening_.fd);
            watch_.modify (0);
            arm_timer (now () + 20 * millisecond);
            return;
        }
    }
}

// There are as many half-open connections as there may be. Those of one endpoint never take more than half of the descriptors that the
// process may have: what others leave open for nothing must not keep it from opening files. (The limit may be raised meanwhile.)
bool Listener::is_full () noexcept
{
    const auto most = static_cast<std::size_t> (options_->ext_max_handshakes);
    if (most == 0 || half_open_.size () < places_)
        return false;
    const auto descriptors = static_cast<std::size_t> (most_descriptors ());
    places_ = descriptors > 0 ? std::min (most, std::max<std::size_t> (descriptors / 2, 1)) : most;
    return half_open_.size () >= places_;
}

// False: all of them are young. Goes on when that has changed, or there is one less.
bool Listener::may_displace () noexcept
{
    const Nanoseconds due = half_open_.oldest_due (places_);
    if (now () >= due)
        return true;
    waiting_ = true;
    watch_.modify (0);
    arm_timer (due);
    return false;
}

void Listener::handshake_over () noexcept
{
    if (!waiting_)
        return;
    waiting_ = false;
    timer_.cancel ();
    if (watch_.active ())
        watch_.modify (io_in);
}

void Listener::on_timer () noexcept
{
    timer_.fired ();
    waiting_ = false;
    watch_.modify (io_in);
}

}  // namespace engine
