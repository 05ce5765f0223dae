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

void *allocate_or_throw (std::size_t size)
{
    if (void *const memory = allocate (size))
        return memory;
    throw std::bad_alloc ();
}

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

FailingMemory::FailingMemory (int spare, ForGood) : FailingMemory (spare) { for_good_ = true; }

FailingMemory::~FailingMemory () { current = nullptr; }

bool FailingMemory::fails_now () noexcept
{
    FailingMemory *const memory = current;
    if (!memory || (memory->failed_ && !memory->for_good_) || memory->spare_-- > 0)
        return false;
    memory->failed_ = true;
    if (memory->at_failure_)
        memory->at_failure_ ();
    return true;
}

#if defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define OPERATORS_ARE_WRAPPED
#    endif
#endif

#ifdef OPERATORS_ARE_WRAPPED
// ThreadSanitizer's runtime has operators of its own that cannot be replaced: the linker leads this program's calls here (--wrap).
extern "C" {
void *__wrap__Znwm (std::size_t size) { return allocate_or_throw (size); }
void *__wrap__ZnwmRKSt9nothrow_t (std::size_t size, const std::nothrow_t &) noexcept { return allocate (size); }
void *__wrap__Znam (std::size_t size) { return allocate_or_throw (size); }
void *__wrap__ZnamRKSt9nothrow_t (std::size_t size, const std::nothrow_t &) noexcept { return allocate (size); }
void __wrap__ZdlPv (void *memory) noexcept { give_up (memory); }
void __wrap__ZdlPvm (void *memory, std::size_t) noexcept { give_up (memory); }
void __wrap__ZdlPvRKSt9nothrow_t (void *memory, const std::nothrow_t &) noexcept { give_up (memory); }
void __wrap__ZdaPv (void *memory) noexcept { give_up (memory); }
void __wrap__ZdaPvm (void *memory, std::size_t) noexcept { give_up (memory); }
void __wrap__ZdaPvRKSt9nothrow_t (void *memory, const std::nothrow_t &) noexcept { give_up (memory); }
}
#else
void *operator new (std::size_t size) { return allocate_or_throw (size); }
void *operator new (std::size_t size, const std::nothrow_t &) noexcept { return allocate (size); }
void *operator new[] (std::size_t size) { return allocate_or_throw (size); }
void *operator new[] (std::size_t size, const std::nothrow_t &) noexcept { return allocate (size); }
void operator delete (void *memory) noexcept { give_up (memory); }
void operator delete (void *memory, std::size_t) noexcept { give_up (memory); }
void operator delete (void *memory, const std::nothrow_t &) noexcept { give_up (memory); }
void operator delete[] (void *memory) noexcept { give_up (memory); }
void operator delete[] (void *memory, std::size_t) noexcept { give_up (memory); }
void operator delete[] (void *memory, const std::nothrow_t &) noexcept { give_up (memory); }
#endif
