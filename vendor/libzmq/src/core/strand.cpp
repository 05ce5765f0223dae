#include "core/strand.hpp"

#include <memory>
#include <new>
#include <utility>

#include "base/spin.hpp"
#include "core/context.hpp"
#include "core/fork.hpp"
#include "core/socket.hpp"

namespace engine {

// Slots for re-use, oldest first, so that a handle just closed stays recognisably dead for as long as possible. Constant-initialised
// and never destroyed: sockets may be made and closed at any time.
struct StrandPool
{
    Mutex mutex;
    Strand *oldest ENGINE_GUARDED_BY (mutex) = nullptr;
    Strand *newest ENGINE_GUARDED_BY (mutex) = nullptr;
    std::size_t count ENGINE_GUARDED_BY (mutex) = 0;
};

namespace {

constinit StrandPool pool;
constexpr std::size_t rest_before_reuse = 64;

}  // namespace

Strand *Strand::acquire () noexcept
{
    {
        Lock lock (pool.mutex);
        if (pool.count > rest_before_reuse) {
            Strand *const strand = pool.oldest;
            pool.oldest = std::exchange (strand->next_free_, nullptr);
            --pool.count;
            return strand;
        }
    }
    return new (std::nothrow) Strand;
}

void Strand::recycle (Strand *strand) noexcept
{
    Lock lock (pool.mutex);
    (pool.count == 0 ? pool.oldest : pool.newest->next_free_) = strand;
    pool.newest = strand;
    ++pool.count;
}

// A thread that was not copied into the child may have held the pool's lock, or that of a slot in it. So the child leaves both alone.
void Strand::forget_inherited () noexcept { std::construct_at (&pool); }

SocketGuard::SocketGuard (Strand &strand, Who who) noexcept : strand_ (strand), who_ (who)
{
    if (strand.foreign ()) [[unlikely]]
        return;  // a parent's socket: its mutex may be held by a thread that does not exist here
    strand.mutex_.lock ();
    note_locked ();
    if (who == Who::engine || strand.open_) [[likely]]
        socket_ = strand.socket_.get ();
}

void SocketGuard::unlock () noexcept
{
    if (socket_) {
        ++socket_->users;
        socket_->leave (who_ == Who::application);
        if (!released_.empty ()) [[unlikely]]
            free_elsewhere (socket_->context (), socket_->reactor_or_none (), socket_->closing ());
    }
    let_go ();
    if (!released_.empty ()) [[unlikely]]
        released_.run ();
}

// A background thread frees what it released itself, once it has let go.
void SocketGuard::free_elsewhere (Context &context, Reactor *reactor, bool socket_ends) noexcept
{
    if (who_ == Who::application && (reactor || socket_ends))
        context.free_later (released_, reactor);
}

bool SocketGuard::relock () noexcept
{
    strand_.mutex_.lock ();
    return relocked ();
}

bool SocketGuard::relock_after_yield (Spin &spin) noexcept
{
    do
        spin.yield ();
    while (!(locked_ = strand_.mutex_.try_lock ()) && spin.going ());
    if (!locked_)
        strand_.mutex_.lock ();
    return relocked ();
}

bool SocketGuard::relocked () noexcept
{
    note_locked ();
    if (socket_)
        --socket_->users;
    return who_ == Who::engine || strand_.open_;
}

void SocketGuard::release () noexcept
{
    if (socket_) {
        const bool over = socket_->leave (who_ == Who::application);
        if (over || !released_.empty ()) [[unlikely]] {
            release_and_free (over);
            return;
        }
    }
    let_go ();
}

void SocketGuard::release_and_free (bool over) noexcept
{
    Context &context = socket_->context ();
    Reactor *const reactor = socket_->reactor_or_none ();
    const bool socket_ends = over || socket_->closing ();
    if (over)
        strand_.socket_.reset ();
    if (!released_.empty ())
        free_elsewhere (context, reactor, socket_ends);
    // The context may be deleted by another thread as soon as it has heard of the last socket's end.
    if (over)
        context.socket_gone (strand_);
    let_go ();
    if (over)
        Strand::recycle (&strand_);
    released_.run ();
}

void SocketGuard::install (Strand &strand, std::unique_ptr<Socket> socket) noexcept
{
    Lock lock (strand.mutex_);
    strand.socket_ = std::move (socket);
    strand.generation_.store (fork_generation.load (std::memory_order_relaxed), std::memory_order_relaxed);
    strand.open_ = true;
    strand.doorbell.open ();
}

void SocketGuard::forget_handle () noexcept { strand_.open_ = false; }

}  // namespace engine
