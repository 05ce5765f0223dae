// The bytes of one connection: as its descriptor carries them, or as layers on top of it (byte_layer.hpp) make them of what it carries.
// Without a layer every call is the system's own and a branch that always goes the same way; a layer that is gone after its opening
// exchange leaves that behind.
//
// Nothing blocks. Counts and errors are those of recv(2) and send(2): -1 with errno, EAGAIN when the descriptor has to be waited for,
// as wants() says.
//
// What layers change, and whoever uses a ByteStream minds:
// - pending(): bytes that the kernel will not tell of, because a layer holds them. Whoever stops reading while there are some has to come
//   back by itself.
// - wants(), ready(): to read a layer may have to write, and the other way round.
// - write(): after EAGAIN the same bytes have to be offered again (more may follow, and they may lie elsewhere), because a layer may
//   have begun to send them. It counts a byte once all that it made of it is the kernel's, and the peer can make nothing of a byte that was
//   not counted. So what a connection that ends has not counted may go out again on the next, as without a layer.
// - push(): a layer may have something to say that nobody wrote.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "platform/system.hpp"
#include "zmtp/handshake_start.hpp"

namespace engine {

class ByteLayer;
using ConnectionFacts = std::vector<std::pair<std::string, std::string>>;

class ByteStream
{
  public:
    // Owns the descriptor.
    explicit ByteStream (int fd = -1) noexcept;
    ~ByteStream ();
    ByteStream (ByteStream &&other) noexcept;
    ByteStream &operator= (ByteStream &&other) noexcept;

    int fd () const noexcept { return fd_; }  // -1: closed
    bool is_open () const noexcept { return fd_ >= 0; }
    bool is_plain () const noexcept { return !layer_; }

    // ---- layers ----
    // On top of those that are there.
    void put_on (std::unique_ptr<ByteLayer> layer) noexcept;
    // Goes on with what the layers exchange with their peers before anything else is read or written, the lowest first. 0: over; EAGAIN:
    // when wants(io_in) has come; else why it failed.
    int open () noexcept { return opening_ ? open_layer () : 0; }
    // What a layer has agreed on for the handshake; nothing: it begins with a greeting.
    const std::optional<HandshakeStart> &agreed () const noexcept { return agreed_; }

    // ---- input and output ----
    ssize_t read (std::span<std::uint8_t> space) noexcept
    {
        if (layer_) [[unlikely]]
            return read_layer (space);
        return ::recv (fd_, space.data (), space.size (), MSG_DONTWAIT);
    }
    // Into two places. (A layer fills only the first.)
    ssize_t read (std::span<std::uint8_t> first, std::span<std::uint8_t> behind) noexcept
    {
        if (behind.empty () || layer_)
            return read (first);
        return read_both (first, behind);
    }
    ssize_t write (std::span<const std::uint8_t> bytes) noexcept
    {
        const iovec entry{const_cast<std::uint8_t *> (bytes.data ()), bytes.size ()};
        return write (&entry, 1);
    }
    // One piece is the common case, and cheaper without a list of pieces.
    ssize_t write (const iovec *pieces, int count) noexcept
    {
        if (layer_) [[unlikely]]
            return write_layer (pieces, count);
        if (count == 1)
            return ::send (fd_, pieces->iov_base, pieces->iov_len, send_no_signal | MSG_DONTWAIT);
        msghdr header{};
        header.msg_iov = const_cast<iovec *> (pieces);
        header.msg_iovlen = static_cast<std::size_t> (count);
        return ::sendmsg (fd_, &header, send_no_signal | MSG_DONTWAIT);
    }
    // read() gives something, or the end, or an error, without the kernel.
    bool pending () const noexcept { return layer_ && layer_pending (); }
    // Lets the layers write what they have to say themselves.
    void push () noexcept
    {
        if (layer_) [[unlikely]]
            push_layer ();
    }

    // What to wait for on the descriptor, given what is waited for here (io_in: bytes; io_out: room for more).
    std::uint32_t wants (std::uint32_t interest) const noexcept { return layer_ ? layer_wants (interest) : interest; }
    // What to try, given what the descriptor is ready for.
    std::uint32_t ready (std::uint32_t events) const noexcept;

    // ---- the end ----
    // Nothing more will be written. EAGAIN: a layer has not yet said so to the peer, ask again.
    int end_output () noexcept;
    // Both directions, at once.
    void cut () noexcept { ::shutdown (fd_, SHUT_RDWR); }
    // How much of what was written, in the kernel's bytes, the peer's system does not have; -1: the system does not say.
    std::int64_t unsent () const noexcept;
    // A layer has begun to send bytes that it has not counted: no others may be offered, see write().
    bool has_begun () const noexcept;
    // Why a layer of its own accord, rather than what is below it, has ended the connection: an errno; 0: none has.
    int failure () const noexcept;
    // Why a layer does not let the peer in, and waits for nothing but its end: what open() will fail with; 0: it may come in.
    int refusal () const noexcept;
    // Adds what layers know of the peer and of themselves, as properties of messages. (Names that a
    // peer may not announce; see Handshake::finish.) After open().
    void describe (ConnectionFacts &facts) const;
    // The peer has ended its side, also if nobody has read what lies before that.
    bool peer_ended () const noexcept;
    void close () noexcept;

  private:
    int open_layer () noexcept;
    ssize_t read_layer (std::span<std::uint8_t> space) noexcept;
    ssize_t read_both (std::span<std::uint8_t> first, std::span<std::uint8_t> behind) noexcept;
    ssize_t write_layer (const iovec *pieces, int count) noexcept;
    bool layer_pending () const noexcept;
    void push_layer () noexcept;
    std::uint32_t layer_wants (std::uint32_t interest) const noexcept;
    void drop_layer_if_done () noexcept;

    int fd_;                            // also while it is a layer that owns it
    std::unique_ptr<ByteLayer> layer_;  // the uppermost
    bool opening_ = false;
    std::optional<HandshakeStart> agreed_;
};

}  // namespace engine
