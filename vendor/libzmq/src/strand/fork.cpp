#include "strand/fork.hpp"

#include <mutex>

#include <pthread.h>

#include "message/backlog.hpp"
#include "platform/inherited_sockets.hpp"
#include "strand/strand.hpp"

namespace engine {

void watch_forks () noexcept
{
    static std::once_flag once;
    std::call_once (once, [] {
        pthread_atfork (before_fork, after_fork_in_parent, [] {
            after_fork_in_child ();
            Backlog::after_fork_in_child ();
            fork_generation.fetch_add (1, std::memory_order_relaxed);
            Strand::forget_inherited ();
        });
    });
}

}  // namespace engine
