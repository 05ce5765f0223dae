// Bytes to frames, without I/O. The caller reads into space(), says how much came with filled(), and takes frames with next()
// until it says `more_needed`. Small bodies are stored inside the message, medium ones copied or taken as counted slices of the
// read buffer, a body larger than what has been buffered is received straight into its own allocation, which grows as
// data arrives: a length field alone never makes it allocate much. Holds no buffer while it holds no bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "message/msg.hpp"
#include "zmtp/handshake.hpp"

namespace engine {

class Decoder
{
  public:
    enum class Result
    {
        frame,        // `out` holds a frame: kind data, or a parsed command (kind and body as Kind says), MORE set as sent
        more_needed,
        error         // malformed or too large: drop the connection; error_code() says what
    };

    // metadata may be null; it is put on every data frame. zero_copy: slices allowed. raw() decoders (STREAM) turn whatever came into frames.
    Decoder (Wire wire, std::int64_t max_message_size, bool zero_copy, Metadata *metadata);
    static Decoder raw (Metadata *metadata);
    ~Decoder ();
    Decoder (Decoder &&) noexcept;
    Decoder &operator= (Decoder &&) noexcept;

    // Where to read next: at least 1 byte; at most the size now thought best (8 to 256 KiB, adaptive, or what a large body still misses).
    // Empty span: out of memory.
    std::span<std::uint8_t> space () noexcept;
    void filled (std::size_t count) noexcept;
    // Bytes left over from the handshake. False: out of memory.
    bool append (std::span<const std::uint8_t> bytes) noexcept;

    Result next (Msg &out) noexcept;
    // True if the last filled() used its whole space: more is probably waiting in the kernel.
    bool was_full () const noexcept;
    // True while no byte is held (then no buffer is either).
    bool empty () const noexcept;
    // ENOMEM, EMSGSIZE (over max_message_size), EPROTO.
    int error_code () const noexcept;

  private:
    struct Impl;
};

}  // namespace engine
