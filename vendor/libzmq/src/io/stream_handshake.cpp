// The beginning of a Stream: the handshake, and what is made of its result. See stream.hpp.
#include <cerrno>
#include <memory>
#include <span>
#include <utility>

#include <sys/socket.h>

#include <zmq.h>

#include "core/options.hpp"
#include "core/socket.hpp"
#include "io/attendance.hpp"
#include "io/connector.hpp"
#include "io/listener.hpp"
#include "io/stream.hpp"
#include "mechanism/mechanism.hpp"
#include "message/metadata.hpp"
#include "transport/transport.hpp"

namespace engine {

namespace {

HandshakeConfig handshake_config (const Socket &socket, const Options &options, int fd, const Transport &transport)
{
    const SocketType &type = socket.type ();
    HandshakeConfig config;
    config.socket_type = type.number;
    config.routing_id = options.routing_id;
    config.want_peer_routing_id = type.wants_peer_routing_id;
    config.phantom_subscription = type.wants_subscriptions;
    config.mechanism = options.mechanism;
    config.as_server = options.as_server;
    config.has_zap_domain = !options.zap_domain.empty ();
    config.max_message_size = options.maxmsgsize;
    config.metadata.assign (options.metadata.begin (), options.metadata.end ());
    config.peer_address = transport.peer_address (fd);
    config.fd = fd;
    return config;
}

}  // namespace

void Stream::start () noexcept
try {
    if (!timer_.prepare (socket_.reactor (), socket_.strand (), *this)) {
        lose ({ENOMEM, false});
        return;
    }
    const Transport &transport = connector_ ? connector_->transport () : listener_->transport ();
    raw_ = socket_.raw ();
    if (raw_) {
        const Metadata::Property property ("Peer-Address", transport.peer_address (fd_));
        metadata_ = Metadata::create ({&property, 1}, fd_);
        if (metadata_)
            metadata_->open_stock (&socket_);
        // One read more than there is room for does not matter then; see NetworkPipe::limit_bytes.
        const std::size_t room = static_cast<std::size_t> (options_->rcvhwm) * static_cast<std::size_t> (options_->in_batch_size);
        decoder_ = Decoder::raw (metadata_, room == 0 ? SIZE_MAX : room / 8);
        become_ready ({}, false);
        return;
    }
    handshake_ = std::make_unique<Handshake> (handshake_config (socket_, *options_, fd_, transport));
    const int error = watch.start (socket_.reactor (), socket_.strand (), *this, fd_, io_in);
    if (error) {
        lose ({error, false});
        return;
    }
    if (options_->handshake_ivl > 0)
        timer_.arm (socket_.reactor (), socket_.strand (), *this, now () + options_->handshake_ivl * millisecond);
    // A peer that connected has mostly begun to speak by now: one answer to all of it is one segment instead of three.
    if (listener_)
        read_handshake ();
    write_handshake ();
} catch (...) {
    lose ({ENOMEM, false});
}

void Stream::write_handshake () noexcept
{
    while (phase_ == Phase::handshake) {
        const auto bytes = handshake_->output ();
        if (bytes.empty ())
            break;
        const ssize_t count = ::send (fd_, bytes.data (), bytes.size (), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0) {
            if (errno == EINTR)
                continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                watch.modify (io_in | io_out);
            // Otherwise the read side will say why.
            return;
        }
        handshake_->sent (static_cast<std::size_t> (count));
    }
    if (phase_ == Phase::handshake)
        watch.modify (io_in);
}

void Stream::read_handshake () noexcept
try {
    std::uint8_t buffer[4096];
    while (phase_ == Phase::handshake) {
        const ssize_t count = ::recv (fd_, buffer, sizeof buffer, MSG_DONTWAIT);
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
        const bool drained = static_cast<std::size_t> (count) < sizeof buffer;
        const std::span<const std::uint8_t> bytes (buffer, static_cast<std::size_t> (count));
        const std::size_t used = handshake_->feed (bytes);
        write_handshake ();
        if (handshake_->state () == Handshake::State::failed) {
            lose ({EPROTO, handshake_->failure ().protocol});
            return;
        }
        if (handshake_->state () == Handshake::State::ready) {
            become_ready (bytes.subspan (used), drained);
            return;
        }
        if (drained)
            return;
    }
} catch (...) {
    lose ({ENOMEM, false});
}

void Stream::become_ready (std::span<const std::uint8_t> left, bool drained) noexcept
try {
    timer_.cancel ();
    watch.reset ();
    bool phantom = false;
    if (!raw_) {
        metadata_ = handshake_->metadata ();
        if (metadata_) {
            metadata_->acquire ();
            metadata_->open_stock (&socket_);
        }
        const Wire wire = handshake_->wire ();
        decoder_ = Decoder (wire, options_->maxmsgsize, options_->zero_copy_recv, metadata_);
        encoder_ = Encoder (wire);
        secure_with (handshake_->take_mechanism ());
        phantom = handshake_->phantom_subscription ();
        if (socket_.type ().make_frame_check)
            frame_check_ = socket_.type ().make_frame_check ();
        if (wire == Wire::v3_0 || wire == Wire::v3_1) {
            socket_.emit (ZMQ_EVENT_HANDSHAKE_SUCCEEDED, 0, *this);
            if (options_->heartbeat_ivl > 0)
                start_heartbeat ();
        }
    }
    phase_ = Phase::traffic;
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
