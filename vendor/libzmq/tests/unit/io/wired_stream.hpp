// A Stream of a held socket, and the other end of its descriptor, where the test plays the peer byte by byte.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "core/held_socket.hpp"
#include "io/listener.hpp"
#include "io/stream.hpp"
#include "message/msg.hpp"
#include "transport/transport.hpp"
#include "zmtp/decoder.hpp"

namespace held {

using namespace std::string_literals;

// ---- ZMTP 3.1 as text ----

inline std::string number (std::uint64_t value, int size)
{
    std::string text (static_cast<std::size_t> (size), '\0');
    for (std::size_t at = text.size (); at-- > 0; value >>= 8)
        text[at] = static_cast<char> (value);
    return text;
}

inline std::string frame (const std::string &body, int flags = 0)
{
    if (body.size () > 255)
        return static_cast<char> (flags | 2) + number (body.size (), 8) + body;
    return static_cast<char> (flags) + number (body.size (), 1) + body;
}

inline std::string message (const Frames &frames)
{
    std::string text;
    for (std::size_t i = 0; i < frames.size (); ++i)
        text += frame (frames[i], i + 1 < frames.size ());
    return text;
}

inline std::string greeting () { return "\xff\0\0\0\0\0\0\0\1\x7f\3\1NULL"s + std::string (48, '\0'); }

inline std::string ready (const std::string &type) { return frame ("\5READY\x0bSocket-Type" + number (type.size (), 4) + type, 4); }

// ---- descriptors ----

class FarEnd
{
  public:
    explicit FarEnd (int fd = -1) : fd_ (fd) {}
    FarEnd (FarEnd &&other) noexcept : fd_ (std::exchange (other.fd_, -1)) {}
    FarEnd &operator= (FarEnd &&other) noexcept
    {
        std::swap (fd_, other.fd_);
        return *this;
    }
    ~FarEnd () { close (); }

    int fd () const { return fd_; }
    int release () { return std::exchange (fd_, -1); }
    void close ()
    {
        if (fd_ >= 0)
            ::close (fd_);
        fd_ = -1;
    }
    void write (const std::string &bytes) const
    {
        for (std::size_t at = 0; at < bytes.size ();) {
            const ssize_t count = ::send (fd_, bytes.data () + at, bytes.size () - at, MSG_NOSIGNAL);
            REQUIRE (count > 0);
            at += static_cast<std::size_t> (count);
        }
    }
    // What has come, without waiting; nothing when the end was reached.
    std::optional<std::string> read () const
    {
        std::string text;
        char buffer[65536];
        for (;;) {
            const ssize_t count = ::recv (fd_, buffer, sizeof buffer, MSG_DONTWAIT);
            if (count > 0)
                text.append (buffer, static_cast<std::size_t> (count));
            else if (count == 0 && text.empty ())
                return std::nullopt;
            else
                return text;
        }
    }

  private:
    int fd_;
};

struct Link
{
    int near;
    FarEnd far;
};

inline Link make_link ()
{
    int fd[2];
    REQUIRE (::socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) == 0);
    // The far end's calls never have to wait: it writes little, and reads what is there.
    return {fd[0], FarEnd (fd[1])};
}

// ---- the stream ----

class WiredStream
{
  public:
    explicit WiredStream (HeldSocket &owner)
        : owner_ (owner), listener_ (owner.socket (), *find_transport ("ipc"), Listening{}, owner.socket ().snapshot ())
    {
        Link link = make_link ();
        far = std::move (link.far);
        stream_ = std::make_unique<Stream> (owner.socket (), ByteStream (link.near), owner.socket ().snapshot (), nullptr, &listener_);
        stream_->start ();
    }
    // By way of a transport, over a descriptor whose other end is somebody else's.
    WiredStream (HeldSocket &owner, const Transport &transport, int near)
        : owner_ (owner), listener_ (owner.socket (), transport, Listening{}, owner.socket ().snapshot ())
    {
        stream_ = std::make_unique<Stream> (owner.socket (), ByteStream (near), owner.socket ().snapshot (), nullptr, &listener_);
        stream_->start ();
    }
    // Established, everything that was exchanged for that taken away.
    WiredStream (HeldSocket &owner, const std::string &peer_type) : WiredStream (owner)
    {
        far.write (greeting () + ready (peer_type));
        advance ();
        REQUIRE (stream_->established ());
        far.read ();
    }
    ~WiredStream ()
    {
        owner_.hold ();
        if (!stream_->dead ()) {
            NetworkPipe *const pipe = stream_->pipe ();
            stream_->close ();
            if (pipe) {
                pipe->stream = nullptr;
                pipe->terminate ();
            }
        }
        owner_.next_call ();  // the pipe goes
    }
    WiredStream (const WiredStream &) = delete;
    WiredStream &operator= (const WiredStream &) = delete;

    Stream *operator->() { return stream_.get (); }
    Stream &operator* () { return *stream_; }
    NetworkPipe &pipe () { return *stream_->pipe (); }

    // What the reactor, or the attending thread, does when the descriptor is ready.
    void advance ()
    {
        if (stream_->established ())
            owner_.socket ().poll_input ();
        else if (!stream_->dead ())
            stream_->on_io (io_in | io_out);
    }
    // Lets the stream write until the peer has got it all: the bytes. Nothing if the stream ended (after what came before).
    std::string flush_all (bool *ended = nullptr)
    {
        std::string all;
        for (int quiet = 0; quiet < 3;) {
            const std::optional<std::string> some = far.read ();
            if (!some) {
                if (ended)
                    *ended = true;
                break;
            }
            all += *some;
            quiet = some->empty () ? quiet + 1 : 0;
            advance ();
        }
        return all;
    }

    FarEnd far;

  private:
    HeldSocket &owner_;
    Listener listener_;
    std::unique_ptr<Stream> stream_;
};

// The messages in bytes that begin with a frame; the bytes must end with one too.
inline std::vector<Frames> messages_in (const std::string &bytes)
{
    Decoder decoder (zmtp::v3_1, -1, false, nullptr);
    std::vector<Frames> messages;
    bool begun = false;
    Msg part;
    for (std::size_t at = 0; at < bytes.size ();) {
        const auto space = decoder.space ();
        const std::size_t count = std::min (space.size (), bytes.size () - at);
        space.put (reinterpret_cast<const std::uint8_t *> (bytes.data ()) + at, count);
        decoder.filled (count);
        at += count;
        while (decoder.next (part) == Decoder::Result::frame) {
            if (!begun)
                messages.emplace_back ();
            messages.back ().emplace_back (part.view ());
            begun = part.more ();
        }
    }
    CHECK (decoder.empty ());
    CHECK_FALSE (begun);
    return messages;
}

}  // namespace held
