// See memory.hpp.
#include "memory.hpp"

#include <cstdlib>
#include <new>
#include <utility>

namespace {

int spare = -1;  // how many allocations succeed before the one that fails; -1: none fails
std::int64_t blocks = 0;
std::uint64_t failed = 0;

bool fails_now () noexcept
{
    if (spare < 0 || spare-- > 0)
        return false;
    ++failed;
    return true;
}

}  // namespace

extern "C" {
void *__real_malloc (std::size_t size);

// The engine's own calls.
void *__wrap_malloc (std::size_t size) { return fails_now () ? nullptr : __real_malloc (size); }
}

namespace sim {

ShortOfMemory::ShortOfMemory (int count) noexcept { spare = count; }
ShortOfMemory::~ShortOfMemory () { spare = -1; }
EnoughMemory::EnoughMemory () noexcept : before_ (std::exchange (spare, -1)) {}
EnoughMemory::~EnoughMemory () { spare = before_; }

std::int64_t blocks_in_use () noexcept { return blocks; }
std::uint64_t allocations_failed () noexcept { return failed; }

}  // namespace sim

namespace {

void *allocate (std::size_t size) noexcept
{
    if (fails_now ())
        return nullptr;
    void *const memory = __real_malloc (size ? size : 1);
    blocks += memory != nullptr;
    return memory;
}

void *allocate_or_throw (std::size_t size)
{
    if (void *const memory = allocate (size))
        return memory;
    throw std::bad_alloc ();
}

void give_up (void *memory) noexcept
{
    blocks -= memory != nullptr;
    std::free (memory);
}

}  // namespace

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
