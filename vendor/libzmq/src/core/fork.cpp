#include "core/fork.hpp"

#include <mutex>

#include <pthread.h>

#include "core/strand.hpp"

namespace engine {

std::atomic<unsigned> fork_generation{0};

void watch_forks () noexcept
{
    static std::once_flag once;
    std::call_once (once, [] {
        pthread_atfork (nullptr, nullptr, [] {
            fork_generation.fetch_add (1, std::memory_order_relaxed);
            Strand::forget_inherited ();
        });
    });
}

}  // namespace engine
