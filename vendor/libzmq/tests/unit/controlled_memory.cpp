// See controlled_memory.hpp.
#include "controlled_memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

thread_local FailingMemory *current = nullptr;

std::atomic<void *> watched{nullptr};
std::atomic<int> watched_ends{0};

void *allocate (std::size_t size) noexcept { return FailingMemory::fails_now () ? nullptr : std::malloc (size ? size : 1); }

void give_up (void *memory) noexcept
{
    if (memory && memory == watched.load (std::memory_order_relaxed))
        watched_ends.fetch_add (1, std::memory_order_relaxed);
    else
        std::free (memory);
}

}  // namespace

WatchedBlock::WatchedBlock (void *block)
{
    watched_ends = 0;
    watched = block;
}

WatchedBlock::~WatchedBlock ()
{
    void *const block = watched.exchange (nullptr);
    if (watched_ends > 0)
        std::free (block);
}

int WatchedBlock::ends () const noexcept { return watched_ends; }

FailingMemory::FailingMemory (int spare, std::function<void ()> at_failure) : spare_ (spare), at_failure_ (std::move (at_failure))
{
    current = this;
}

FailingMemory::~FailingMemory () { current = nullptr; }

bool FailingMemory::fails_now () noexcept
{
    FailingMemory *const memory = current;
    if (!memory || memory->failed_ || memory->spare_-- > 0)
        return false;
    memory->failed_ = true;
    if (memory->at_failure_)
        memory->at_failure_ ();
    return true;
}

void *operator new (std::size_t size)
{
    if (void *const memory = allocate (size))
        return memory;
    throw std::bad_alloc ();
}
void *operator new (std::size_t size, const std::nothrow_t &) noexcept { return allocate (size); }
void *operator new[] (std::size_t size) { return operator new (size); }
void *operator new[] (std::size_t size, const std::nothrow_t &) noexcept { return allocate (size); }
void operator delete (void *memory) noexcept { give_up (memory); }
void operator delete (void *memory, std::size_t) noexcept { give_up (memory); }
void operator delete (void *memory, const std::nothrow_t &) noexcept { give_up (memory); }
void operator delete[] (void *memory) noexcept { give_up (memory); }
void operator delete[] (void *memory, std::size_t) noexcept { give_up (memory); }
void operator delete[] (void *memory, const std::nothrow_t &) noexcept { give_up (memory); }
