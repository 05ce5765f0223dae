// See entropy.hpp.
#include "platform/entropy.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <mutex>

#include <pthread.h>
#include <unistd.h>
#if defined __APPLE__
#    include <sys/random.h>
#endif

namespace engine {

namespace {

struct Stock
{
    std::array<std::uint32_t, 64> words{};  // as many bytes as getentropy(3) gives at once
    std::size_t used = 64;
};
thread_local Stock stock;

// The thread that has forked is the only one that a child has.
void forget_stock_in_child () noexcept { stock.used = stock.words.size (); }

// (SplitMix64, Steele, Lea and Flood 2014.)
void fill_without_system () noexcept
{
    static std::atomic<std::uint64_t> calls{0};
    timespec time{};
    ::clock_gettime (CLOCK_MONOTONIC, &time);
    std::uint64_t state = (static_cast<std::uint64_t> (time.tv_sec) << 30) ^ static_cast<std::uint64_t> (time.tv_nsec) ^
                          (static_cast<std::uint64_t> (::getpid ()) << 40) ^ reinterpret_cast<std::uintptr_t> (&stock);
    state += calls.fetch_add (1, std::memory_order_relaxed) << 48;
    for (std::uint32_t &word : stock.words) {
        std::uint64_t mixed = state += 0x9e3779b97f4a7c15;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        word = static_cast<std::uint32_t> (mixed >> 32);
    }
}

void refill () noexcept
{
    static std::once_flag once;
    std::call_once (once, [] { ::pthread_atfork (nullptr, nullptr, forget_stock_in_child); });
    if (get_entropy ({reinterpret_cast<std::uint8_t *> (stock.words.data ()), sizeof stock.words}) != 0)
        fill_without_system ();
    stock.used = 0;
}

}  // namespace

int get_entropy (std::span<std::uint8_t> bytes) noexcept { return ::getentropy (bytes.data (), bytes.size ()) == 0 ? 0 : errno; }

std::uint32_t random_word () noexcept
{
    if (stock.used == stock.words.size ()) [[unlikely]]
        refill ();
    return stock.words[stock.used++];
}

}  // namespace engine
