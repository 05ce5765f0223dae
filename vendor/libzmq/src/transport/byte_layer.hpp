// Something between a connection's descriptor and the frames: it makes other bytes of those below it. It lies on a ByteStream, which is a
// descriptor or another layer. The strand that guards the connection is held in all calls; none blocks, and none calls back.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "transport/byte_stream.hpp"

namespace engine {

class ByteLayer
{
  public:
    ByteLayer () = default;
    virtual ~ByteLayer () = default;
    ByteLayer (const ByteLayer &) = delete;
    ByteLayer &operator= (const ByteLayer &) = delete;

    // ---- the opening exchange ----
    // See ByteStream::open(). Called until it says 0; what is below is open by then.
    virtual int open () noexcept = 0;
    // From now on the bytes above are those below: the layer is taken away. Asked after open() and after each read().
    virtual bool is_done () const noexcept { return false; }
    virtual std::optional<HandshakeStart> agreed () const noexcept { return {}; }

    // ---- traffic: as ByteStream's functions of these names ----
    // While pending() takes from what the layer holds, and nothing from below. Also writes what push() would.
    virtual ssize_t read (std::span<std::uint8_t> space) noexcept = 0;
    virtual bool pending () const noexcept = 0;
    virtual ssize_t write (const iovec *pieces, int count) noexcept = 0;
    virtual void push () noexcept {}
    // io_out also for what push() would write.
    virtual std::uint32_t wants (std::uint32_t interest) const noexcept = 0;
    virtual int end_output () noexcept = 0;
    // Bytes that this layer has still to write.
    virtual std::size_t unsent () const noexcept { return 0; }

    // ---- what is known ----
    // See ByteStream's functions of these names.
    virtual int failure () const noexcept { return 0; }
    virtual int refusal () const noexcept { return 0; }
    virtual void describe (ConnectionFacts &) const {}

    ByteStream &below () noexcept { return below_; }
    const ByteStream &below () const noexcept { return below_; }

  private:
    friend class ByteStream;
    ByteStream below_;
};

// A layer that exchanges something with its peer and then is no more. Who implements one gives the state machine, and has nothing to do
// with what lies below.
class OpeningLayer : public ByteLayer
{
  public:
    int open () noexcept final;
    bool is_done () const noexcept final { return open_ && left_begin_ == left_.size (); }
    ssize_t read (std::span<std::uint8_t> space) noexcept final;
    bool pending () const noexcept final { return left_begin_ < left_.size () || below ().pending (); }
    ssize_t write (const iovec *pieces, int count) noexcept final { return below ().write (pieces, count); }
    void push () noexcept final { below ().push (); }
    std::uint32_t wants (std::uint32_t interest) const noexcept final;
    int end_output () noexcept final { return below ().end_output (); }

  private:
    // What is to be sent; a prefix of it was.
    virtual std::span<const std::uint8_t> output () const noexcept = 0;
    virtual void sent (std::size_t count) noexcept = 0;
    // Takes bytes from the peer: how many were used. Those behind the exchange are not its.
    virtual std::size_t feed (std::span<const std::uint8_t> bytes) = 0;
    // 0: it is over; EAGAIN; or why it failed.
    virtual int outcome () const noexcept = 0;
    // The peer has ended before that: why it failed.
    virtual int peer_ended () const noexcept { return EPIPE; }

    int write_output () noexcept;

    bool open_ = false;
    std::vector<std::uint8_t> left_;  // what came behind the exchange, from left_begin_ on
    std::size_t left_begin_ = 0;
};

}  // namespace engine
