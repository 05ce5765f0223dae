#include "io/stream.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/uio.h>

#include <zmq.h>

#include "base/errors.hpp"
#include "base/make_room.hpp"
#include "io/attendance.hpp"
#include "io/connector.hpp"
#include "io/host.hpp"
#include "io/listener.hpp"
#include "mechanism/frame_cipher.hpp"
#include "mechanism/mechanism.hpp"
#include "message/metadata.hpp"
#include "options/options.hpp"
#include "transport/transport.hpp"
#include "zmtp/unsent.hpp"

namespace engine {

Stream::Stream (StreamHost &socket, ByteStream bytes, std::shared_ptr<const Options> options, Connector *connector, Listener *listener)
    : Attended (socket, std::move (options)), connector_ (connector), listener_ (listener),
      transport_ (connector ? connector->transport () : listener->transport ()), bytes_ (std::move (bytes)), accepted_ (listener),
      decoder_ (zmtp::v3_1, -1, false, nullptr), encoder_ (zmtp::v3_1)
{}

Stream::~Stream ()
{
    shut_down ();
    if (metadata_)
        metadata_->release ();
}

void Stream::orphan () noexcept
{
    remember_ends ();
    half_open_.end ();
    connector_ = nullptr;
    listener_ = nullptr;
}

// ---- input ----

bool Stream::deliver (Msg &frame) noexcept
{
    if (frame.kind () == Kind::data) [[likely]] {
        if (frame_check_ && !frame_check_->accept (frame)) {
            fail_protocol (0);
            return false;
        }
        if (!pipe_->receive (frame)) {
            lose ({ENOMEM, false});
            return false;
        }
        return true;
    }
    switch (frame.kind ()) {
    case Kind::subscribe:
    case Kind::cancel:
        if (socket_.type ().wants_subscriptions && !pipe_->receive (frame)) {
            lose ({ENOMEM, false});
            return false;
        }
        break;
    case Kind::join:
    case Kind::leave:
        if (socket_.type ().wants_groups && !pipe_->receive (frame)) {
            lose ({ENOMEM, false});
            return false;
        }
        break;
    case Kind::ping:
        answer_ping (frame);
        break;
    case Kind::end:
        answer_end (frame);
        return false;
    default:
        break;
    }
    return true;
}

void Stream::pull (bool drained) noexcept
{
    if (phase_ == Phase::finishing) {
        check_finished ();
        return;
    }
    if (phase_ != Phase::traffic)
        return;
    // Bounded, so that one fast peer cannot keep the others (and the caller) waiting, and that what is taken is still in the cache when
    // the application gets it.
    constexpr int most_reads = 16;
    constexpr std::size_t enough = 128 * 1024;  // bytes, when they made a message
    paused_ = false;
    const bool plain = !frame_check_;
    bool read_before = drained;
    std::size_t bytes = 0;
    for (int reads = 0;;) {
        while (pipe_->wants_more ()) {
            if (decoder_.starved ())
                goto starved;
            Msg *const slot = pipe_->inbound_slot ();
            if (!slot) {
                lose ({ENOMEM, false});
                return;
            }
            const Decoder::Result result = decoder_.next (*slot);
            if (result == Decoder::Result::frame) [[likely]] {
                if (heartbeat_) [[unlikely]]
                    heartbeat_->peer_lives ();
                if (slot->kind () == Kind::data && plain && pipe_->takes (*slot)) [[likely]] {
                    pipe_->inbound_filled ();
                    continue;
                }
                Msg frame (std::move (*slot));
                if (!deliver (frame) || phase_ != Phase::traffic)
                    return;  // lost, or (a lingering one) finished by what the frame made it write
                continue;
            }
            if (result == Decoder::Result::error) {
                const int error = decoder_.error_code ();
                if (is_protocol_error (error))
                    fail_protocol (error);
                else
                    lose ({error, error != ENOMEM && error != EPIPE});
                return;
            }
            goto starved;
        }
        paused_ = true;
        socket_.attendance ().note_paused (*this);
        break;
    starved:
        // (What a layer holds is read in any case: nobody would tell of it.)
        if (((read_before && !decoder_.was_full ()) || reads >= most_reads || (bytes >= enough && pipe_->inbound_messages () > 0)) &&
            !bytes_.pending ())
            break;
        const Decoder::Space space = decoder_.space ();
        if (space.empty ()) {
            lose ({ENOMEM, false});
            return;
        }
        // (As a turn it is over then: what was asked for is not full.)
        const ssize_t count = space.first.size () > turn_bytes && socket_.strand ().in_turn ()
                                ? bytes_.read (space.first.first (turn_bytes))
                                : bytes_.read (space.first, space.behind);
        if (count <= 0) {
            if (count < 0 && errno == EINTR)
                continue;
            if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
                decoder_.filled (0);
                break;
            }
            const int error = count == 0 ? EPIPE : errno;
            decoder_.filled (0);
            lose ({error, false});
            return;
        }
        decoder_.filled (static_cast<std::size_t> (count));
        if (heartbeat_) [[unlikely]]
            heartbeat_->peer_lives ();
        read_before = true;
        ++reads;
        bytes += static_cast<std::size_t> (count);
    }
    if (!bytes_.is_plain () && mind_layers ()) [[unlikely]]
        socket_.attendance ().output_blocked (*this);
}

// What layers want besides what was asked of them. True if it is room to write, which the attendance has to be told of.
bool Stream::mind_layers () noexcept
{
    bytes_.push ();
    if (!paused_ && bytes_.pending () && pipe_) {
        // Came with a write.
        pull_due_ = true;
        socket_.request_reap (*pipe_);
    }
    if (blocked_ || !(interest () & io_out))
        return false;
    blocked_ = true;
    return true;
}

// ---- output ----

void Stream::secure_with (std::unique_ptr<FrameCipher> cipher) noexcept
{
    cipher_ = std::move (cipher);
    if (cipher_)
        decoder_.open_with (*cipher_);
}

// Puts a frame into the batch. Not 0: it is missing from the stream, which only a new connection can mend.
int Stream::encode (Msg &frame) noexcept
{
    const int error = cipher_ ? encode_sealed (frame) : raw_ ? batch_.append_body (frame) : encoder_.encode (frame, batch_);
    if (error) {
        output_dead_ = true;
        encode_error_ = error;
    }
    return error;
}

int Stream::encode_sealed (Msg &frame) noexcept
{
    const bool kept = keeps_unsent ();
    try {
        if (kept)
            make_room (sealed_, sealed_.size () + 1);
    } catch (...) {
        return ENOMEM;
    }
    const Batch::Position begin = batch_.end ();
    if (const int error = encoder_.encode_sealed (frame, batch_, *cipher_))
        return error;
    if (kept)
        sealed_.push_back ({std::move (frame), begin, batch_.end ()});
    else
        frame.reset ();
    return 0;
}

// Fills the batch from the pipe; false: there was nothing.
bool Stream::encode_some () noexcept
{
    if (!pipe_ || pipe_->outbound_messages () == 0)
        return !batch_.empty ();
    if (pipe_->between_messages ())
        batch_.begin_message ();
    const bool plain = !cipher_ && !raw_;
    while (batch_.size () < batch_limit) {
        Msg *const frame = pipe_->next_outbound ();
        if (!frame)
            break;
        if (const int error = plain ? encoder_.encode (*frame, batch_) : encode (*frame)) [[unlikely]] {
            note_refusal (*frame, error);
            return false;
        }
        pipe_->outbound_taken ();
    }
    return !batch_.empty ();
}

// The pipe's next frame could not be encoded.
void Stream::note_refusal (Msg &frame, int error) noexcept
{
    output_dead_ = true;
    encode_error_ = error;
    refused_frame_ = true;
    refused_ = std::move (frame);
    pipe_->outbound_taken ();
}

bool Stream::encode_ahead () noexcept
{
    // (What is encoded, no newer message replaces.)
    if (phase_ != Phase::traffic || blocked_ || output_dead_ || pipe_->conflates ())
        return false;
    encode_some ();
    return batch_.size () >= batch_limit;
}

namespace {

// As many of the pieces as hold so many bytes. Their count.
int cut (iovec *pieces, int count, std::size_t bytes) noexcept
{
    for (int i = 0; i < count; ++i) {
        if (pieces[i].iov_len >= bytes) {
            pieces[i].iov_len = bytes;
            return i + 1;
        }
        bytes -= pieces[i].iov_len;
    }
    return count;
}

}  // namespace

// As send(2).
ssize_t Stream::write_some () noexcept
{
    constexpr int most = 64;
    iovec entries[most];
    int count = batch_.fill_iovec (entries, most);
    if (batch_.size () > turn_bytes && bytes_.is_plain () && socket_.strand ().in_turn ()) [[unlikely]]
        count = cut (entries, count, turn_bytes);
    return bytes_.write (entries, count);
}

// The reactor has others to serve, and whoever waits for the strand. It goes on where it was when the set tells of room.
bool Stream::ends_turn (std::size_t bytes) const noexcept
{
    constexpr std::size_t most = 4 * turn_bytes;
    return socket_.strand ().in_turn () && (bytes >= most || socket_.strand ().turn_is_over ());
}

bool Stream::flush () noexcept
{
    if (phase_ != Phase::traffic && phase_ != Phase::finishing)
        return false;
    bool wrote = false;
    blocked_ = false;
    std::size_t bytes = 0;
    while (!output_dead_ && encode_some ()) {
        if (wrote && ends_turn (bytes)) {
            blocked_ = true;
            break;
        }
        const ssize_t count = write_some ();
        if (count < 0) {
            if (errno == EINTR)
                continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
                blocked_ = true;
                break;
            }
            output_dead_ = true;
            break;
        }
        batch_.written (static_cast<std::size_t> (count), !pipe_ || pipe_->between_messages ());
        if (!sealed_.empty ())
            std::erase_if (sealed_, [this] (const Sealed &sealed) { return sealed.end <= batch_.kept_from (); });
        written_ += static_cast<std::uint64_t> (count);
        wrote = true;
        stalled_ = false;
        bytes += static_cast<std::size_t> (count);
    }
    if (output_dead_ && !output_ended_)
        end_output ();
    else if (!bytes_.is_plain ()) [[unlikely]]
        mind_layers ();
    if (wrote) {
        last_write_ = now ();
        if (pipe_)
            pipe_->offer_room ();
    }
    if (blocked_)
        socket_.attendance ().output_blocked (*this);
    if (socket_.flush_waiters > 0 && !output_pending ()) [[unlikely]]
        socket_.note_activity ();
    if (lingering_ && phase_ == Phase::traffic && !output_dead_ && !output_pending ()) {
        if (say_end (0)) {
            finish ();
        } else {
            blocked_ = true;
            socket_.attendance ().output_blocked (*this);
        }
    }
    return wrote;
}

// The read side reports the loss, and gives what was not sent back to the pipe.
void Stream::end_output () noexcept
{
    output_dead_ = output_ended_ = true;
    if (encode_error_)
        bytes_.cut ();
    else
        bytes_.end_output ();
    pull_due_ = true;
    if (pipe_)
        socket_.request_reap (*pipe_);
}

bool Stream::look_and_flush () noexcept
{
    if (phase_ == Phase::traffic && keeps_unsent () && !output_dead_ && bytes_.peer_ended ())
        end_output ();
    return flush ();
}

void Stream::linger () noexcept
{
    lingering_ = true;
    look_and_flush ();
}

void Stream::send_first (Msg &frame) noexcept { encode (frame); }

bool Stream::flush_inline () noexcept
{
    if (phase_ != Phase::traffic || blocked_)
        return false;
    socket_.attendance ().take_lease ();
    // Who reads here has looked before (Batching::look_before_sending).
    return paused_ || unattended_ ? look_and_flush () : flush ();
}

bool Stream::own_output () noexcept
{
    for (Sealed &sealed : sealed_) {
        if (!sealed.frame.is_lent ())
            continue;
        if (sealed.begin < batch_.written_to ()) {
            // As with bodies that no cipher has copied: one that was begun is not worth a copy for the case that the connection ends.
            const bool more = sealed.frame.more ();
            sealed.frame.reset ();
            sealed.frame.set_more (more);
            sealed.intact = false;
        } else if (sealed.frame.own_lent () != 0) {
            return false;
        }
    }
    return batch_.own_constants () == 0 && (!refused_frame_ || refused_.own_lent () == 0);
}

// ---- events ----

void Stream::on_io (std::uint32_t events) noexcept
{
    if (phase_ == Phase::handshake) {
        if (handshake_)
            serve_handshake (bytes_.ready (events));
        else
            open_layers ();
        return;
    }
    if (phase_ == Phase::finishing) {
        check_finished ();
        return;
    }
    // Background mode: the reactor watches established streams too.
    const Strand::Turn turn (socket_.strand ());
    serve (events);
    if (phase_ == Phase::traffic)
        socket_.attendance ().interest_changed (*this);
}

// Reading first: nothing is to be written to a peer whose end has come.
void Stream::serve (std::uint32_t events) noexcept
{
    events = bytes_.ready (events);
    if (events & (io_in | io_error))
        pull ();
    if (events & io_out)
        flush ();
}

void Stream::on_timer () noexcept
{
    timer_.fired ();
    if (phase_ == Phase::handshake) {
        if (asks_zap () && now () < handshake_deadline_)
            look_for_verdict ();
        else
            lose ({EAGAIN, false});
        return;
    }
    if (phase_ == Phase::finishing) {
        check_finished ();
        return;
    }
    if (phase_ != Phase::traffic || !heartbeat_)
        return;
    // What lies in the kernel, unread, counts as traffic.
    pull ();
    if (phase_ != Phase::traffic)
        return;
    if (paused_)
        heartbeat_->peer_lives ();  // it is our application that does not read, not the peer that is silent
    for (;;) {
        const bool awaited = heartbeat_->awaits ();
        const Heartbeat::Action action = heartbeat_->poll (now () / millisecond);
        if (action == Heartbeat::Action::none)
            break;
        if (action == Heartbeat::Action::send_ping && !awaited) {
            before_ping_ = written_ + batch_.size ();
            taken_ = taken ();
        }
        if (action == Heartbeat::Action::dead) {
            if (output_moves ()) {
                heartbeat_->peer_lives ();
                continue;
            }
            lose ({ETIMEDOUT, false});
            return;
        }
        Msg ping;
        heartbeat_->make_ping (ping);
        if (!output_dead_ && !end_said_)
            encode (ping);
        flush ();
        if (phase_ != Phase::traffic)
            return;
    }
    heartbeat_timer ();
}

// How much of what was written the peer's system has.
std::uint64_t Stream::taken () const noexcept
{
    const std::int64_t unsent = bytes_.unsent ();
    return unsent > 0 ? written_ - static_cast<std::uint64_t> (unsent) : written_;
}

// A PING behind a large message reaches the peer when that has been sent. As long as it is not there, and the peer takes more and more of
// what is ahead of it, the peer lives.
bool Stream::output_moves () noexcept
{
    const std::uint64_t taken_before = taken_;
    taken_ = taken ();
    return taken_before < before_ping_ && taken_ > taken_before;
}

// Made for our own PINGs, or when the peer's first comes.
void Stream::start_heartbeat ()
{
    Heartbeat::Settings settings;
    settings.interval = options_->heartbeat_ivl;
    settings.timeout = options_->heartbeat_timeout;
    settings.ttl = options_->heartbeat_ttl;
    settings.echoes = encoder_.framing ().echoes_pings;
    heartbeat_ = std::make_unique<Heartbeat> (settings);
    heartbeat_->start (now () / millisecond);
}

void Stream::answer_ping (Msg &ping) noexcept
try {
    if (raw_)
        return;
    if (!heartbeat_)
        start_heartbeat ();
    heartbeat_->peer_lives ();
    // A peer that only asks and never reads gets no more answers than a batch holds.
    if (heartbeat_->answer_ping (now () / millisecond, ping) != 0 || output_dead_ || end_said_ || batch_.size () >= batch_limit)
        return;
    if (!decoder_.empty ())
        heartbeat_->peer_lives ();  // the PING is not the last that came
    encode (ping);
    flush ();
    if (phase_ == Phase::traffic)
        heartbeat_timer ();
} catch (...) {
}

void Stream::heartbeat_timer () noexcept
{
    if (!heartbeat_)
        return;
    const std::int64_t next = heartbeat_->next_deadline ();
    if (next == Heartbeat::never)
        timer_.cancel ();
    else
        arm_timer (next * millisecond);
}

// ---- the end ----

void Stream::fail_protocol (int code) noexcept
{
    if (code)
        happened (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, code);
    lose ({EPROTO, true});
}

void Stream::lose (Loss loss) noexcept
{
    if (phase_ == Phase::dead)
        return;
    if (zap_)
        zap_->cancel ();  // an event may bring the verdict, which comes too late
    const bool in_handshake = phase_ == Phase::handshake;
    const bool was_finishing = phase_ == Phase::finishing;
    if (const int of_layer = in_handshake ? bytes_.failure () : 0) {
        happened (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, of_layer);
        if (!refused_by_layer_)  // else it has been counted
            socket_.stats.handshake_failures++;
    } else if (in_handshake && handshake_) {
        const Handshake::Failure &failure = handshake_->failure ();
        if (handshake_->state () == Handshake::State::failed && failure.event)
            happened (failure.event, failure.value);
        else if (handshake_->state () == Handshake::State::in_progress && handshake_->mechanism_running ())
            happened (ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, loss.error);
        socket_.stats.handshake_failures++;
    }
    if (encode_error_ && encode_error_ != ENOMEM)
        happened (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, encode_error_);
    loss_ = loss.error;
    if (loss.protocol && !in_handshake)
        say_end (loss.error);
    if (!was_finishing)
        happened (ZMQ_EVENT_DISCONNECTED, bytes_.fd ());
    if (!in_handshake && !loss.protocol)
        return_unsent ();
    const bool reached_greeting = !in_handshake || (handshake_ && handshake_->greeting_done ());
    shut_down ();
    if (was_finishing)
        socket_.stream_finished (*this);
    else
        socket_.stream_lost (*this, loss.protocol, in_handshake, reached_greeting);
}

// The pipe outlives the connection, and its messages are whole ones.
bool Stream::keeps_unsent () const noexcept { return connector_ && pipe_ && connector_->pipe == pipe_ && !raw_; }

void Stream::return_unsent () noexcept
{
    if (!keeps_unsent ())
        return;
    Unsent unsent (batch_.written_to ());
    for (Sealed &sealed : sealed_)
        unsent.add (std::move (sealed.frame), sealed.end, sealed.intact);
    if (!cipher_)
        unsent.add_frames (batch_, encoder_.framing ());
    if (refused_frame_)
        unsent.add (std::move (refused_), batch_.end () + 1, encode_error_ == ENOMEM);
    unsent.finish ();
    pipe_->take_back (unsent.messages (), unsent.open ());
}

void Stream::shut_down () noexcept
{
    if (phase_ == Phase::dead)
        return;
    phase_ = Phase::dead;
    half_open_.end ();
    if (zap_)
        zap_->cancel ();
    timer_.reset ();
    socket_.attendance ().remove (*this);
    watch_.reset ();
    batch_.clear ();
    sealed_.clear ();
    decoder_ = Decoder (zmtp::v3_1, -1, false, nullptr);
    bytes_.close ();
}

// Tells the peer if that is possible at once.
void Stream::close () noexcept
{
    say_end (0);
    shut_down ();
}

bool Stream::say_end (int why) noexcept
{
    const Framing &framing = encoder_.framing ();
    if (!framing.put_end || phase_ != Phase::traffic || raw_ || output_dead_)
        return true;
    if (end_said_)
        return batch_.empty ();
    std::uint8_t body[Framing::longest_end];
    return write_end ({body, framing.put_end (body, why)});
}

void Stream::answer_end (const Msg &end) noexcept
{
    std::uint8_t body[Framing::longest_end];
    if (!output_dead_ && !end_said_) {
        const std::span<const std::uint8_t> answer{body, encoder_.framing ().answer_end (body, {end.data (), end.size ()})};
        if (keeps_unsent () && !batch_.empty ())
            write_end_past (answer);
        else
            write_end (answer);
    }
    lose ({EPIPE, false});
}

// Behind what is encoded already, and before all else.
bool Stream::write_end (std::span<const std::uint8_t> body) noexcept
{
    end_said_ = true;
    Msg end;
    static_cast<void> (end.init_copy (body.data (), body.size ()));  // fits inside: cannot fail
    end.set_kind (Kind::end);
    bool gone = encode (end) != 0;
    bool wrote = false;
    while (!gone && !batch_.empty ()) {
        const ssize_t count = write_some ();
        if (count < 0) {
            if (errno == EINTR)
                continue;
            gone = errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS;
            break;
        }
        batch_.written (static_cast<std::size_t> (count), !pipe_ || pipe_->between_messages ());
        written_ += static_cast<std::uint64_t> (count);
        wrote = true;
    }
    if (wrote && pipe_)
        pipe_->offer_room ();  // what waited before it has gone as well
    return gone || batch_.empty ();
}

// Ahead of what is encoded already, which the peer would not take any more, and which goes out again on the next connection. If that cannot
// be, nothing is said.
void Stream::write_end_past (std::span<const std::uint8_t> body) noexcept
{
    end_said_ = true;
    if (!between_frames () || bytes_.has_begun ())
        return;
    const Framing &framing = encoder_.framing ();
    std::uint8_t bytes[32 + Framing::longest_end];
    const std::size_t header_size = framing.put_header (bytes, framing.form_of (Kind::end, false).flags, body.size ());
    const std::span<std::uint8_t> copy{bytes + header_size, body.size ()};
    std::copy (body.begin (), body.end (), copy.begin ());
    if (framing.masks)
        apply_mask (framing.get_own_header ({bytes, header_size}).mask, copy);
    bytes_.write ({bytes, header_size + body.size ()});
}

// Nothing is written of the first frame that is not wholly written.
bool Stream::between_frames () const noexcept
{
    const Batch::Position at = batch_.written_to ();
    if (!cipher_)
        return at_frame (batch_, encoder_.framing ());
    return at >= batch_.kept_from () &&
           std::none_of (sealed_.begin (), sealed_.end (), [at] (const Sealed &sealed) { return sealed.begin < at && at < sealed.end; });
}

void Stream::finish () noexcept
{
    if (phase_ != Phase::traffic) {
        if (phase_ != Phase::dead)
            shut_down ();
        socket_.stream_finished (*this);
        return;
    }
    // A close(2) with unread input makes the kernel throw away what the peer has not taken yet: first let it take it.
    phase_ = Phase::finishing;
    timer_.cancel ();
    socket_.attendance ().remove (*this);
    bytes_.end_output ();
    finish_deadline_ = now ();
    check_finished ();
}

void Stream::check_finished () noexcept
{
    bool over = output_dead_;
    std::uint8_t waste[16384];
    if (!bytes_.is_plain ())
        bytes_.end_output ();  // it may not have been possible at once
    for (int reads = 0; !over && reads < 64; ++reads) {
        const ssize_t count = bytes_.read (waste);
        if (count > 0 || (count < 0 && errno == EINTR))
            continue;
        over = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        break;
    }
    if (over || bytes_.unsent () <= 0) {
        shut_down ();
        socket_.stream_finished (*this);
        return;
    }
    if (watch_.active ()) {
        if (!bytes_.is_plain ())
            watch_.modify (bytes_.wants (io_in));
    } else if (start_watching (bytes_.fd (), bytes_.wants (io_in)) != 0) {
        shut_down ();
        socket_.stream_finished (*this);
        return;
    }
    // Nothing tells that the peer's kernel took the rest: look again, soon at first, seldom later.
    const Nanoseconds time = now ();
    const Nanoseconds wait = std::clamp<Nanoseconds> ((time - finish_deadline_) / 2, millisecond, 50 * millisecond);
    arm_timer (time + wait);
}

// At once, or after what is queued for it was delivered.
void Stream::end (int linger_time) noexcept
{
    if ((finishing () || established ()) && linger_time != 0) {
        limit_lingering (linger_time);
        if (established ())
            linger ();  // finishes, now or when the queue is empty
        return;
    }
    NetworkPipe *const pipe = pipe_;
    close ();
    socket_.retire (*this);
    if (pipe)
        socket_.lose_carrier (*pipe);
}

void Stream::end_with_listener (int linger_time) noexcept
{
    orphan ();
    if (pipe_)
        pipe_->stop_writing ();
    end (linger_time);
}

const std::string &Stream::endpoint () const noexcept
{
    static const std::string none;
    if (listener_)
        return listener_->endpoint ();
    if (connector_)
        return connector_->endpoint ();
    return !ends_ ? none : accepted_ ? ends_->local : ends_->remote;
}

PeerFacts Stream::peer () const noexcept
{
    PeerFacts facts;
    const bool up = phase_ == Phase::traffic || (handshake_ && handshake_->state () == Handshake::State::ready);
    if (pipe_)
        facts.routing_id = socket_.id_of (*pipe_);
    else if (up && handshake_)
        facts.routing_id = handshake_->peer_routing_id ();
    if (up && !raw_)
        for (const MechanismRow &row : mechanism_table ())
            if (row.number == options_->mechanism)
                facts.mechanism = row.name;
    const char *const user_id = up && metadata_ ? metadata_->get ("User-Id") : nullptr;
    if (user_id)
        facts.user_id = user_id;
    facts.reason = loss_;
    return facts;
}

std::string Stream::peer_address () const { return bytes_.is_open () ? transport_.peer_address (bytes_.fd ()) : std::string (); }

void Stream::remember_ends () noexcept
try {
    if (socket_.tells_ends && !ends_)
        ends_ = std::make_unique<const Ends> (Ends{local_endpoint (), remote_endpoint ()});
} catch (...) {
    // they are asked for when they are told
}

std::string Stream::local_endpoint () const
{
    if (ends_)
        return ends_->local;
    if (listener_)
        return listener_->endpoint ();
    return connector_ && bytes_.is_open () ? transport_.local_endpoint (bytes_.fd ()) : std::string ();
}

std::string Stream::remote_endpoint () const
{
    if (ends_)
        return ends_->remote;
    if (connector_)
        return connector_->endpoint ();
    return listener_ && bytes_.is_open () ? transport_.remote_endpoint (bytes_.fd ()) : std::string ();
}

}  // namespace engine
