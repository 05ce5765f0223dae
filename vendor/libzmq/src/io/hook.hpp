// How the reactor finds its way back to an object that may have gone meanwhile, and the owner's grip on that: on a watched descriptor
// (WatchHandle), on a timer (TimerHandle). Every function wants the owner's strand held.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace engine {

class Reactor;
class Strand;

// What the reactor calls. With the strand held; must not block; may destroy the target.
class HookTarget
{
  public:
    virtual ~HookTarget () = default;
    virtual void on_io (std::uint32_t events) noexcept = 0;
    virtual void on_timer () noexcept = 0;
};

// A stable node between the reactor and a target. The owner detaches it with the strand held; the reactor frees it when no
// event or timer can name it any more.
struct Hook
{
    Strand *strand = nullptr;
    HookTarget *target = nullptr;  // under the strand; null: detached
    int fd = -1;
    // Under the reactor's mutex.
    Nanoseconds deadline = never;
    std::size_t heap_index = SIZE_MAX;
    Hook *next_retired = nullptr;
};

class WatchHandle
{
  public:
    WatchHandle () = default;
    ~WatchHandle () { reset (); }
    WatchHandle (const WatchHandle &) = delete;
    WatchHandle &operator= (const WatchHandle &) = delete;

    // 0 or errno. Watches until reset(); the descriptor must stay open until then.
    int start (Reactor &reactor, Strand &strand, HookTarget &target, int fd, std::uint32_t events) noexcept;
    void modify (std::uint32_t events) noexcept;
    // As modify(), but with no events wanted not even errors and hang-ups are reported. 0, or errno when there is no room for the
    // watch that wanting something again takes; then none is kept.
    int watch_only (std::uint32_t events) noexcept;
    void reset () noexcept;
    bool active () const noexcept { return hook_ != nullptr; }
    std::uint32_t events () const noexcept { return events_; }

  private:
    Reactor *reactor_ = nullptr;
    Hook *hook_ = nullptr;
    std::uint32_t events_ = 0;
};

class TimerHandle
{
  public:
    TimerHandle () = default;
    ~TimerHandle () { reset (); }
    TimerHandle (const TimerHandle &) = delete;
    TimerHandle &operator= (const TimerHandle &) = delete;

    // Makes sure that arm() will not fail. False: out of memory.
    bool prepare (Reactor &reactor, Strand &strand, HookTarget &target) noexcept;
    // (Re)arms. False: out of memory, which only the first time can say.
    bool arm (Reactor &reactor, Strand &strand, HookTarget &target, Nanoseconds deadline) noexcept;
    void cancel () noexcept;
    void reset () noexcept;
    bool armed () const noexcept { return armed_; }
    void fired () noexcept { armed_ = false; }  // the owner, first thing in on_timer

  private:
    Reactor *reactor_ = nullptr;
    Hook *hook_ = nullptr;
    bool armed_ = false;
};

}  // namespace engine
