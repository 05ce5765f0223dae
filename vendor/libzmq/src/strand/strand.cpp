#include "strand/strand.hpp"

#include <memory>
#include <new>
#include <utility>

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

void Strand::install (std::unique_ptr<Guarded> object) noexcept
{
    Lock lock (mutex_);
    object_ = std::move (object);
    generation_.store (fork_generation.load (std::memory_order_relaxed), std::memory_order_relaxed);
    open_ = true;
    doorbell.open ();
}

}  // namespace engine
