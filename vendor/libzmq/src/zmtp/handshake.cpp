// The opening of a connection: greeting, version decision, identity exchange with old peers, mechanism commands. See handshake.hpp.
#include "zmtp/handshake.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

#include <zmq.h>

#include "mechanism/mechanism.hpp"
#include "mechanism/properties.hpp"
#include "message/metadata.hpp"
#include "pattern/socket_type.hpp"
#include "zmtp/frame.hpp"

namespace engine {

namespace {

constexpr std::size_t signature_size = 10;
constexpr std::size_t short_greeting_size = 12;  // peers of ZMTP 1.0 (versioned) and 2.0
constexpr std::size_t greeting_size = 64;
constexpr std::size_t mechanism_at = 12;
constexpr std::size_t mechanism_size = 20;
// No handshake needs a frame this large; it bounds what a peer that never gets ready can make us hold. (Mechanisms have limits of their
// own.)
constexpr std::uint64_t largest_frame = 1u << 20;
constexpr std::uint64_t longest_identity = 255;

std::array<char, mechanism_size> padded (std::string_view name) noexcept
{
    std::array<char, mechanism_size> field{};
    std::copy_n (name.begin (), std::min (name.size (), field.size ()), field.begin ());
    return field;
}

}  // namespace

struct Handshake::Impl
{
    enum class Phase
    {
        greeting,
        identity,  // of a ZMTP 1.0 or 2.0 peer
        mechanism,
        done
    };

    explicit Impl (HandshakeConfig given) : config (std::move (given))
    {
        row = find_mechanism (config.mechanism);
        if (!row || !find_socket_type (config.socket_type)) {
            fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, row ? EINVAL : EPROTONOSUPPORT, true});
            return;
        }
        // What NULL needs, in one piece.
        held.reserve (greeting_size);
        out.reserve (2 * greeting_size);
        std::uint8_t signature[signature_size] = {0xff};
        zmtp::put_u64 (signature + 1, config.routing_id.size () + 1);
        signature[9] = 0x7f;
        put (signature, sizeof signature);
    }
    ~Impl ()
    {
        if (metadata)
            metadata->release ();
    }
    Impl (const Impl &) = delete;
    Impl &operator= (const Impl &) = delete;

    void put (const void *bytes, std::size_t size)
    {
        const auto *from = static_cast<const std::uint8_t *> (bytes);
        out.insert (out.end (), from, from + size);
    }

    void fail (Failure why) noexcept
    {
        failure = why;
        state = State::failed;
        phase = Phase::done;
    }
    void fail_silently () noexcept { fail ({0, 0, true}); }

    std::size_t feed (std::span<const std::uint8_t> bytes)
    {
        if (state == State::refused)
            return bytes.size ();
        if (state != State::in_progress)
            return 0;  // what comes later is traffic, wherever its pieces begin
        std::size_t used = 0;
        while (state == State::in_progress && !waiting () && used < bytes.size ())
            used += phase == Phase::greeting ? feed_greeting (bytes.subspan (used)) : feed_frame (bytes.subspan (used));
        if (unversioned && state == State::ready)
            check_behind (bytes.subspan (used));
        return used;
    }

    bool waiting () const noexcept { return mechanism && mechanism->status () == Mechanism::Status::waiting; }

    // ---- greeting ----
    // Takes bytes up to the next point of decision.
    std::size_t feed_greeting (std::span<const std::uint8_t> bytes)
    {
        const std::size_t have = held.size ();
        const std::size_t goal = have < 1 ? 1 : have < signature_size ? signature_size : have < 11 ? 11 : full_greeting;
        const std::size_t count = std::min (goal - have, bytes.size ());
        held.insert (held.end (), bytes.begin (), bytes.begin () + static_cast<std::ptrdiff_t> (count));
        if (held.size () < goal)
            return count;
        if (goal == 1) {
            if (held[0] != 0xff)
                become_unversioned ();
        } else if (goal == signature_size) {
            if (held[9] & 1)
                out.push_back (3);
            else
                become_unversioned ();
        } else if (goal == 11) {
            answer_major (held[10]);
        } else {
            end_greeting ();
        }
        return count;
    }

    // Old peers have neither mechanism nor ZAP: one that asks for either does not talk to them.
    bool refuse_old_peer () noexcept
    {
        if (config.mechanism == ZMQ_NULL && config.zap_domain.empty ())
            return false;
        fail_silently ();
        return true;
    }

    // A peer without a version: what it sent so far is the beginning of its identity frame, and the signature that we have sent is the
    // header of ours.
    void become_unversioned ()
    {
        wire = Wire::v1;
        unversioned = true;
        if (refuse_old_peer ())
            return;
        phantom = config.phantom_subscription;
        put (config.routing_id.data (), config.routing_id.size ());
        phase = Phase::identity;
        greeting_done = true;
        take_frame ();
    }

    void answer_major (std::uint8_t major)
    {
        if (major <= 1) {
            full_greeting = short_greeting_size;
            wire = major == 0 ? Wire::v1 : Wire::v2;
            out.push_back (static_cast<std::uint8_t> (config.socket_type));
            return;
        }
        full_greeting = greeting_size;
        std::uint8_t rest[greeting_size - 11] = {1};
        const auto name = padded (row->name);
        std::memcpy (rest + 1, name.data (), name.size ());
        put (rest, sizeof rest);
    }

    void end_greeting ()
    {
        greeting_done = true;
        if (full_greeting == short_greeting_size) {
            if (refuse_old_peer ())
                return;
            std::uint8_t header[zmtp::longest_header];
            const std::size_t size = wire == Wire::v1 ? zmtp::put_header_v1 (header, 0, config.routing_id.size ())
                                                      : zmtp::put_header_v2 (header, 0, config.routing_id.size ());
            put (header, size);
            put (config.routing_id.data (), config.routing_id.size ());
            phase = Phase::identity;
        } else {
            const auto name = padded (row->name);
            if (std::memcmp (held.data () + mechanism_at, name.data (), name.size ()) != 0)
                return fail ({ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH, true});
            wire = held[10] == 3 && held[11] == 0 ? Wire::v3_0 : Wire::v3_1;
            mechanism = row->make (config);
            phase = Phase::mechanism;
            pump ();
        }
        held.clear ();
    }

    // ---- frames ----
    // Takes bytes up to the end of the frame that is being collected.
    std::size_t feed_frame (std::span<const std::uint8_t> bytes)
    {
        std::size_t count = 1;  // while the header is incomplete its length is not known
        if (frame_size > 0)
            count = std::min (frame_size - held.size (), bytes.size ());
        held.insert (held.end (), bytes.begin (), bytes.begin () + static_cast<std::ptrdiff_t> (count));
        take_frame ();
        return count;
    }

    // Looks at what is held: a whole frame is handed on.
    void take_frame ()
    {
        const zmtp::FrameHeader header = wire == Wire::v1 ? zmtp::get_header_v1 (held) : zmtp::get_header_v2 (held);
        if (header.malformed)
            return fail_silently ();
        if (header.header_size == 0)
            return;
        const bool too_large = config.max_message_size >= 0 && header.body_size > static_cast<std::uint64_t> (config.max_message_size);
        if (too_large || header.body_size > (mechanism ? mechanism->command_limit () : largest_frame))
            return fail_silently ();
        if (phase == Phase::identity && !may_be_identity (header))
            return fail_silently ();
        frame_size = header.header_size + static_cast<std::size_t> (header.body_size);
        if (held.size () < frame_size)
            return;
        const auto body = std::span<const std::uint8_t> (held).subspan (header.header_size);
        if (phase == Phase::identity)
            end_old (body);
        else
            process (body);
        held.clear ();
        frame_size = 0;
        if (state != State::in_progress)
            std::vector<std::uint8_t> ().swap (held);
    }

    // What the first frame of an old peer never is. Anybody may connect and say anything (port scanners, browsers, proxies), and without a
    // versioned greeting this is all there is to tell them by: RFC 13 has no flags here, ids of 1 to 255 bytes, and reserves those
    // that begin with a zero.
    bool may_be_identity (const zmtp::FrameHeader &header) const noexcept
    {
        if (header.flags != 0)
            return false;
        const bool begins_with_zero = header.body_size > 0 && held.size () > header.header_size && held[header.header_size] == 0;
        return !unversioned || (header.body_size <= longest_identity && !begins_with_zero);
    }

    // The same bytes may go on with what is no frame: then there was no peer, and nobody hears of one.
    void check_behind (std::span<const std::uint8_t> bytes) noexcept
    {
        for (;;) {
            const zmtp::FrameHeader header = zmtp::get_header_v1 (bytes);
            if (header.malformed)
                return fail_silently ();
            if (header.header_size == 0 || header.body_size >= bytes.size () - header.header_size)
                return;
            bytes = bytes.subspan (header.header_size + static_cast<std::size_t> (header.body_size));
        }
    }

    void end_old (std::span<const std::uint8_t> identity)
    {
        if (config.want_peer_routing_id)
            peer_routing_id.assign (reinterpret_cast<const char *> (identity.data ()), identity.size ());
        finish ({}, {});
    }

    void process (std::span<const std::uint8_t> command)
    {
        mechanism->process_command (command);
        pump ();
    }

    // Sends what the mechanism has to say and looks where it stands.
    void pump ()
    {
        std::vector<std::uint8_t> command;
        while (mechanism->next_command (command)) {
            std::uint8_t header[zmtp::longest_header];
            put (header, zmtp::put_header_v2 (header, zmtp::flag_command, command.size ()));
            put (command.data (), command.size ());
            command.clear ();
        }
        switch (mechanism->status ()) {
        case Mechanism::Status::handshaking:
        case Mechanism::Status::waiting:
            return;
        case Mechanism::Status::failed:
            return fail (mechanism->failure ());
        case Mechanism::Status::refused:
            failure = mechanism->failure ();
            state = State::refused;
            return;
        case Mechanism::Status::ready:
            break;
        }
        const Properties &properties = mechanism->peer_properties ();
        if (config.want_peer_routing_id)
            if (const std::string *identity = find_property (properties, "Identity"))
                peer_routing_id = *identity;
        finish (mechanism->zap_properties (), properties);
    }

    // Of equal names the first counts.
    void finish (const Properties &zap_properties, const Properties &peer_properties)
    {
        Properties known;
        if (!config.peer_address.empty ())
            known.emplace_back ("Peer-Address", config.peer_address);
        known.insert (known.end (), zap_properties.begin (), zap_properties.end ());
        known.insert (known.end (), peer_properties.begin (), peer_properties.end ());
        if (!known.empty () || config.fd >= 0) {
            metadata = Metadata::create (known, config.fd);
            if (!metadata)
                throw std::bad_alloc ();
        }
        state = State::ready;
        phase = Phase::done;
    }

    HandshakeConfig config;
    const MechanismRow *row = nullptr;
    Phase phase = Phase::greeting;
    State state = State::in_progress;
    Failure failure;
    std::vector<std::uint8_t> out;  // to be sent, from out_begin on
    std::size_t out_begin = 0;
    std::vector<std::uint8_t> held;  // the greeting so far, or the frame being collected
    std::size_t full_greeting = greeting_size;
    std::size_t frame_size = 0;  // 0: header incomplete
    bool greeting_done = false;
    bool unversioned = false;
    bool phantom = false;
    Wire wire = Wire::v3_1;
    std::string peer_routing_id;
    Metadata *metadata = nullptr;
    std::unique_ptr<Mechanism> mechanism;
};

Handshake::Handshake (HandshakeConfig config) : impl_ (std::make_unique<Impl> (std::move (config))) {}
Handshake::~Handshake () = default;
Handshake::Handshake (Handshake &&) noexcept = default;
Handshake &Handshake::operator= (Handshake &&) noexcept = default;

std::span<const std::uint8_t> Handshake::output () const noexcept
{
    return std::span<const std::uint8_t> (impl_->out).subspan (impl_->out_begin);
}

void Handshake::sent (std::size_t count) noexcept
{
    impl_->out_begin += std::min (count, impl_->out.size () - impl_->out_begin);
    if (impl_->out_begin == impl_->out.size ()) {
        impl_->out.clear ();
        impl_->out_begin = 0;
    }
}

std::size_t Handshake::feed (std::span<const std::uint8_t> bytes) noexcept
{
    try {
        return impl_->feed (bytes);
    } catch (...) {
        // Memory ran out: nobody's fault, an active side may try again.
        impl_->fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, ENOMEM, false});
        return bytes.size ();
    }
}

Handshake::State Handshake::state () const noexcept { return impl_->state; }

bool Handshake::waiting () const noexcept { return impl_->state == State::in_progress && impl_->waiting (); }

std::vector<std::string> Handshake::zap_request () const { return impl_->mechanism->zap_request (); }

void Handshake::decide (ZapVerdict verdict) noexcept
{
    if (!waiting ())
        return;
    try {
        impl_->mechanism->decide (std::move (verdict));
        impl_->pump ();
    } catch (...) {
        impl_->fail ({ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, ENOMEM, false});
    }
}

const Handshake::Failure &Handshake::failure () const noexcept { return impl_->failure; }

bool Handshake::mechanism_running () const noexcept { return impl_->phase == Impl::Phase::mechanism; }

bool Handshake::greeting_done () const noexcept { return impl_->greeting_done; }

Wire Handshake::wire () const noexcept { return impl_->wire; }

const std::string &Handshake::peer_routing_id () const noexcept { return impl_->peer_routing_id; }

Metadata *Handshake::metadata () const noexcept { return impl_->metadata; }

bool Handshake::phantom_subscription () const noexcept { return impl_->phantom; }

std::unique_ptr<FrameCipher> Handshake::take_cipher () { return impl_->mechanism ? impl_->mechanism->take_cipher () : nullptr; }

}  // namespace engine
