// The beginning of a Stream: the layers' opening exchange, the handshake, and what is made of its result. See stream.hpp.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <zmq.h>

#include "base/errors.hpp"
#include "io/attendance.hpp"
#include "io/connector.hpp"
#include "io/host.hpp"
#include "io/listener.hpp"
#include "io/stream.hpp"
#include "mechanism/frame_cipher.hpp"
#include "message/metadata.hpp"
#include "options/options.hpp"
#include "transport/transport.hpp"

namespace engine {

namespace {

// What a peer that ZAP refused may still send, and how long one that was refused may stay if ZMQ_HANDSHAKE_IVL sets no limit.
constexpr std::size_t most_refused_bytes = 64 * 1024;
constexpr Nanoseconds refused_time = 30'000 * millisecond;

HandshakeConfig handshake_config (const StreamHost &socket, const Options &options, const ByteStream &bytes, const Transport &transport)
{
    const SocketType &type = socket.type ();
    HandshakeConfig config;
    config.socket_type = type.number;
    config.routing_id = options.routing_id;
    config.want_peer_routing_id = type.wants_peer_routing_id;
    config.phantom_subscription = type.wants_subscriptions;
    config.mechanism = options.mechanism;
    config.as_server = options.as_server;
    config.zap_domain = options.zap_domain;
    config.zap_enforce_domain = options.zap_enforce_domain;
    config.plain_username = options.plain_username;
    config.plain_password = options.plain_password;
    config.curve_publickey = options.curve_publickey;
    config.curve_secretkey = options.curve_secretkey;
    config.curve_serverkey = options.curve_serverkey;
    config.curve_own_key = options.curve_own_key;
    config.max_message_size = options.maxmsgsize;
    config.metadata.assign (options.metadata.begin (), options.metadata.end ());
    config.peer_address = transport.peer_address (bytes.fd ());
    bytes.describe (config.connection_facts);
    config.fd = bytes.fd ();
    return config;
}

}  // namespace

void Stream::start () noexcept
try {
    if (!prepare_timer ()) {
        lose ({ENOMEM, false});
        return;
    }
    remember_ends ();
    raw_ = socket_.raw ();
    int error = 0;
    if (listener_ && transport_.layers_on_accepted)
        error = transport_.layers_on_accepted (bytes_, *options_);
    if (!error && raw_ && bytes_.is_plain ()) {
        begin ();
        return;
    }
    if (!error)
        error = start_watching (bytes_.fd (), io_in);
    if (error) {
        lose ({error, false});
        return;
    }
    if (listener_)
        listener_->half_open ().begin (half_open_);
    if (options_->handshake_ivl > 0) {
        handshake_deadline_ = now () + options_->handshake_ivl * millisecond;
        arm_timer (handshake_deadline_);
    }
    open_layers ();
} catch (...) {
    lose ({ENOMEM, false});
}

void Stream::open_layers () noexcept
try {
    const int error = bytes_.open ();
    if (const int refusal = bytes_.refusal (); refusal && !refused_by_layer_) {
        refused_by_layer_ = true;
        happened (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, refusal);
        socket_.stats.handshake_failures++;
        limit_refused ();
    }
    if (error == 0)
        begin ();
    else if (error == EAGAIN)
        watch_.modify (bytes_.wants (io_in));
    else
        layers_failed (error);
} catch (...) {
    lose ({ENOMEM, false});
}

void Stream::layers_failed (int error) noexcept
{
    const bool of_protocol = is_protocol_error (error);
    if (!refused_by_layer_) {
        if (of_protocol)
            happened (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, error);
        if (!bytes_.failure ())  // else lose() counts it
            socket_.stats.handshake_failures++;
    }
    lose ({of_protocol ? EPROTO : error, false});
}

void Stream::begin ()
{
    if (raw_) {
        ConnectionFacts facts{{"Peer-Address", transport_.peer_address (bytes_.fd ())}};
        bytes_.describe (facts);
        metadata_ = Metadata::create (facts, bytes_.fd ());
        if (metadata_)
            metadata_->open_stock (&socket_);
        // One read more than there is room for does not matter then; see NetworkPipe::limit_bytes.
        const std::size_t room = static_cast<std::size_t> (options_->rcvhwm) * static_cast<std::size_t> (options_->in_batch_size);
        decoder_ = Decoder::raw (metadata_, room == 0 ? SIZE_MAX : room / 8);
        become_ready ({}, false);
        return;
    }
    handshake_ = std::make_unique<Handshake> (handshake_config (socket_, *options_, bytes_, transport_), bytes_.agreed ());
    if (bytes_.agreed ())
        advance_handshake ({}, false);  // it may have failed, or wait for ZAP
    // A peer that connected has mostly begun to speak by now: one answer to all of it is one segment instead of three.
    if (phase_ == Phase::handshake && (listener_ || bytes_.pending ()))
        read_handshake ();
    write_handshake ();
}

void Stream::watch_handshake (bool blocked) noexcept
{
    // While ZAP is asked nothing is read, but who does not wait for the answer is let go.
    const bool reads = !handshake_->waiting ();
    const std::uint32_t wanted = bytes_.wants ((reads ? io_in : 0u) | (blocked ? io_out : 0u));
    watch_.modify (wanted | (reads ? 0u : io_ended));
}

void Stream::serve_handshake (std::uint32_t events) noexcept
{
    if ((events & (io_error | io_ended)) && handshake_->waiting ())
        lose ({EPIPE, false});
    else if (events & (io_in | io_error))
        read_handshake ();
    if (phase_ == Phase::handshake && (events & io_out)) {
        bytes_.push ();
        write_handshake ();
    }
}

void Stream::write_handshake () noexcept
{
    while (phase_ == Phase::handshake) {
        const auto bytes = handshake_->output ();
        if (bytes.empty ())
            break;
        const ssize_t count = bytes_.write (bytes);
        if (count < 0) {
            if (errno == EINTR)
                continue;
            // Otherwise the read side will say why. It is watched again: until now it may have been the peer's end alone (ZAP).
            watch_handshake (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS);
            return;
        }
        handshake_->sent (static_cast<std::size_t> (count));
    }
    if (phase_ == Phase::handshake)
        watch_handshake (false);
}

void Stream::read_handshake () noexcept
try {
    std::uint8_t buffer[4096];
    while (phase_ == Phase::handshake && !handshake_->waiting ()) {
        const ssize_t count = bytes_.read (buffer);
        if (count < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                lose ({errno, false});
            return;
        }
        if (count == 0) {
            lose ({EPIPE, false});
            return;
        }
        const bool drained = static_cast<std::size_t> (count) < sizeof buffer && !bytes_.pending ();
        advance_handshake ({buffer, static_cast<std::size_t> (count)}, drained);
        if (drained)
            return;
    }
} catch (...) {
    lose ({ENOMEM, false});
}

void Stream::advance_handshake (std::span<const std::uint8_t> bytes, bool drained)
{
    const std::size_t used = handshake_->feed (bytes);
    write_handshake ();
    switch (handshake_->state ()) {
    case Handshake::State::failed:
        lose ({EPROTO, handshake_->failure ().protocol});
        break;
    case Handshake::State::ready:
        become_ready (bytes.subspan (used), drained);
        break;
    case Handshake::State::refused:
        // One that is not let in and goes on sending is not waited for.
        if ((refused_bytes_ += used) > most_refused_bytes)
            lose ({EPROTO, false});
        break;
    case Handshake::State::in_progress:
        if (!handshake_->waiting ())
            break;
        bytes = bytes.subspan (used);
        held_input_.assign (bytes.begin (), bytes.end ());
        ask_zap ();
        break;
    }
}

// ---- ZAP ----

void Stream::ask_zap () noexcept
{
    ZapVerdict verdict;
    try {
        zap_ = socket_.zap_inquiry (*this);
        if (zap_->ask (handshake_->zap_request ())) {
            half_open_.excuse ();
            if (socket_.closing ())
                look_for_verdict ();
            return;
        }
    } catch (...) {
        verdict.outcome = ZapVerdict::Outcome::no_memory;
    }
    if (zap_)
        zap_->cancel ();
    decided (std::move (verdict));
}

void Stream::decided (ZapVerdict verdict) noexcept
try {
    if (!asks_zap ())
        return;
    half_open_.go_on ();
    handshake_->decide (std::move (verdict));
    if (handshake_->state () == Handshake::State::refused)
        note_peer_refused ();
    const std::vector<std::uint8_t> held = std::exchange (held_input_, {});
    advance_handshake (held, false);
    if (phase_ == Phase::handshake && bytes_.pending ())
        read_handshake ();
    socket_.note_activity ();
} catch (...) {
    lose ({ENOMEM, false});
}

void Stream::note_peer_refused () noexcept
{
    happened (handshake_->failure ().event, handshake_->failure ().value);
    limit_refused ();
}

// The peer hears of it, or not, and goes. Not for ever is that waited for.
void Stream::limit_refused () noexcept
{
    if (handshake_deadline_ == never) {
        handshake_deadline_ = now () + refused_time;
        arm_timer (handshake_deadline_);
    }
}

void Stream::look_for_verdict () noexcept
{
    zap_->look ();
    if (asks_zap ())
        arm_timer (std::min (handshake_deadline_, now () + 10 * millisecond));
}

void Stream::become_ready (std::span<const std::uint8_t> left, bool drained) noexcept
try {
    timer_.cancel ();
    watch_.reset ();
    half_open_.end ();
    bool phantom = false;
    if (!raw_) {
        metadata_ = handshake_->metadata ();
        if (metadata_) {
            metadata_->acquire ();
            metadata_->open_stock (&socket_);
        }
        const Framing &framing = handshake_->framing ();
        decoder_ = Decoder (framing, options_->maxmsgsize, options_->zero_copy_recv, metadata_);
        decoder_.limit_messages (options_->ext_max_message_size, options_->ext_max_message_parts);
        encoder_ = Encoder (framing);
        if (auto cipher = handshake_->take_cipher ())
            secure_with (std::move (cipher));
        phantom = handshake_->phantom_subscription ();
        if (socket_.type ().make_frame_check)
            frame_check_ = socket_.type ().make_frame_check ();
        if (framing.has_commands) {
            happened (ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0);
            if (options_->heartbeat_ivl > 0)
                start_heartbeat ();
        }
    }
    phase_ = Phase::traffic;
    up_since_ = now ();
    unattended_ = socket_.attendance ().background ();
    lingering_ = connector_ && connector_->lingering;
    // What the handshake had to say last (a READY that did not fit) goes out first.
    if (handshake_ && !handshake_->output ().empty ()) {
        const auto bytes = handshake_->output ();
        if (batch_.append (bytes.data (), bytes.size ()) != 0) {
            lose ({ENOMEM, false});
            return;
        }
    }
    if (!socket_.stream_ready (*this)) {
        // The socket has no use for it.
        if (phase_ != Phase::dead)
            lose ({ENOMEM, false});
        return;
    }
    handshake_.reset ();
    if (phase_ == Phase::dead)
        return;
    if (keeps_unsent ()) {
        batch_.keep_messages ();
        sealed_.clear ();  // every connection has its own hello
    }
    if (phantom) {
        Msg everything;
        everything.set_kind (Kind::subscribe);
        everything.set_metadata (metadata_);
        pipe_->receive (everything);
    }
    if (!left.empty () && !decoder_.append (left)) {
        lose ({ENOMEM, false});
        return;
    }
    if (!socket_.attendance ().add (*this)) {
        lose ({errno ? errno : ENOMEM, false});
        return;
    }
    heartbeat_timer ();
    pull (drained);
    if (phase_ == Phase::traffic)
        flush ();
    socket_.note_activity ();
} catch (...) {
    lose ({ENOMEM, false});
}

}  // namespace engine
