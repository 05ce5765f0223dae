// zmq_ext.h: whole messages, whose parts no other call can come between, and many messages at a time.
#include <zmq_ext.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include "api/transfer.hpp"

using namespace engine;

namespace {

// Runs send_part (index, flags), 0 or errno, for each part of a message.
template <class SendPart>
int send_message (std::size_t count, int flags, SendPart &&send_part) noexcept
{
    if (count == 0 || count > INT_MAX)
        return fail (EINVAL);
    for (std::size_t i = 0; i < count; ++i)
        if (const int error = send_part (i, i + 1 == count ? flags : flags | ZMQ_SNDMORE)) {
            errno = error;
            return i > 0 ? static_cast<int> (i) : -1;
        }
    return static_cast<int> (count);
}

// What recv_messages fills: the caller's array first, then ones of our own.
class Frames
{
  public:
    Frames (zmq_msg_t *given, std::size_t room) noexcept : given_ (given), frames_ (given), room_ (room) {}
    ~Frames ()
    {
        drop_to (0);
        if (frames_ != given_)
            std::free (frames_);
    }
    Frames (const Frames &) = delete;
    Frames &operator= (const Frames &) = delete;

    std::size_t count () const noexcept { return count_; }
    bool full () const noexcept { return count_ == room_; }
    // An empty frame at the end; null when out of memory.
    Msg *add () noexcept
    {
        if (full () && !grow ())
            return nullptr;
        return new (static_cast<void *> (&frames_[count_++])) Msg;
    }
    void drop_to (std::size_t count) noexcept
    {
        while (count_ > count)
            at (--count_).reset ();
    }
    void drop_metadata (const void *lender) noexcept
    {
        for (std::size_t i = 0; i < count_; ++i)
            at (i).drop_metadata (lender);
    }
    // From now on they are the caller's.
    int give (zmq_msg_t **frames) noexcept
    {
        const std::size_t count = std::exchange (count_, 0);
        *frames = std::exchange (frames_, given_);
        return static_cast<int> (count);
    }

  private:
    Msg &at (std::size_t index) noexcept { return *reinterpret_cast<Msg *> (&frames_[index]); }
    bool grow () noexcept
    {
        void *const larger = std::malloc (2 * room_ * sizeof *frames_);
        if (!larger)
            return false;
        std::memcpy (larger, frames_, count_ * sizeof *frames_);  // nothing points into a Msg
        if (frames_ != given_)
            std::free (frames_);
        frames_ = static_cast<zmq_msg_t *> (larger);
        room_ *= 2;
        return true;
    }

    zmq_msg_t *const given_;
    zmq_msg_t *frames_;
    std::size_t room_;
    std::size_t count_ = 0;
};

// One message, to its end. 0 or errno; on an error there is nothing of it in `frames`.
template <class ReceiveFirst>
int take_message (SocketGuard &guard, Frames &frames, ReceiveFirst &&receive_first) noexcept
{
    const std::size_t start = frames.count ();
    Msg *frame = frames.add ();
    int error = frame ? receive_first (*frame) : ENOMEM;
    if (frame && error)
        frames.drop_to (start);
    while (!error && frame->more ()) {
        frame = frames.add ();
        error = frame ? guard->try_recv (*frame) : ENOMEM;
        if (error) {
            frames.drop_to (start);
            // Nobody shall take the rest for a message.
            for (Msg rest; guard->receiving_more () && guard->try_recv (rest) == 0;) {
            }
        }
    }
    return error;
}

}  // namespace

int zmq_ext_send_parts (void *socket, const zmq_ext_bytes_t *parts, size_t count, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!parts && count)
            return fail (EFAULT);
        for (std::size_t i = 0; i < count; ++i)
            if (!parts[i].data && parts[i].size)
                return fail (EFAULT);
        return send_message (count, flags,
                             [&] (std::size_t i, int part_flags) { return send_bytes (guard, parts[i].data, parts[i].size, part_flags); });
    });
}

int zmq_ext_msg_send_parts (void *socket, zmq_msg_t *parts, size_t count, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!parts && count)
            return fail (EFAULT);
        Msg *const frames = reinterpret_cast<Msg *> (parts);
        for (std::size_t i = 0; i < count; ++i)
            if (!frames[i].valid ())
                return fail (EFAULT);
        return send_message (count, flags, [&] (std::size_t i, int part_flags) {
            frames[i].set_metadata (nullptr);
            frames[i].set_more (part_flags & ZMQ_SNDMORE);
            return send_frame (guard, frames[i], part_flags);
        });
    });
}

int zmq_ext_recv_messages (void *socket, zmq_msg_t **frames, size_t room, size_t messages, int flags)
{
    return with_socket (socket, [&] (SocketGuard &guard) {
        if (!frames || !*frames)
            return fail (EFAULT);
        if (room == 0 || messages == 0)
            return fail (EINVAL);
        const bool bare = flags & ZMQ_EXT_BARE;
        Frames taken (*frames, std::min<std::size_t> (room, INT_MAX / 2));
        if (const int error = take_message (guard, taken, [&] (Msg &frame) { return recv_frame (guard, frame, flags); }))
            return fail (error);
        while (--messages > 0 && !taken.full ())
            if (take_message (guard, taken, [&] (Msg &frame) { return guard->try_recv (frame); }))
                break;
        if (bare)
            taken.drop_metadata (&*guard);
        return taken.give (frames);
    });
}

int zmq_ext_msg_parts (const zmq_msg_t *frames, size_t count, zmq_ext_part_t *parts)
{
    if (count > 0 && (!frames || !parts))
        return fail (EFAULT);
    const std::span<const Msg> messages (reinterpret_cast<const Msg *> (frames), count);
    for (const Msg &message : messages)
        if (!message.valid ())
            return fail (EFAULT);
    for (const Msg &message : messages)
        *parts++ = {message.data (), message.size (), message.more ()};
    return 0;
}

int zmq_ext_msg_close_all (zmq_msg_t *frames, size_t count)
{
    if (count > 0 && !frames)
        return fail (EFAULT);
    bool valid = true;
    for (Msg &message : std::span<Msg> (reinterpret_cast<Msg *> (frames), count)) {
        valid &= message.valid ();
        if (message.valid ())
            message.close ();
    }
    return valid ? 0 : fail (EFAULT);
}
