// One connection that is up: handshake, then frames in both directions between its bytes and its pipe. The same for every
// byte-stream transport. All functions want the strand held; none blocks.
//
// While it shakes hands the reactor watches its descriptor; afterwards the socket's Attendance does.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "io/attended.hpp"
#include "io/half_open.hpp"
#include "io/network_pipe.hpp"
#include "io/reactor.hpp"
#include "io/zap_inquiry.hpp"
#include "pattern/pattern.hpp"
#include "platform/ready_set.hpp"
#include "transport/byte_stream.hpp"
#include "zmtp/decoder.hpp"
#include "zmtp/encoder.hpp"
#include "zmtp/handshake.hpp"
#include "zmtp/heartbeat.hpp"

namespace engine {

class Connector;
class Listener;
class FrameCipher;
class StreamHost;
struct Transport;
struct Options;

class Stream final : public Attended, private ZapAsker
{
  public:
    // Exactly one of connector and listener is set.
    Stream (StreamHost &socket, ByteStream bytes, std::shared_ptr<const Options> options, Connector *connector, Listener *listener);
    ~Stream () override;

    // Begins the handshake (raw sockets: is established at once). Failures end in StreamHost::stream_lost.
    void start () noexcept;

    // Reads and decodes what is there, as long as the pipe has room. `drained`: the kernel held no more a moment ago.
    void pull (bool drained = false) noexcept;
    // Encodes and writes what the pipe holds, as far as the kernel takes it. True if anything was written. Once the kernel has refused for
    // good, what was not written waits for what reading finds.
    bool flush () noexcept;
    // As flush(), but writes nothing to a peer whose end has come and was not yet read.
    bool look_and_flush () noexcept;
    // True once after that: pull() is to be called, which must not be while something else is under way.
    bool take_pull_request () noexcept { return std::exchange (pull_due_, false); }
    // Encodes what the pipe holds, to be written later. True if a whole batch waits to be written.
    bool encode_ahead () noexcept;
    // The kernel takes no more, as far as is known the peer still reads, and much is queued or what is the caller's own memory.
    static constexpr std::size_t congestion = 512 * 1024;  // bytes
    bool congested () const noexcept
    {
        return blocked_ && !stalled_ && (batch_.size () + (pipe_ ? pipe_->outbound_bytes () : 0) > congestion || batch_.has_constants ());
    }
    // A peer that has read nothing since then has stalled: not congested again before it reads.
    void give_up_helping (Nanoseconds since) noexcept { stalled_ = blocked_ && last_write_ < since; }
    // As flush(), on behalf of the application thread: takes the lease first.
    bool flush_inline () noexcept;

    // What to wait for on the descriptor.
    std::uint32_t interest () const noexcept override
    {
        return bytes_.wants ((paused_ ? 0u : static_cast<std::uint32_t> (io_in)) | (blocked_ ? static_cast<std::uint32_t> (io_out) : 0u));
    }
    bool paused () const noexcept { return paused_; }    // the pipe is full: nothing is read
    bool blocked () const noexcept { return blocked_; }  // the kernel took no more: wait for writable
    bool output_pending () const noexcept { return !batch_.empty () || (pipe_ && !pipe_->outbound_empty ()); }
    bool established () const noexcept { return phase_ == Phase::traffic; }
    bool has_heartbeat () const noexcept override { return heartbeat_ != nullptr; }
    bool dead () const noexcept { return phase_ == Phase::dead; }
    int fd () const noexcept override { return bytes_.fd (); }
    NetworkPipe *pipe () const noexcept { return pipe_; }
    void set_pipe (NetworkPipe *pipe) noexcept { pipe_ = pipe; }
    Connector *connector () const noexcept { return connector_; }
    Listener *listener () const noexcept { return listener_; }  // null if it has gone, too
    bool accepted () const noexcept { return accepted_; }
    void orphan () noexcept;  // its connector or listener is going
    // Its handshake waits for a reply of ZAP's handler.
    bool asks_zap () const noexcept { return phase_ == Phase::handshake && handshake_ && handshake_->waiting (); }
    // The socket was closed: nobody tells of the reply any more, so it is looked for.
    void look_for_verdict () noexcept;
    const Handshake *handshake () const noexcept { return handshake_.get (); }
    Metadata *metadata () const noexcept { return metadata_; }
    Nanoseconds last_write () const noexcept { return last_write_; }
    // Constant bodies that were encoded and not written become copies: a direct send's is about to become invalid. False: out of memory.
    bool own_output () noexcept;

    // Local end of the connection: no DISCONNECTED event. Output not yet written is lost.
    void close () noexcept;
    // As close(), after everything written was taken by the peer; StreamHost::stream_finished then.
    void finish () noexcept;
    // Finishes once all that is queued was written.
    void linger () noexcept;
    bool lingering () const noexcept { return lingering_; }
    // Goes out before anything that is queued.
    void send_first (Msg &frame) noexcept;
    bool finishing () const noexcept { return phase_ == Phase::finishing; }
    // From now on every frame goes through the cipher; null: as they are.
    void secure_with (std::unique_ptr<FrameCipher> cipher) noexcept;

    // ---- Endpoint ----
    // (That of a connector ends through that.)
    void end (int linger) noexcept override;
    // What it brought stays readable.
    void end_with_listener (int linger) noexcept;
    const std::string &endpoint () const noexcept override;
    std::string local_endpoint () const override;
    std::string remote_endpoint () const override;
    PeerFacts peer () const noexcept override;

    Nanoseconds up_since () const noexcept { return up_since_; }  // 0: it is not
    std::size_t unsent_bytes () const noexcept { return batch_.size () + (pipe_ ? pipe_->outbound_bytes () : 0); }
    // The peer's, where the transport has addresses.
    std::string peer_address () const;

    // Of one that is in its handshake: others want its place, so it ends as when its time is over.
    void give_way () noexcept { lose ({EAGAIN, false}); }

    void on_io (std::uint32_t events) noexcept override;
    void on_timer () noexcept override;

    // ---- Attended ----
    bool output_waits () const noexcept override { return blocked_; }
    bool has_room () const noexcept override { return pipe_->wants_more (); }
    void serve (std::uint32_t events) noexcept override;
    void try_all () noexcept override
    {
        pull ();
        if (blocked_)
            flush ();
    }
    void resume () noexcept override { pull (); }

  private:
    enum class Phase : std::uint8_t
    {
        handshake,  // before there is one: the layers exchange what comes first
        traffic,
        finishing,  // everything was written; waiting for the peer to have taken it
        dead
    };
    struct Loss
    {
        int error;      // errno of the failure, EPIPE: orderly close
        bool protocol;  // an active side gives up for good
    };

    void remember_ends () noexcept;
    void open_layers () noexcept;
    void layers_failed (int error) noexcept;
    void begin ();
    void read_handshake () noexcept;
    void write_handshake () noexcept;
    // Goes on with the handshake, as far as it can, with what has come.
    void advance_handshake (std::span<const std::uint8_t> bytes, bool drained);
    // Waits for what it needs; blocked: the kernel took no more.
    void watch_handshake (bool blocked) noexcept;
    void serve_handshake (std::uint32_t events) noexcept;
    void ask_zap () noexcept;
    void decided (ZapVerdict verdict) noexcept override;
    void note_peer_refused () noexcept;
    void limit_refused () noexcept;
    // `left`: what the handshake's last read held beyond it; `drained`: the kernel held no more.
    void become_ready (std::span<const std::uint8_t> left, bool drained) noexcept;
    ssize_t write_some () noexcept;
    bool mind_layers () noexcept;
    bool deliver (Msg &frame) noexcept;
    int encode (Msg &frame) noexcept;
    int encode_sealed (Msg &frame) noexcept;
    void note_refusal (Msg &frame, int error) noexcept;
    void end_output () noexcept;
    bool keeps_unsent () const noexcept;
    void return_unsent () noexcept;
    void fail_protocol (int code) noexcept;
    void lose (Loss loss) noexcept;
    void shut_down () noexcept;
    bool encode_some () noexcept;
    bool ends_turn (std::size_t bytes) const noexcept;
    void start_heartbeat ();
    void answer_ping (Msg &ping) noexcept;
    void answer_end (const Msg &end) noexcept;
    // Tells the peer that the connection ends, if its protocol can, and why: an errno, 0: no reason. False: it is still on its way out.
    bool say_end (int why) noexcept;
    bool write_end (std::span<const std::uint8_t> body) noexcept;
    void write_end_past (std::span<const std::uint8_t> body) noexcept;
    bool between_frames () const noexcept;
    void heartbeat_timer () noexcept;
    std::uint64_t taken () const noexcept;
    bool output_moves () noexcept;
    void check_finished () noexcept;

    // Of the connection, for events that come when the system knows them no more.
    struct Ends
    {
        std::string local, remote;
    };

    static constexpr std::size_t batch_limit = 64 * 1024;
    // What one system call of the reactor's may move: about 50 us, during which nobody else gets the strand.
    static constexpr std::size_t turn_bytes = 256 * 1024;

    Connector *connector_;
    Listener *listener_;
    const Transport &transport_;
    NetworkPipe *pipe_ = nullptr;
    ByteStream bytes_;
    Phase phase_ = Phase::handshake;
    const bool accepted_;
    bool paused_ = false;
    bool blocked_ = false;
    bool output_dead_ = false;  // a write or the encoding failed: the read side decides
    bool output_ended_ = false;
    bool pull_due_ = false;
    bool refused_frame_ = false;
    bool refused_by_layer_ = false;  // and the monitor knows
    bool unattended_ = false;        // nobody but the reactor reads
    bool raw_ = false;
    bool lingering_ = false;
    bool stalled_ = false;
    bool end_said_ = false;
    int encode_error_ = 0;  // why the encoding failed: ENOMEM or a ZMQ_PROTOCOL_ERROR_*
    std::unique_ptr<const Ends> ends_;
    std::unique_ptr<Handshake> handshake_;
    std::vector<std::uint8_t> held_input_;  // behind what the handshake took before it had to wait
    std::unique_ptr<ZapInquiry> zap_;
    Nanoseconds handshake_deadline_ = never;
    HalfOpen::Place half_open_{*this};
    std::size_t refused_bytes_ = 0;
    std::unique_ptr<FrameCheck> frame_check_;
    std::unique_ptr<Heartbeat> heartbeat_;
    std::unique_ptr<FrameCipher> cipher_;
    Decoder decoder_;
    Encoder encoder_;
    Batch batch_;
    // With a cipher: the frames in batch_ as they were before, from the first message on that was not wholly written.
    struct Sealed
    {
        Msg frame;
        Batch::Position begin, end;
        bool intact = true;  // false: its body was lent, and has gone
    };
    std::vector<Sealed> sealed_;
    Msg refused_;  // if refused_frame_: what encode_error_ is about
    Metadata *metadata_ = nullptr;
    Nanoseconds last_write_ = 0;
    Nanoseconds up_since_ = 0;
    int loss_ = 0;                   // errno
    std::uint64_t written_ = 0;      // bytes
    std::uint64_t before_ping_ = 0;  // of them and of the batch when the PING was made that is not answered yet
    std::uint64_t taken_ = 0;        // by the peer's system when last asked
    Nanoseconds finish_deadline_ = 0;
};

}  // namespace engine
