#include "io/connector.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <new>

#include <sys/socket.h>
#include <unistd.h>

#include <zmq.h>

#include "io/host.hpp"
#include "io/stream.hpp"
#include "options/options.hpp"
#include "strand/strand.hpp"

namespace engine {

namespace {

std::atomic<std::uint64_t> next_id{1};
// Between the beginnings of two attempts, whatever the options say.
constexpr Nanoseconds shortest_pause = 1 * millisecond;

}  // namespace

Connector::Connector (StreamHost &socket, const Transport &transport, std::string endpoint, std::string address,
                      std::shared_ptr<const Options> options)
    : socket_ (socket), transport_ (transport), endpoint_ (std::move (endpoint)), address_ (std::move (address)),
      options_ (std::move (options)), id_ (next_id.fetch_add (1, std::memory_order_relaxed))
{}

Connector::~Connector () { stop (); }

int Connector::prepare () noexcept { return timer_.prepare (socket_.reactor (), socket_.strand (), *this) ? 0 : ENOMEM; }

void Connector::start () noexcept { attempt (); }

void Connector::stop () noexcept
{
    ticket_.cancel ();
    timer_.reset ();
    close_fd (false);
    phase_ = Phase::abandoned;
}

// ---- an attempt ----

void Connector::attempt () noexcept
try {
    phase_ = Phase::resolving;
    attempted_ = now ();
    targets_.clear ();
    target_ = 0;
    if (transport_.resolves_at_once (address_, *options_)) {
        std::vector<DialTarget> targets;
        const int error = transport_.resolve (address_, *options_, targets);
        resolved (error, std::move (targets));
        return;
    }
    // The answer finds its way back by the strand and the number: either may be gone by then.
    Strand *const strand = &socket_.strand ();
    const std::uint64_t id = id_;
    const Transport *const transport = &transport_;
    const int error = socket_.resolver ().post ([transport, address = address_, options = options_] (
                                                  std::vector<DialTarget> &out) { return transport->resolve (address, *options, out); },
                                                [strand, id] (int outcome, std::vector<DialTarget> targets) {
                                                    HostGuard socket (*strand, HostGuard::Who::engine);
                                                    if (!socket)
                                                        return;
                                                    if (Connector *const connector = socket->find_connector (id))
                                                        connector->resolved (outcome, std::move (targets));
                                                },
                                                ticket_);
    if (error)
        retry_later ();
} catch (...) {
    retry_later ();
}

void Connector::resolved (int error, std::vector<DialTarget> targets) noexcept
{
    if (phase_ != Phase::resolving)
        return;
    if (error || targets.empty ()) {
        retry_later ();
        return;
    }
    targets_ = std::move (targets);
    target_ = 0;
    dial_next ();
}

void Connector::dial_next () noexcept
try {
    const DialTarget &target = targets_[target_];
    const int error = transport_.dial (target, *options_, fd_);
    if (error == 0) {
        connected ();
        return;
    }
    if (error != EINPROGRESS) {
        attempt_failed (error);
        return;
    }
    phase_ = Phase::connecting;
    const int failure = watch_.start (socket_.reactor (), socket_.strand (), *this, fd_, io_out);
    if (failure) {
        attempt_failed (failure);
        return;
    }
    socket_.emit_remote (ZMQ_EVENT_CONNECT_DELAYED, static_cast<std::uint64_t> (EINPROGRESS), endpoint_);
    if (options_->connect_timeout > 0 && !socks_ && target.socks_host.empty ())
        timer_.arm (socket_.reactor (), socket_.strand (), *this, now () + options_->connect_timeout * millisecond);
} catch (...) {
    attempt_failed (ENOMEM);
}

void Connector::connected () noexcept
try {
    timer_.cancel ();
    const DialTarget &target = targets_[target_];
    if (!target.socks_host.empty () && !socks_) {
        phase_ = Phase::proxy;
        socks_ = std::make_unique<SocksClient> (
          SocksRequest{target.socks_host, target.socks_port, options_->socks_username, options_->socks_password});
        if (!watch_.active ()) {
            const int error = watch_.start (socket_.reactor (), socket_.strand (), *this, fd_, io_in);
            if (error) {
                attempt_failed (error);
                return;
            }
        }
        run_proxy ();
        return;
    }
    watch_.reset ();
    socks_.reset ();
    phase_ = Phase::connected;
    backoff_ = 0;
    const int fd = fd_;
    fd_ = -1;
    socket_.emit_remote (ZMQ_EVENT_CONNECTED, static_cast<std::uint64_t> (fd), endpoint_);
    socket_.stats.connects++;
    socket_.start_stream (fd, options_, this, nullptr);
} catch (...) {
    attempt_failed (ENOMEM);
}

void Connector::run_proxy () noexcept
try {
    for (;;) {
        while (!socks_->output ().empty ()) {
            const auto bytes = socks_->output ();
            const ssize_t count = ::send (fd_, bytes.data (), bytes.size (), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count < 0 && errno == EINTR)
                continue;
            if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
                watch_.modify (io_in | io_out);
                return;
            }
            if (count < 0) {
                attempt_failed (errno);
                return;
            }
            socks_->sent (static_cast<std::size_t> (count));
        }
        watch_.modify (io_in);
        if (socks_->state () == SocksClient::State::ready) {
            connected ();
            return;
        }
        if (socks_->state () == SocksClient::State::failed) {
            attempt_failed (socks_->error ());
            return;
        }
        // Only what is the proxy's is taken out of the kernel; the rest is the peer's greeting.
        std::uint8_t buffer[512];
        const ssize_t count = ::recv (fd_, buffer, sizeof buffer, MSG_DONTWAIT | MSG_PEEK);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (count <= 0) {
            attempt_failed (count == 0 ? EPIPE : errno);
            return;
        }
        const std::size_t used = socks_->feed ({buffer, static_cast<std::size_t> (count)});
        if (::recv (fd_, buffer, used, MSG_DONTWAIT) < 0 && errno != EINTR) {
            attempt_failed (errno);
            return;
        }
    }
} catch (...) {
    attempt_failed (ENOMEM);
}

void Connector::attempt_failed (int error) noexcept
{
    socks_.reset ();
    timer_.cancel ();
    const bool had_fd = fd_ >= 0;
    close_fd (true);
    if (!had_fd && error != 0)
        socket_.emit_remote (ZMQ_EVENT_CLOSED, static_cast<std::uint64_t> (error), endpoint_);
    if (target_ + 1 < targets_.size ()) {
        ++target_;
        dial_next ();
        return;
    }
    const bool refused = error == ECONNREFUSED;
    if ((refused && (options_->reconnect_stop & ZMQ_RECONNECT_STOP_CONN_REFUSED)) ||
        (refused && lingering && (options_->reconnect_stop & ZMQ_RECONNECT_STOP_AFTER_DISCONNECT)))
    {
        phase_ = Phase::idle;
        socket_.endpoint_ended (*this);
        return;
    }
    retry_later ();
}

// ---- trying again ----

int Connector::next_interval () noexcept
{
    const int interval = options_->reconnect_ivl;
    const int longest = options_->reconnect_ivl_max;
    if (longest <= 0) {
        if (interval <= 0)
            return 0;
        const std::int64_t jittered = std::int64_t{interval} + socket_.random () % static_cast<std::uint32_t> (interval);
        return static_cast<int> (std::min<std::int64_t> (jittered, INT_MAX));
    }
    if (backoff_ == 0)
        backoff_ = interval > 0 ? interval : 1;
    const int now_due = backoff_ < longest ? backoff_ : longest;
    backoff_ = backoff_ < longest / 2 ? backoff_ * 2 : longest;
    return now_due;
}

void Connector::retry_later () noexcept
{
    if (options_->reconnect_ivl < 0) {
        phase_ = Phase::idle;
        socket_.endpoint_ended (*this);
        return;
    }
    phase_ = Phase::waiting;
    const int interval = next_interval ();
    socket_.emit_remote (ZMQ_EVENT_CONNECT_RETRIED, static_cast<std::uint64_t> (interval), endpoint_);
    // (After prepare() it always can.)
    timer_.arm (socket_.reactor (), socket_.strand (), *this, std::max (now () + interval * millisecond, attempted_ + shortest_pause));
}

void Connector::stream_lost (bool protocol, bool in_handshake) noexcept
{
    stream = nullptr;
    if (phase_ == Phase::abandoned)
        return;
    if (protocol || (in_handshake && (options_->reconnect_stop & ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED))) {
        phase_ = Phase::abandoned;
        socket_.connector_abandoned (*this);
        return;
    }
    socket_.stats.reconnects++;
    retry_later ();
}

void Connector::close_fd (bool report) noexcept
{
    watch_.reset ();
    if (fd_ < 0)
        return;
    const int fd = fd_;
    ::close (fd_);
    fd_ = -1;
    if (report)
        socket_.emit_remote (ZMQ_EVENT_CLOSED, static_cast<std::uint64_t> (fd), endpoint_);
}

// ---- events ----

void Connector::on_io (std::uint32_t) noexcept
{
    if (phase_ == Phase::proxy) {
        run_proxy ();
        return;
    }
    if (phase_ != Phase::connecting)
        return;
    const int error = transport_.finish (fd_, *options_);
    if (error == EINPROGRESS || error == EAGAIN)
        return;
    if (error)
        attempt_failed (error);
    else
        connected ();
}

void Connector::on_timer () noexcept
{
    timer_.fired ();
    if (phase_ == Phase::connecting)
        attempt_failed (ETIMEDOUT);
    else if (phase_ == Phase::waiting)
        attempt ();
}

}  // namespace engine
