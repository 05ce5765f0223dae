// A layer for tests that makes other bytes of all bytes, and does whatever a layer may do: it has an opening exchange, chunks with
// headers of its own, holds decoded bytes, has to write before it reads on, has to read before it writes on, and says good-bye.
//
// On the wire: "HI" from both sides; then chunks of a length (two bytes, big-endian) and that many bytes, each XORed; length 0: an
// acknowledgement, of which every fourth chunk needs one; length FFFF: the end.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "platform/ready_set.hpp"
#include "transport/byte_layer.hpp"

namespace held {

class FakeLayer final : public engine::ByteLayer
{
  public:
    static constexpr std::size_t largest_chunk = 1000;
    static constexpr int chunks_an_ack = 4;
    static constexpr int window = 8;  // chunks that may be under way without one
    static constexpr std::size_t most = 2 * window * largest_chunk;
    static constexpr char mask = 0x5a;

    explicit FakeLayer (std::optional<engine::HandshakeStart> agreed = std::nullopt) : agreed_ (agreed) {}

    int open () noexcept override
    {
        push ();
        while (greeted_ < 2) {
            std::uint8_t byte;
            const ssize_t count = below ().read ({&byte, 1});
            if (count <= 0)
                return count == 0 ? EPIPE : errno;
            if (byte != "HI"[greeted_++])
                return EPROTO;
        }
        return out_.empty () ? 0 : EAGAIN;
    }
    std::optional<engine::HandshakeStart> agreed () const noexcept override { return agreed_; }

    ssize_t read (std::span<std::uint8_t> space) noexcept override
    {
        push ();
        if (!pending () && !owes_)
            read_below ();
        if (!decoded_.empty ()) {
            // Never all that it has.
            const std::size_t count = std::min ({space.size (), decoded_.size (), largest_chunk});
            std::memcpy (space.data (), decoded_.data (), count);
            decoded_.erase (0, count);
            return static_cast<ssize_t> (count);
        }
        if (ended_)
            return 0;
        errno = error_ ? error_ : EAGAIN;
        return -1;
    }
    bool pending () const noexcept override { return !decoded_.empty () || ended_ || error_; }

    ssize_t write (const iovec *pieces, int count) noexcept override
    {
        std::string offered;  // as much of it as one call may take
        for (int i = 0; i < count && offered.size () < most; ++i)
            offered.append (static_cast<const char *> (pieces[i].iov_base), std::min (pieces[i].iov_len, most - offered.size ()));
        CHECK (offered.starts_with (begun_));
        std::size_t written = 0;
        push ();
        while (out_.empty ()) {
            written += begun_.size ();
            begun_.clear ();
            if (under_way_ >= window)
                read_below ();
            if (written == offered.size () || under_way_ >= window)
                break;
            begun_ = offered.substr (written, largest_chunk);
            put_chunk (begun_.size (), begun_);
            ++under_way_;
            push ();
        }
        if (written > 0)
            return static_cast<ssize_t> (written);
        errno = write_error_ ? write_error_ : EAGAIN;
        return -1;
    }
    void push () noexcept override
    {
        while (!out_.empty ()) {
            const ssize_t count = below ().write ({reinterpret_cast<const std::uint8_t *> (out_.data ()), out_.size ()});
            if (count < 0) {
                if (errno != EAGAIN)
                    write_error_ = errno;
                return;
            }
            out_.erase (0, static_cast<std::size_t> (count));
        }
        owes_ = false;
    }
    std::uint32_t wants (std::uint32_t interest) const noexcept override
    {
        std::uint32_t wanted = out_.empty () ? 0u : static_cast<std::uint32_t> (engine::io_out);
        if ((interest & engine::io_in) && !owes_)
            wanted |= engine::io_in;
        if (interest & engine::io_out)
            wanted |= under_way_ >= window ? engine::io_in : engine::io_out;
        return below ().wants (wanted);
    }
    int end_output () noexcept override
    {
        if (!said_end_)
            out_ += "\xff\xff";
        said_end_ = true;
        push ();
        return out_.empty () ? below ().end_output () : EAGAIN;
    }
    std::size_t unsent () const noexcept override { return out_.size (); }

  private:
    void put_chunk (std::size_t length, const std::string &bytes)
    {
        out_ += static_cast<char> (length >> 8);
        out_ += static_cast<char> (length);
        for (const char byte : bytes)
            out_ += static_cast<char> (byte ^ mask);
    }
    void read_below () noexcept
    {
        std::uint8_t buffer[4096];
        const ssize_t count = below ().read (buffer);
        if (count < 0) {
            if (errno != EAGAIN && errno != EINTR)
                error_ = errno;
            return;
        }
        if (count == 0)
            ended_ = true;
        in_.append (reinterpret_cast<const char *> (buffer), static_cast<std::size_t> (count));
        while (in_.size () >= 2 && !ended_) {
            const std::size_t length =
              static_cast<std::size_t> (static_cast<std::uint8_t> (in_[0])) << 8 | static_cast<std::uint8_t> (in_[1]);
            if (length == 0xffff) {
                ended_ = true;
            } else if (length == 0) {
                in_.erase (0, 2);
                under_way_ -= chunks_an_ack;
            } else if (in_.size () < 2 + length) {
                break;
            } else {
                for (std::size_t at = 2; at < 2 + length; ++at)
                    decoded_ += static_cast<char> (in_[at] ^ mask);
                in_.erase (0, 2 + length);
                if (++chunks_ % chunks_an_ack == 0) {
                    put_chunk (0, {});
                    owes_ = true;
                }
            }
        }
        push ();
    }

    const std::optional<engine::HandshakeStart> agreed_;
    std::size_t greeted_ = 0;
    std::string out_ = "HI";
    std::string begun_;  // what of the bytes offered is in out_, or was sent since the last write
    std::string in_;
    std::string decoded_;
    int under_way_ = 0;
    int chunks_ = 0;
    bool owes_ = false;  // an acknowledgement, before it reads on
    bool said_end_ = false;
    bool ended_ = false;
    int error_ = 0;
    int write_error_ = 0;
};

// The other end of a layered connection, which the test plays.
class LayeredPeer
{
  public:
    explicit LayeredPeer (int fd, std::optional<engine::HandshakeStart> agreed = std::nullopt) : bytes_ (fd)
    {
        bytes_.put_on (std::make_unique<FakeLayer> (agreed));
    }
    void say (const std::string &text) { to_say_ += text; }
    // Everything was said.
    bool silent () const { return to_say_.empty (); }
    // Does what can be done now.
    void advance (bool reading = true)
    {
        if (!bytes_.is_open () || bytes_.open () != 0)
            return;
        while (reading && !ended) {
            std::uint8_t buffer[65536];
            const ssize_t count = bytes_.read (buffer);
            if (count > 0)
                heard.append (reinterpret_cast<const char *> (buffer), static_cast<std::size_t> (count));
            else if (count == 0 || errno != EAGAIN)
                ended = true;
            else
                break;
        }
        while (!to_say_.empty ()) {
            const ssize_t count = bytes_.write ({reinterpret_cast<const std::uint8_t *> (to_say_.data ()), to_say_.size ()});
            if (count <= 0)
                break;
            to_say_.erase (0, static_cast<std::size_t> (count));
        }
        if (ends_ && to_say_.empty ())
            bytes_.end_output ();
        bytes_.push ();
    }
    // Once everything was said.
    void end () { ends_ = true; }
    void close () { bytes_.close (); }

    std::string heard;
    bool ended = false;

  private:
    engine::ByteStream bytes_;
    std::string to_say_;
    bool ends_ = false;
};

}  // namespace held
