#include "core/strand.hpp"

#include <deque>
#include <new>

#include "core/context.hpp"
#include "core/fork.hpp"
#include "core/socket.hpp"

namespace engine {

namespace {

// Slots for re-use, oldest first, so that a handle just closed stays recognisably dead for as long as possible.
struct Pool
{
    Mutex mutex;
    std::deque<Strand *> free ENGINE_GUARDED_BY (mutex);
};

Pool &pool ()
{
    static Pool *const instance = new Pool;  // outlives every static destructor
    return *instance;
}

constexpr std::size_t rest_before_reuse = 64;

}  // namespace

Strand *Strand::acquire () noexcept
{
    Strand *strand = nullptr;
    {
        Pool &slots = pool ();
        Lock lock (slots.mutex);
        if (slots.free.size () > rest_before_reuse) {
            strand = slots.free.front ();
            slots.free.pop_front ();
        }
    }
    if (!strand)
        strand = new (std::nothrow) Strand;
    return strand;
}

void Strand::recycle (Strand *strand) noexcept
{
    Pool &slots = pool ();
    Lock lock (slots.mutex);
    try {
        slots.free.push_back (strand);
    } catch (...) {
        // Out of memory: the slot rests for ever.
    }
}

SocketGuard::SocketGuard (Strand &strand, Who who) noexcept : strand_ (strand), who_ (who)
{
    if (strand.foreign ()) [[unlikely]]
        return;  // a parent's socket: its mutex may be held by a thread that does not exist here
    strand.mutex_.lock ();
    locked_ = true;
    if (who == Who::engine || strand.open_) [[likely]]
        socket_ = strand.socket_.get ();
}

void SocketGuard::unlock () noexcept
{
    if (socket_) {
        ++socket_->users;
        socket_->leave (who_ == Who::application);
    }
    strand_.mutex_.unlock ();
    locked_ = false;
}

bool SocketGuard::relock () noexcept
{
    strand_.mutex_.lock ();
    locked_ = true;
    if (socket_)
        --socket_->users;
    return who_ == Who::engine || strand_.open_;
}

void SocketGuard::release () noexcept
{
    bool gone = false;
    if (socket_ && socket_->leave (who_ == Who::application)) [[unlikely]] {
        // The context may be deleted by another thread as soon as it has heard of the last socket's end.
        Context &context = socket_->context ();
        strand_.socket_.reset ();
        context.socket_gone (strand_);
        gone = true;
    }
    strand_.mutex_.unlock ();
    locked_ = false;
    if (gone)
        Strand::recycle (&strand_);
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
