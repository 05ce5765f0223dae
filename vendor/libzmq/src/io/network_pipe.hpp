// A pipe whose peer is at the other end of a byte stream, or somewhere behind a datagram endpoint: an inbound and an outbound ring, both
// under the socket's strand.
//
// The pipe of a connecting endpoint may outlive its connections; then what was not yet encoded waits for the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/intrusive_list.hpp"
#include "message/ring.hpp"
#include "pattern/pipe.hpp"

namespace engine {

class DatagramEndpoint;
class Pattern;
class StreamHost;
class Stream;

class NetworkPipe final : public Pipe, public Listed<NetworkPipe>
{
  public:
    NetworkPipe (StreamHost &socket, Pattern &pattern, bool conflate) noexcept;
    ~NetworkPipe () override;

    // ---- Pipe ----
    bool readable () noexcept override;
    bool read (Msg &out) noexcept override;
    bool writable () noexcept override;
    bool write (Msg &frame) noexcept override;
    bool write_unlimited (Msg &frame) noexcept override;
    void rollback () noexcept override;
    bool closing () const noexcept override { return closing_; }
    void terminate () noexcept override;
    void finish () noexcept override;

    // ---- the stream's side ----
    // The frames are pieces of a stream of bytes that we have cut ourselves: their bytes count as well, as so many pieces of
    // ZMQ_IN_BATCH_SIZE, whatever their size.
    void limit_bytes () noexcept { bytes_limited_ = true; }
    // Room for another inbound message (ZMQ_RCVHWM)?
    bool wants_more () const noexcept;
    // For so many more messages; of pipes whose limit is their number.
    std::size_t inbound_room () const noexcept;
    // A frame of ordinary data may be decoded where it will lie: into inbound_slot() (null: out of memory), then inbound_filled().
    bool conflates () const noexcept { return conflate_; }
    bool takes (const Msg &data) const noexcept { return !conflate_ && !discarding_ && !(single_frames_ && is_part (data)); }
    Msg *inbound_slot () noexcept { return in_.reserve (); }
    void inbound_filled () noexcept;
    // Takes a received frame; tells the pattern with the last one of a message if it waits. False: out of memory.
    bool receive (Msg &frame) noexcept;
    bool outbound_empty () const noexcept { return out_.empty () || out_complete_ == 0; }
    // The next frame to be encoded, where it lies, until outbound_taken(); null: no complete message is left.
    Msg *next_outbound () noexcept;
    void outbound_taken () noexcept { out_.drop_front (); }
    std::size_t outbound_bytes () const noexcept { return out_bytes_; }
    // The last frame that was taken ended its message.
    bool between_messages () const noexcept { return !encoding_message_; }
    std::size_t outbound_messages () const noexcept { return out_complete_; }
    std::size_t inbound_messages () const noexcept { return in_complete_; }
    // The next message would be taken without waiting for anything.
    bool would_take () const noexcept { return !closing_ && (conflate_ || has_room ()); }
    // Room was made in the outbound ring: tells a pattern that found it full.
    void offer_room () noexcept;
    // The limits of the socket changed. Likewise.
    void limits_changed () noexcept;

    // ---- the connection's life ----
    // Messages that the connection did not get out come first again. `open`: the last one's other frames are still here.
    void take_back (Ring &messages, bool open) noexcept;
    // The connection ended: what came of an unfinished message is forgotten, what was being sent is not repeated.
    void connection_lost () noexcept;
    void drop_outbound () noexcept;
    // What is queued will reach nobody.
    void count_lost () noexcept;
    // Nobody will read any more: drops what is there and what comes.
    void discard_inbound () noexcept;
    // No more is written; what was goes out, and what comes meanwhile is received.
    void stop_writing () noexcept;
    // No connection will ever serve this pipe again; it stays until its complete inbound messages were read.
    void close_writing () noexcept;
    bool drained () const noexcept { return in_complete_ == 0 && !reading_message_; }
    bool terminate_requested () const noexcept { return terminate_requested_; }
    // True once after finish().
    bool take_finish_request () noexcept { return std::exchange (finish_requested_, false); }

    // The borrowed body of a direct send was not written at once: make it our own. False: out of memory.
    bool own_outbound (const void *begin) noexcept;

    Stream *stream = nullptr;  // null while not connected
    DatagramEndpoint *datagrams = nullptr;
    bool attached = false;  // the pattern knows it
    bool touched = false;   // in the socket's list of pipes written to by this call
    bool in_burst = false;  // see Batching
    std::uint32_t burst_count = 0;
    bool identified = false;

  private:
    bool is_part (const Msg &data) const noexcept { return data.more () || in_parts_; }
    bool has_room () const noexcept;
    void tell_reader () noexcept;
    void tell_writer () noexcept;
    bool push_outbound (Msg &frame) noexcept;
    void count_newest () noexcept;

    StreamHost &socket_;
    Pattern &pattern_;
    Ring in_;
    Ring out_;
    std::size_t in_bytes_ = 0;  // if bytes_limited_
    std::size_t out_bytes_ = 0;
    std::uint32_t in_complete_ = 0;  // messages
    std::uint32_t out_complete_ = 0;
    std::uint32_t in_unfinished_ = 0;  // frames at the back of in_ whose last frame has not come
    std::uint32_t out_unfinished_ = 0;
    std::uint32_t lent_ = 0;  // frames in out_ with a lent body
    bool conflate_;
    const bool single_frames_;  // messages of several parts are dropped as they come: one that never ends takes no memory
    bool in_parts_ = false;     // and the last part has not come
    bool bytes_limited_ = false;
    bool reader_waits_ = false;
    bool writer_waits_ = false;
    bool closing_ = false;
    bool discarding_ = false;
    bool terminate_requested_ = false;
    bool finish_requested_ = false;
    bool reading_message_ = false;   // the application is inside a message
    bool encoding_message_ = false;  // the encoder is inside a message
    bool skip_rest_ = false;         // the rest of the outbound message at the front is not to be sent
};

}  // namespace engine
