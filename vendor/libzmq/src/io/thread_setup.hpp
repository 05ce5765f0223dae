// What every background thread of a context gets: all signals blocked, a name, and the scheduling that the context's options ask for.
#pragma once

#include <string>

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "options/context_options.hpp"
#include "platform/threads.hpp"

namespace engine {

// Blocks all signals in the calling thread for its lifetime, so that a thread started meanwhile inherits that.
class BlockedSignals
{
  public:
    BlockedSignals () noexcept
    {
        sigset_t all;
        sigfillset (&all);
        pthread_sigmask (SIG_SETMASK, &all, &before_);
    }
    ~BlockedSignals () { pthread_sigmask (SIG_SETMASK, &before_, nullptr); }
    BlockedSignals (const BlockedSignals &) = delete;
    BlockedSignals &operator= (const BlockedSignals &) = delete;

  private:
    sigset_t before_;
};

// "[prefix/]ZMQbg/<role>", cut to the system's 15 characters; policy, priority and affinity as set. Failures are ignored, as there
// is nobody to tell.
inline void set_up_thread (const ContextOptions &options, const std::string &role) noexcept
{
    try {
        std::string name = options.thread_name_prefix.empty () ? "ZMQbg/" + role : options.thread_name_prefix + "/ZMQbg/" + role;
        name.resize (name.size () < 15 ? name.size () : 15);
        name_thread (name.c_str ());
    } catch (...) {
    }
    if (options.thread_sched_policy >= 0 || options.thread_priority >= 0) {
        int policy = SCHED_OTHER;
        sched_param param{};
        pthread_getschedparam (pthread_self (), &policy, &param);
        if (options.thread_sched_policy >= 0)
            policy = options.thread_sched_policy;
        if (options.thread_priority >= 0)
            param.sched_priority = options.thread_priority;
        pthread_setschedparam (pthread_self (), policy, &param);
    }
    if (!options.thread_affinity_cpus.empty ())
        keep_to_processors (options.thread_affinity_cpus);
}

}  // namespace engine
