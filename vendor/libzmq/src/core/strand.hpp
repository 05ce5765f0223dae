// A socket handle: the slot that zmq.h's `void *socket` points at. It holds the one mutex that guards all of a socket, and hands
// the socket out only while that is locked. Slots are never given back to the system, so a stale handle is recognised
// (ENOTSOCK) instead of crashing, and a doorbell may be rung at any time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/sync.hpp"
#include "core/doorbell.hpp"
#include "core/fork.hpp"
#include "message/released.hpp"

namespace engine {

class Context;
class Reactor;
class Socket;
class Spin;

class Strand
{
  public:
    static constexpr std::uint32_t tag = 0x5a71a9d5;

    // A free slot, or null when out of memory.
    static Strand *acquire () noexcept;
    // A slot that acquire() gave and that never had a socket.
    static void give_back (Strand *strand) noexcept { recycle (strand); }
    // In a child process, right after fork(2): no slot of the parent's is used again.
    static void forget_inherited () noexcept;
    // Null if the pointer is not a handle that could be open (a race with close is settled by the guard).
    static Strand *from_handle (void *handle) noexcept
    {
        Strand *const strand = static_cast<Strand *> (handle);
        return strand && strand->tag_ == tag ? strand : nullptr;
    }

    // Made by a parent process.
    bool foreign () const noexcept
    {
        return generation_.load (std::memory_order_relaxed) != fork_generation.load (std::memory_order_relaxed);
    }

    Doorbell doorbell;

  private:
    friend class SocketGuard;
    Strand () = default;
    static void recycle (Strand *strand) noexcept;

    const std::uint32_t tag_ = tag;
    bool open_ = false;                    // the application has not closed it; under mutex_
    std::atomic<unsigned> generation_{0};  // fork generation of its socket's creation
    Mutex mutex_;
    std::unique_ptr<Socket> socket_;
    Strand *next_free_ = nullptr;  // the pool's
};

// Holds the strand. Letting go finishes what the call left to be done: sweeping dead pipes and streams, waking others, and
// destroying the socket when it was closed and nothing lingers.
//
// Free functions of bodies released meanwhile run with no lock held: on a background thread where there is one, or the socket ends, since
// the caller may hold what they take; else at the end of the call.
class ENGINE_SCOPED_CAPABILITY SocketGuard
{
  public:
    enum class Who
    {
        application,  // only an open socket will do
        engine        // a lingering one too
    };
    explicit SocketGuard (Strand &strand, Who who = Who::application) noexcept ENGINE_NO_ANALYSIS;
    ~SocketGuard () ENGINE_NO_ANALYSIS
    {
        // An exception may come while others are let in.
        if (!locked_ && socket_)
            relock ();
        if (locked_)
            release ();
    }
    SocketGuard (const SocketGuard &) = delete;
    SocketGuard &operator= (const SocketGuard &) = delete;

    explicit operator bool () const noexcept { return socket_ != nullptr; }
    Socket *operator->() const noexcept { return socket_; }
    Socket &operator* () const noexcept { return *socket_; }
    Strand &strand () const noexcept { return strand_; }

    // Lets others run while this thread sleeps; false from relock(): the socket was closed meanwhile.
    void unlock () noexcept ENGINE_NO_ANALYSIS;
    bool relock () noexcept ENGINE_NO_ANALYSIS;
    // As relock() after yielding at least once, and again as long as the strand is held and it pays: a thread that polls does not make the
    // reactor wake it up.
    bool relock_after_yield (Spin &spin) noexcept ENGINE_NO_ANALYSIS;

    // zmq_socket: puts a new socket into the slot. zmq_close: from now on the handle is dead.
    static void install (Strand &strand, std::unique_ptr<Socket> socket) noexcept;
    void forget_handle () noexcept;

  private:
    bool relocked () noexcept;
    void note_locked () noexcept
    {
        locked_ = true;
        released_.collect ();
    }
    void let_go () noexcept ENGINE_NO_ANALYSIS
    {
        Released::stop ();
        strand_.mutex_.unlock ();
        locked_ = false;
    }
    void release_and_free (bool over) noexcept ENGINE_NO_ANALYSIS;
    void free_elsewhere (Context &context, Reactor *reactor, bool socket_ends) noexcept;
    void release () noexcept ENGINE_NO_ANALYSIS;

    Strand &strand_;
    Socket *socket_ = nullptr;
    Released released_;
    Who who_;
    bool locked_ = false;
};

}  // namespace engine
