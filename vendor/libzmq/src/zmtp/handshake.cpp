// What follows the greeting: routing ids of older peers, the mechanism's commands, and what is known of the peer then. See handshake.hpp.
#include "zmtp/handshake.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string_view>
#include <utility>

#include <zmq.h>

#include "mechanism/properties.hpp"
#include "message/metadata.hpp"
#include "pattern/socket_type.hpp"

namespace engine {

namespace {

// No routing id is this long; it bounds what a peer that never gets ready can make us hold. (Mechanisms have limits of their own.)
constexpr std::uint64_t largest_frame = 4u << 10;
constexpr std::uint64_t longest_routing_id = 255;
// Bytes that wait to be sent when pings are no longer answered.
constexpr std::size_t most_waiting = 1024;
// What NULL needs, in one piece.
constexpr std::size_t usual_output = 128;
constexpr std::size_t usual_frame = 64;

}  // namespace

Handshake::Handshake (HandshakeConfig config, std::optional<HandshakeStart> start)
    : config_ (std::move (config)), row_ (find_mechanism (config_.mechanism))
{
    if (!row_ || !find_socket_type (config_.socket_type)) {
        fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, row_ ? EINVAL : EPROTONOSUPPORT, true});
        return;
    }
    held_.reserve (usual_frame);
    out_.reserve (usual_output);
    if (!start) {
        greeting_.emplace (config_.socket_type, row_->name);
        Greeting::begin (config_.routing_id.size (), out_);
        return;
    }
    greeted_ = true;
    framing_ = start->framing;
    if (start->mechanism)
        begin_mechanism ();
    else if (!refuse_old_peer ())
        send_routing_id ();
}

Handshake::~Handshake ()
{
    if (metadata_)
        metadata_->release ();
}

void Handshake::sent (std::size_t count) noexcept
{
    out_begin_ += std::min (count, out_.size () - out_begin_);
    if (out_begin_ == out_.size ()) {
        out_.clear ();
        out_begin_ = 0;
    }
}

std::size_t Handshake::feed (std::span<const std::uint8_t> bytes) noexcept
{
    try {
        return feed_any (bytes);
    } catch (...) {
        // Memory ran out: nobody's fault, an active side may try again.
        fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, ENOMEM, false});
        return bytes.size ();
    }
}

void Handshake::decide (ZapVerdict verdict) noexcept
{
    if (!waiting ())
        return;
    try {
        mechanism_->decide (std::move (verdict));
        pump ();
    } catch (...) {
        fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, ENOMEM, false});
    }
}

std::unique_ptr<FrameCipher> Handshake::take_cipher () { return mechanism_ ? mechanism_->take_cipher () : nullptr; }

std::size_t Handshake::feed_any (std::span<const std::uint8_t> bytes)
{
    if (state_ == State::refused)
        return bytes.size ();
    if (state_ != State::in_progress)
        return 0;  // what comes later is traffic, wherever its pieces begin
    std::size_t used = 0;
    while (state_ == State::in_progress && !waiting () && used < bytes.size ())
        used += phase_ == Phase::greeting ? feed_greeting (bytes.subspan (used)) : feed_frame (bytes.subspan (used));
    if (unversioned_ && state_ == State::ready)
        check_behind (bytes.subspan (used));
    return used;
}

// ---- the greeting's end ----

std::size_t Handshake::feed_greeting (std::span<const std::uint8_t> bytes)
{
    const std::size_t used = greeting_->feed (bytes, out_);
    if (greeting_->state () == Greeting::State::unversioned)
        begin_unversioned ();
    else if (greeting_->state () == Greeting::State::done)
        end_greeting ();
    return used;
}

void Handshake::end_greeting ()
{
    greeted_ = true;
    framing_ = &greeting_->framing ();
    if (greeting_->has_mechanism ()) {
        if (!greeting_->same_mechanism ())
            return fail ({ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH, true});
        begin_mechanism ();
    } else if (!refuse_old_peer ()) {
        send_routing_id ();
    }
}

// A peer without a version: what it sent so far is the beginning of its routing id's frame, and the signature that we have sent is the
// header of ours.
void Handshake::begin_unversioned ()
{
    framing_ = &zmtp::v1;
    unversioned_ = true;
    if (refuse_old_peer ())
        return;
    greeted_ = true;
    phantom_ = config_.phantom_subscription;
    put (config_.routing_id.data (), config_.routing_id.size ());
    phase_ = Phase::routing_id;
    const auto begun = greeting_->bytes ();
    held_.assign (begun.begin (), begun.end ());
    take_frame ();
}

// Without a mechanism there is no ZAP either: who asks for one of them does not talk to such peers.
bool Handshake::refuse_old_peer () noexcept
{
    if (config_.mechanism == ZMQ_NULL && config_.zap_domain.empty ())
        return false;
    fail_silently ();
    return true;
}

void Handshake::begin_mechanism ()
{
    mechanism_ = row_->make (config_);
    phase_ = Phase::mechanism;
    pump ();
}

void Handshake::send_routing_id ()
{
    put_frame (0, config_.routing_id.data (), config_.routing_id.size ());
    phase_ = Phase::routing_id;
}

// ---- frames ----

// Takes bytes up to the end of the frame that is being collected.
std::size_t Handshake::feed_frame (std::span<const std::uint8_t> bytes)
{
    std::size_t count = 1;  // while the header is incomplete its length is not known
    if (frame_size_ > 0)
        count = std::min (frame_size_ - held_.size (), bytes.size ());
    held_.insert (held_.end (), bytes.begin (), bytes.begin () + static_cast<std::ptrdiff_t> (count));
    take_frame ();
    return count;
}

// Looks at what is held: a whole frame is handed on.
void Handshake::take_frame ()
{
    const FrameHeader header = framing_->get_header (held_);
    if (header.error)
        return fail_silently (header.error);
    if (header.header_size == 0)
        return;
    if (pieces_ ? !pieces_->expects (header) : header.piece == Piece::middle || header.piece == Piece::last)
        return fail_silently ();
    const std::uint64_t size = header.body_size + (pieces_ ? pieces_->held_before (header) : 0);
    const bool too_large = config_.max_message_size >= 0 && size > static_cast<std::uint64_t> (config_.max_message_size);
    if ((too_large && header.kind == Kind::data) || size > (mechanism_ ? mechanism_->command_limit () : largest_frame))
        return fail_silently (EMSGSIZE);
    if (phase_ == Phase::routing_id && header.piece == Piece::whole && header.kind == Kind::data && !may_be_routing_id (header))
        return fail_silently ();
    frame_size_ = header.header_size + static_cast<std::size_t> (header.body_size);
    if (held_.size () < frame_size_)
        return;
    const std::span<std::uint8_t> body = std::span (held_).subspan (header.header_size);
    if (header.mask)
        apply_mask (header.mask, body);
    if (header.piece == Piece::whole)
        take_body (header, body);
    else
        take_piece (header, body);
    held_.clear ();
    frame_size_ = 0;
    if (state_ != State::in_progress)
        std::vector<std::uint8_t> ().swap (held_);
}

void Handshake::take_body (const FrameHeader &header, std::span<std::uint8_t> body)
{
    if (header.kind == Kind::ping) {
        answer_ping (body);
    } else if (header.kind == Kind::end) {
        std::uint8_t answer[Framing::longest_end];
        say_end ({answer, framing_->answer_end (answer, body)});
        // As when a connection ends without a word: it may come back.
        fail ({phase_ == Phase::mechanism ? ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL : 0, EPIPE, false});
    } else if (header.kind != Kind::data) {
        // Has nothing to do with us.
    } else if (phase_ == Phase::routing_id) {
        take_routing_id (body);
    } else {
        mechanism_->process_command (body);
        pump ();
    }
}

void Handshake::take_piece (const FrameHeader &header, std::span<std::uint8_t> body)
{
    if (!pieces_)
        pieces_ = std::make_unique<Pieces> ();
    if (pieces_->add (header, body))
        throw std::bad_alloc ();
    if (header.piece != Piece::last)
        return;
    const FrameHeader joined = framing_->get_joined (pieces_->bytes ());
    if (joined.error || (phase_ == Phase::routing_id && joined.flags != 0))
        return fail_silently ();
    take_body (joined, pieces_->bytes ().subspan (joined.header_size));
}

// Who asks on and on before it is a peer gets no more answers than fit.
void Handshake::answer_ping (std::span<const std::uint8_t> body)
{
    if (out_.size () < most_waiting)
        put_frame (framing_->form_of (Kind::pong, false).flags, body.data (), body.size ());
}

// What the first frame of an old peer never is. Anybody may connect and say anything (port scanners, browsers, proxies), and without a
// versioned greeting this is all there is to tell them by: RFC 13 has no flags here, ids of 1 to 255 bytes, and reserves those
// that begin with a zero.
bool Handshake::may_be_routing_id (const FrameHeader &header) const noexcept
{
    if (header.flags != 0)
        return false;
    const bool begins_with_zero = header.body_size > 0 && held_.size () > header.header_size && held_[header.header_size] == 0;
    return !unversioned_ || (header.body_size <= longest_routing_id && !begins_with_zero);
}

// The same bytes may go on with what is no frame: then there was no peer, and nobody hears of one.
void Handshake::check_behind (std::span<const std::uint8_t> bytes) noexcept
{
    for (;;) {
        const FrameHeader header = zmtp::v1.get_header (bytes);
        if (header.error)
            return fail_silently ();
        if (header.header_size == 0 || header.body_size >= bytes.size () - header.header_size)
            return;
        bytes = bytes.subspan (header.header_size + static_cast<std::size_t> (header.body_size));
    }
}

void Handshake::take_routing_id (std::span<const std::uint8_t> body)
{
    if (config_.want_peer_routing_id)
        peer_routing_id_.assign (reinterpret_cast<const char *> (body.data ()), body.size ());
    finish ({}, {});
}

// Sends what the mechanism has to say and looks where it stands.
void Handshake::pump ()
{
    std::vector<std::uint8_t> command;
    while (mechanism_->next_command (command)) {
        put_frame (flag_command, command.data (), command.size ());
        command.clear ();
    }
    switch (mechanism_->status ()) {
    case Mechanism::Status::handshaking:
    case Mechanism::Status::waiting:
        return;
    case Mechanism::Status::failed:
        return fail (mechanism_->failure (), EACCES);
    case Mechanism::Status::refused:
        failure_ = mechanism_->failure ();
        state_ = State::refused;
        return;
    case Mechanism::Status::ready:
        break;
    }
    const Properties &properties = mechanism_->peer_properties ();
    if (config_.want_peer_routing_id)
        if (const std::string *identity = find_property (properties, "Identity"))
            peer_routing_id_ = *identity;
    finish (mechanism_->zap_properties (), properties);
}

void Handshake::put (const void *bytes, std::size_t size)
{
    const auto *from = static_cast<const std::uint8_t *> (bytes);
    out_.insert (out_.end (), from, from + size);
}

void Handshake::put_frame (std::uint8_t flags, const void *body, std::size_t size)
{
    const std::size_t begin = out_.size ();
    out_.resize (begin + framing_->longest_header);
    const std::size_t header_size = framing_->put_header (out_.data () + begin, flags, size);
    out_.resize (begin + header_size);
    put (body, size);
    if (framing_->masks) {
        const std::span<std::uint8_t> frame = std::span (out_).subspan (begin);
        apply_mask (framing_->get_own_header (frame.first (header_size)).mask, frame.subspan (header_size));
    }
}

// ---- the end ----

// What says where a property comes from: only a connection's layers may.
static bool is_reserved (std::string_view name) noexcept { return name.starts_with ("Peer-Certificate-") || name.starts_with ("TLS-"); }

// Of equal names the first counts.
void Handshake::finish (const Properties &zap_properties, const Properties &peer_properties)
{
    Properties known;
    if (!config_.peer_address.empty ())
        known.emplace_back ("Peer-Address", config_.peer_address);
    known.insert (known.end (), config_.connection_facts.begin (), config_.connection_facts.end ());
    known.insert (known.end (), zap_properties.begin (), zap_properties.end ());
    for (const auto &property : peer_properties)
        if (!is_reserved (property.first))
            known.push_back (property);
    if (!known.empty () || config_.fd >= 0) {
        metadata_ = Metadata::create (known, config_.fd);
        if (!metadata_)
            throw std::bad_alloc ();
    }
    state_ = State::ready;
    phase_ = Phase::done;
}

void Handshake::say_end (std::span<const std::uint8_t> body)
{
    put_frame (framing_->form_of (Kind::end, false).flags, body.data (), body.size ());
}

void Handshake::fail (Failure why, int error) noexcept
{
    failure_ = why;
    state_ = State::failed;
    phase_ = Phase::done;
    if (!why.protocol || !framing_->put_end)
        return;
    try {
        std::uint8_t body[Framing::longest_end];
        say_end ({body, framing_->put_end (body, error)});
    } catch (...) {
    }
}

}  // namespace engine
