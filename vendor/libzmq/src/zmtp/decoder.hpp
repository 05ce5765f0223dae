// Bytes to frames, without I/O. The caller reads into space(), says how much came with filled(), and takes frames with next()
// until it says `more_needed`. Small bodies are stored inside the message, medium ones copied or taken as counted slices of the
// read buffer, a body larger than what has been buffered is received straight into its own allocation, which grows as
// data arrives: a length field alone never makes it allocate much. Holds no buffer while it holds no bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "message/buffer.hpp"
#include "message/metadata.hpp"
#include "message/msg.hpp"
#include "zmtp/framing.hpp"
#include "zmtp/pieces.hpp"

namespace engine {

class FrameCipher;

class Decoder
{
  public:
    enum class Result
    {
        frame,  // `out` holds a frame: kind data, or a parsed command (kind and body as Kind says), MORE set as sent
        more_needed,
        error  // malformed or too large: drop the connection; error_code() says what
    };

    // Bodies of at least this many bytes are slices of the read buffer, smaller ones have their own memory: a message
    // that an application keeps may pin a buffer, but not one that is hundreds of times its size.
    static constexpr std::size_t slice_from = 1024;
    // An incomplete body is received in a buffer up to this size, so that one read can bring more than it; a larger one that does not fit
    // into the buffer at hand goes to its own allocation (measured: from here on a second read costs less than moving what is there).
    static constexpr std::size_t buffered_body = 32u << 10;
    static constexpr std::size_t buffered_body_without_slices = 8u << 10;
    // An own allocation this large is made at once; a larger one begins like this and doubles as data arrives.
    static constexpr std::size_t first_allocation = Buffer::largest;
    // What is read beyond the end of such a body: much of it would have to be moved if it is the beginning of another.
    static constexpr std::size_t behind_body = 1024;

    // The description must outlive it. metadata may be null; it is put on every frame that somebody may receive. zero_copy: slices
    // allowed. raw() decoders (STREAM) turn whatever came into frames of at most so many bytes, but for the smallest buffer's.
    Decoder (const Framing &framing, std::int64_t max_message_size, bool zero_copy, Metadata *metadata);
    static Decoder raw (Metadata *metadata, std::size_t most = SIZE_MAX);
    // For whole messages, as max_message_size is for frames: bytes < 0, parts 0: any.
    void limit_messages (std::int64_t bytes, int parts) noexcept;
    // From now on the bodies of frames are what the cipher opens, in the memory they lie in. It must outlive the decoder.
    void open_with (FrameCipher &cipher) noexcept;
    ~Decoder () { forget (); }
    Decoder (Decoder &&other) noexcept : s_ (std::exchange (other.s_, State{})) {}
    Decoder &operator= (Decoder &&other) noexcept
    {
        if (this != &other) {
            forget ();
            s_ = std::exchange (other.s_, State{});
        }
        return *this;
    }

    // Where to read next: at least 1 byte; at most the size now thought best (8 to 256 KiB, adaptive, or what a large body still misses
    // and, behind it, a little more, so that one read brings the next header too). Empty: out of memory.
    struct Space
    {
        std::span<std::uint8_t> first;
        std::span<std::uint8_t> behind;

        bool empty () const noexcept { return first.empty (); }
        std::size_t size () const noexcept { return first.size () + behind.size (); }
        // What a read of at most size() bytes does.
        void put (const std::uint8_t *bytes, std::size_t count) const noexcept
        {
            const std::size_t part = count < first.size () ? count : first.size ();
            std::memcpy (first.data (), bytes, part);
            if (count > part)
                std::memcpy (behind.data (), bytes + part, count - part);
        }
    };
    Space space () noexcept;
    void filled (std::size_t count) noexcept;
    // Bytes left over from the handshake. False: out of memory.
    bool append (std::span<const std::uint8_t> bytes) noexcept;

    // The old content of `out` is released if the result is `frame`, and untouched if it is `more_needed`.
    Result next (Msg &out) noexcept
    {
        // The case that decides throughput: a whole short frame of data.
        const auto held = static_cast<std::size_t> (s_.end - s_.begin);
        if (held >= s_.fast_from) [[likely]] {
            const std::uint8_t flags = s_.begin[0];
            const std::size_t size = s_.begin[1];
            if (size <= s_.fast_size && !(flags & s_.slow_flags) && held >= size + 2) [[likely]] {
                out.reset ();
                out.init_inside (s_.begin + 2, size);
                out.set_more (flags & 1);
                if (s_.metadata)
                    put_metadata (out);
                s_.begin += size + 2;
                return Result::frame;
            }
        }
        return next_short (out);
    }
    // True while no byte is held; the buffer is given up then.
    bool starved () noexcept
    {
        if (!empty ())
            return false;
        if (s_.buffer)
            drop_buffer ();
        return true;
    }
    // True if the last filled() used its whole space: more is probably waiting in the kernel.
    bool was_full () const noexcept { return s_.was_full; }
    // True while no byte is held (then no buffer is either).
    bool empty () const noexcept { return s_.begin == s_.end && !s_.body.bytes; }
    // ENOMEM, EMSGSIZE (over max_message_size), EPROTO, or the cipher's ZMQ_PROTOCOL_ERROR_*.
    int error_code () const noexcept { return s_.error; }

  private:
    // A body with its own memory, still arriving: a pooled buffer, or a block with room in front for a Content, which is made once
    // it is complete.
    struct Body
    {
        std::uint8_t *bytes = nullptr;
        Buffer *buffer = nullptr;
        void *block = nullptr;
        std::size_t size = 0;
        std::size_t capacity = 0;
        std::size_t have = 0;
        FrameHeader header;
    };

    struct State
    {
        // The bytes held: [begin, end) of `buffer`, which ends at `limit`.
        std::uint8_t *begin = nullptr;
        std::uint8_t *end = nullptr;
        std::size_t fast_from = SIZE_MAX;  // bytes that must be held for the fast case; SIZE_MAX: never
        std::size_t fast_size = 0;         // largest body of the fast case
        std::size_t short_size = 0;        // largest of the next case, whose header is the same
        std::uint8_t slow_flags = 0xff;
        bool zero_copy = false;
        bool was_full = false;
        Metadata *metadata = nullptr;  // one reference, and the stock
        FrameCipher *cipher = nullptr;
        const Framing *framing = nullptr;  // null: there are no frames (raw)
        std::uint8_t *limit = nullptr;
        Buffer *buffer = nullptr;
        std::uint32_t buffer_references = 0;  // taken in bulk, not yet given to messages (one is ours)
        std::uint32_t idle_reads = 0;         // reads in a row that used little of their buffer
        std::size_t read_size = Buffer::smallest;
        std::size_t largest_read = 256u << 10;
        std::size_t needed = 0;          // size of the incomplete frame at `begin`, 0 if not known
        std::size_t offered = 0;         // size of the last space()
        std::size_t offered_behind = 0;  // and of what was behind it
        std::uint64_t max_size = UINT64_MAX;
        // Of whole messages, and what the one that has begun may still have.
        bool limited = false;
        std::uint64_t most_bytes = UINT64_MAX;
        std::uint64_t most_parts = UINT64_MAX;
        std::uint64_t bytes_left = UINT64_MAX;
        std::uint64_t parts_left = UINT64_MAX;
        Body body;
        std::unique_ptr<Pieces> pieces;  // since the first frame that came in some
        int error = 0;
    };

    Decoder () = default;

    void put_metadata (Msg &out) noexcept
    {
        s_.metadata->lend ();
        out.init_metadata (s_.metadata);
    }

    // A frame whose body has arrived, and what it means.
    struct Frame
    {
        std::uint8_t *body;
        std::size_t size;
        bool more;
        Kind kind;
    };
    int interpret (std::uint8_t *body, std::size_t size, const FrameHeader &header, Frame &out) noexcept;
    int take_piece (const FrameHeader &header, std::uint8_t *body, std::size_t size) noexcept;
    Result next_joined (Msg &out) noexcept;
    bool in_turn (const FrameHeader &header) const noexcept;
    int count (const Frame &frame) noexcept;
    std::uint64_t largest_frame (const FrameHeader &header) const noexcept;
    void choose_fast_case () noexcept;
    void dress (Msg &taken, const Frame &frame) noexcept;
    Result next_short (Msg &out) noexcept;
    Result next_any (Msg &out) noexcept;
    // As next(), or one piece of a frame was taken.
    static constexpr Result piece_taken = static_cast<Result> (-1);
    Result next_one (Msg &out) noexcept;
    Result next_raw (Msg &out) noexcept;
    Result next_body (Msg &out) noexcept;
    Result fail (int error) noexcept;
    bool begin_body (std::size_t size, const FrameHeader &header) noexcept;
    int take_from_buffer (Msg &out, const std::uint8_t *bytes, std::size_t size) noexcept;
    bool make_room () noexcept;
    bool grow_body () noexcept;
    void drop_buffer () noexcept;
    void drop_body () noexcept;
    void forget () noexcept;

    State s_;
};

}  // namespace engine
