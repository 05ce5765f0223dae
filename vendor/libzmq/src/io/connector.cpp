#include "io/connector.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <new>

#include <zmq.h>

#include "base/errors.hpp"
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
    : Endpoint (socket, std::move (options)), transport_ (transport), endpoint_ (std::move (endpoint)), address_ (std::move (address)),
      id_ (next_id.fetch_add (1, std::memory_order_relaxed))
{}

Connector::~Connector () { stop (); }

int Connector::prepare () noexcept { return prepare_timer () ? 0 : ENOMEM; }

void Connector::start () noexcept { attempt (); }

void Connector::stop () noexcept
{
    ticket_.cancel ();
    timer_.reset ();
    close_bytes (false);
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
    int fd = -1;
    const int error = transport_.dial (target, *options_, fd);
    bytes_ = ByteStream (fd);
    if (error == 0) {
        connected ();
        return;
    }
    if (error != EINPROGRESS) {
        attempt_failed (error);
        return;
    }
    phase_ = Phase::connecting;
    const int failure = start_watching (bytes_.fd (), io_out);
    if (failure) {
        attempt_failed (failure);
        return;
    }
    happened (ZMQ_EVENT_CONNECT_DELAYED, EINPROGRESS);
    // (The limit is for reaching the peer: one that a proxy reaches is not waited for here.)
    if (options_->connect_timeout > 0 && target.socks_host.empty ())
        arm_timer (now () + options_->connect_timeout * millisecond);
} catch (...) {
    attempt_failed (ENOMEM);
}

void Connector::connected () noexcept
{
    timer_.cancel ();
    int error = 0;
    if (transport_.layers_on_dialled)
        error = transport_.layers_on_dialled (bytes_, targets_[target_], *options_);
    if (!error && bytes_.is_plain ()) {
        hand_over ();
        return;
    }
    phase_ = Phase::opening;
    if (!error && !watch_.active ())
        error = start_watching (bytes_.fd (), io_in);
    if (error) {
        attempt_failed (error);
        return;
    }
    if (options_->handshake_ivl > 0)
        arm_timer (now () + options_->handshake_ivl * millisecond);
    open_layers ();
}

void Connector::open_layers () noexcept
{
    const int error = bytes_.open ();
    if (error == 0)
        hand_over ();
    else if (error == EAGAIN)
        watch_.modify (bytes_.wants (io_in));
    else
        layers_failed (error);
}

void Connector::layers_failed (int error) noexcept
{
    if (is_protocol_error (error)) {
        happened (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, error);
        error = EPROTO;
    }
    if (!bytes_.failure ())  // else attempt_failed() counts it
        socket_.stats.handshake_failures++;
    attempt_failed (error);
}

void Connector::hand_over () noexcept
{
    timer_.cancel ();
    watch_.reset ();
    phase_ = Phase::connected;
    backoff_ = 0;
    happened (ZMQ_EVENT_CONNECTED, bytes_.fd ());
    socket_.start_stream (std::move (bytes_), options_, this, nullptr);
}

void Connector::attempt_failed (int error) noexcept
{
    timer_.cancel ();
    const bool had_fd = bytes_.is_open ();
    const int failure = bytes_.failure ();
    if (failure) {
        happened (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, failure);
        socket_.stats.handshake_failures++;
    }
    close_bytes (true);
    if (!had_fd && error != 0)
        happened (ZMQ_EVENT_CLOSED, error);
    if (target_ + 1 < targets_.size ()) {
        ++target_;
        dial_next ();
        return;
    }
    const bool refused = error == ECONNREFUSED;
    if ((refused && (options_->reconnect_stop & ZMQ_RECONNECT_STOP_CONN_REFUSED)) ||
        (refused && lingering && (options_->reconnect_stop & ZMQ_RECONNECT_STOP_AFTER_DISCONNECT)) ||
        (failure && (options_->reconnect_stop & ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED)))
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
    happened (ZMQ_EVENT_CONNECT_RETRIED, interval);
    // (After prepare() it always can.)
    arm_timer (std::max (now () + interval * millisecond, attempted_ + shortest_pause));
}

bool Connector::stream_lost (bool protocol, bool in_handshake) noexcept
{
    stream = nullptr;
    if (phase_ == Phase::abandoned)
        return false;
    if (protocol || (in_handshake && (options_->reconnect_stop & ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED))) {
        phase_ = Phase::abandoned;
        socket_.connector_abandoned (*this);
        return protocol;
    }
    socket_.stats.reconnects++;
    retry_later ();
    return false;
}

void Connector::close_bytes (bool report) noexcept
{
    watch_.reset ();
    if (!bytes_.is_open ())
        return;
    const int fd = bytes_.fd ();
    bytes_.close ();
    if (report)
        happened (ZMQ_EVENT_CLOSED, fd);
}

// ---- the end ----

// The application's side ends at once: nothing is received from it any more.
void Connector::end (int linger) noexcept
{
    NetworkPipe *const seen = stream && stream->pipe () ? stream->pipe () : pipe;
    if (seen && seen->attached) {
        socket_.detach (*seen);
        seen->discard_inbound ();
    }
    lingering = true;
    limit_lingering (linger);
    if (stream && stream->finishing () && linger != 0)
        return;
    if (stream && stream->established () && linger != 0) {
        stream->linger ();
        return;
    }
    const bool deliver_later = linger != 0 && pipe && !pipe->outbound_empty () && !abandoned ();
    if (deliver_later)
        return;
    if (stream) {
        stream->close ();
        socket_.retire (*stream);
    }
    stop ();
    pipe = nullptr;
    socket_.retire (*this);
    if (seen) {
        seen->stream = nullptr;
        seen->terminate ();
    }
}

// ---- events ----

void Connector::on_io (std::uint32_t) noexcept
{
    if (phase_ == Phase::opening) {
        open_layers ();
        return;
    }
    if (phase_ != Phase::connecting)
        return;
    const int error = transport_.finish (bytes_.fd (), *options_);
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
    if (phase_ == Phase::connecting || phase_ == Phase::opening)
        attempt_failed (ETIMEDOUT);
    else if (phase_ == Phase::waiting)
        attempt ();
}

}  // namespace engine
