// ReadySet on macOS and the BSDs: kqueue(2). The contract is in ready_set.hpp, which alone includes this.
//
// Filters are level-triggered (no EV_CLEAR, EV_ONESHOT or EV_DISPATCH), as everything above expects it; adding a filter that is there
// already changes it, so there is nothing to be remembered about a descriptor. A kqueue is not inherited over fork(2): its number may
// stand for something else in the child, so a child closes none.
#pragma once

#include <cerrno>
#include <cstdint>

#include <sys/event.h>
#include <sys/time.h>

namespace engine {

enum : std::uint32_t
{
    io_in = 1,
    io_out = 2,
    io_error = 4,
    io_ended = 8,
    io_priority = 16
};

class ReadySet
{
  public:
    ReadySet () = default;
    ~ReadySet () { close (); }
    ReadySet (const ReadySet &) = delete;
    ReadySet &operator= (const ReadySet &) = delete;

    static constexpr bool is_inherited = false;
    static constexpr bool knows_members = false;
    static constexpr bool tells_unasked = false;

    bool open () noexcept;
    void close () noexcept;
    bool is_open () const noexcept { return fd_ >= 0; }
    int fd () const noexcept { return fd_; }

    int add (int fd, std::uint32_t events, void *data) const noexcept;
    int modify (int fd, std::uint32_t events, void *data) const noexcept;
    int remove (int fd) const noexcept;

    template <int capacity, class Ready>
    int collect (int milliseconds, Ready &&ready) const
    {
        return collect<capacity> (capacity, milliseconds, ready);
    }
    template <int most, class Ready>
    int collect (int capacity, int milliseconds, Ready &&ready) const
    {
        struct kevent found[most];
        const int count = wait (found, capacity < most ? capacity : most, milliseconds);
        for (int i = 0; i < count; ++i)
            if (const std::uint32_t events = translate (found[i]))
                ready (untagged (found[i].udata), events);
        return count;
    }
    bool any_ready () const noexcept;

  private:
    // The data of a filter that is there for the end alone has this bit set.
    static constexpr std::uintptr_t end_only = 1;
    template <class Data>
    static void *untagged (Data data) noexcept
    {
        return reinterpret_cast<void *> (reinterpret_cast<std::uintptr_t> (data) & ~end_only);
    }

    int wait (struct kevent *found, int capacity, int milliseconds) const noexcept;
    // 0: nothing that was asked for.
    std::uint32_t translate (const struct kevent &found) const noexcept;

    int fd_ = -1;
    unsigned generation_ = 0;  // of forks, when it was opened
};

}  // namespace engine
