// What is not on the fast path of a ByteStream. See byte_stream.hpp.
#include "transport/byte_stream.hpp"

#include <unistd.h>

#include "platform/peer_ended.hpp"
#include "platform/ready_set.hpp"
#include "platform/unsent.hpp"
#include "transport/byte_layer.hpp"

namespace engine {

ByteStream::ByteStream (int fd) noexcept : fd_ (fd) {}

ByteStream::~ByteStream () { close (); }

ByteStream::ByteStream (ByteStream &&other) noexcept
    : fd_ (std::exchange (other.fd_, -1)), layer_ (std::move (other.layer_)), opening_ (std::exchange (other.opening_, false)),
      agreed_ (other.agreed_)
{}

ByteStream &ByteStream::operator= (ByteStream &&other) noexcept
{
    // (The other may lie in a layer of this one.)
    ByteStream taken (std::move (other));
    std::swap (fd_, taken.fd_);
    layer_.swap (taken.layer_);
    opening_ = taken.opening_;
    agreed_ = taken.agreed_;
    return *this;
}

void ByteStream::close () noexcept
{
    const int fd = std::exchange (fd_, -1);
    if (layer_)
        layer_.reset ();  // and with it what lies below
    else if (fd >= 0)
        ::close (fd);
}

// ---- layers ----

void ByteStream::put_on (std::unique_ptr<ByteLayer> layer) noexcept
{
    const int fd = fd_;
    layer->below_ = std::move (*this);
    fd_ = fd;
    layer_ = std::move (layer);
    opening_ = true;
}

int ByteStream::open_layer () noexcept
{
    if (const int error = layer_->below ().open ())
        return error;
    if (const int error = layer_->open ())
        return error;
    opening_ = false;
    agreed_ = layer_->agreed ();
    if (!agreed_)
        agreed_ = layer_->below ().agreed ();
    drop_layer_if_done ();
    return 0;
}

void ByteStream::drop_layer_if_done () noexcept
{
    if (!layer_->is_done ())
        return;
    const auto agreed = agreed_;
    *this = std::move (layer_->below ());
    agreed_ = agreed;
}

// ---- input and output ----

ssize_t ByteStream::read_layer (std::span<std::uint8_t> space) noexcept
{
    const ssize_t count = layer_->read (space);
    const int error = errno;
    drop_layer_if_done ();
    errno = error;
    return count;
}

ssize_t ByteStream::read_both (std::span<std::uint8_t> first, std::span<std::uint8_t> behind) noexcept
{
    iovec entries[2] = {{first.data (), first.size ()}, {behind.data (), behind.size ()}};
    msghdr header{};
    header.msg_iov = entries;
    header.msg_iovlen = 2;
    return ::recvmsg (fd_, &header, MSG_DONTWAIT);
}

ssize_t ByteStream::write_layer (const iovec *pieces, int count) noexcept { return layer_->write (pieces, count); }

bool ByteStream::layer_pending () const noexcept { return layer_->pending (); }

void ByteStream::push_layer () noexcept { layer_->push (); }

std::uint32_t ByteStream::layer_wants (std::uint32_t interest) const noexcept { return layer_->wants (interest); }

std::uint32_t ByteStream::ready (std::uint32_t events) const noexcept
{
    return layer_ && (events & (io_in | io_out)) ? events | io_in | io_out : events;
}

// ---- the end ----

int ByteStream::end_output () noexcept
{
    if (layer_)
        return layer_->end_output ();
    ::shutdown (fd_, SHUT_WR);
    return 0;
}

std::int64_t ByteStream::unsent () const noexcept
{
    if (!layer_)
        return unsent_bytes (fd_);
    const std::int64_t below = layer_->below ().unsent ();
    return below < 0 ? below : below + static_cast<std::int64_t> (layer_->unsent ());
}

bool ByteStream::has_begun () const noexcept { return layer_ && (layer_->unsent () > 0 || layer_->below ().has_begun ()); }

int ByteStream::failure () const noexcept
{
    if (!layer_)
        return 0;
    const int error = layer_->failure ();
    return error ? error : layer_->below ().failure ();
}

int ByteStream::refusal () const noexcept
{
    if (!layer_)
        return 0;
    const int error = layer_->refusal ();
    return error ? error : layer_->below ().refusal ();
}

void ByteStream::describe (ConnectionFacts &facts) const
{
    if (!layer_)
        return;
    layer_->describe (facts);
    layer_->below ().describe (facts);
}

bool ByteStream::peer_ended () const noexcept { return engine::peer_ended (fd_); }

}  // namespace engine
