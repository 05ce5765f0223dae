// A context: the sockets, the names of inproc, the background threads. Thread-safe throughout.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include <zmq_ext.h>

#include "base/handle_tag.hpp"
#include "base/sync.hpp"
#include "core/inproc_registry.hpp"
#include "core/live_contexts.hpp"
#include "options/context_options.hpp"
#include "platform/wake_descriptor.hpp"
#include "strand/guarded.hpp"

namespace engine {

class Reactor;
class Released;
class Resolver;
class Strand;

class Context
{
  public:
    Context ();
    ~Context ();
    // Null if the pointer is no live context.
    static Context *from_handle (void *handle) noexcept
    {
        Context *const context = static_cast<Context *> (handle);
        return context && context->tag_.valid () ? context : nullptr;
    }

    // A new socket's handle; null with errno EINVAL, EMFILE, ETERM, ENOMEM.
    Strand *make_socket (int type) noexcept;
    // As its sockets know it.
    GuardedOwner &owner () noexcept { return owner_; }

    int set_option (int option, const void *value, std::size_t size) noexcept;
    int get_option (int option, void *value, std::size_t *size) noexcept;
    int set_option (int option, int value) noexcept;
    int get_option (int option, int &value) noexcept;
    // A copy of all options as they are.
    ContextOptions options () noexcept;

    // Every blocked and every later call on its sockets ends with ETERM.
    void shutdown () noexcept;
    // Whose strands may have got another socket by the time they are taken. Throws std::bad_alloc.
    std::vector<Strand *> strands ();
    // A socket goes: its counters stay with the context's.
    void note_ended (const zmq_ext_stats_t &stats) noexcept;
    zmq_ext_stats_t ended_stats () noexcept;

    bool terminated () const noexcept { return terminated_.load (std::memory_order_acquire); }
    // By VisitedContext only.
    void begin_visit () noexcept;
    void end_visit () noexcept;
    // shutdown(), then waits until every socket was closed and has gone and nobody visits it any more. 0, or EINTR: call again. The caller
    // deletes it after 0.
    int wait_for_end () noexcept;

    // Started on first need. EMTHREAD: the mask selects none. May fail for want of descriptors, memory or threads.
    int choose_reactor (std::uint64_t affinity, Reactor *&out) noexcept;
    Resolver &resolver ();
    InprocRegistry &registry () noexcept { return registry_; }

    bool background () const noexcept { return background_.load (std::memory_order_relaxed); }
    std::int64_t spin_time () const noexcept { return spin_time_.load (std::memory_order_relaxed); }  // ns
    bool foreign () const noexcept;                                                                   // made by a parent process

  private:
    // (An object of its own: what a handle points at may be anything, so it must not be asked for a table of functions.)
    class Owner final : public GuardedOwner
    {
      public:
        explicit Owner (Context &context) noexcept : context_ (context) {}
        // By any background thread; where there is none to be had they stay the caller's.
        void free_later (Released &released) noexcept override { context_.free_later (released); }
        void guarded_gone (Strand &strand) noexcept override { context_.socket_gone (strand); }

      private:
        Context &context_;
    };

    friend class LiveContexts;
    void free_later (Released &released) noexcept;
    void socket_gone (Strand &strand) noexcept;
    int admit (Strand &strand) noexcept;
    bool without_sockets () noexcept;

    HandleTag<0xc0a7e871> tag_;
    const unsigned generation_;
    LiveContexts::Member live_;
    Owner owner_{*this};
    std::atomic<bool> terminated_{false};
    std::atomic<bool> background_{false};
    std::atomic<std::int64_t> spin_time_{0};

    Mutex mutex_;
    ContextOptions options_ ENGINE_GUARDED_BY (mutex_);
    std::unordered_set<Strand *> strands_ ENGINE_GUARDED_BY (mutex_);
    zmq_ext_stats_t ended_ ENGINE_GUARDED_BY (mutex_) = {};  // of sockets that have gone
    int max_sockets_ ENGINE_GUARDED_BY (mutex_) = 0;         // as of the first socket
    int socket_count_ ENGINE_GUARDED_BY (mutex_) = 0;
    int visitors_ ENGINE_GUARDED_BY (mutex_) = 0;
    bool started_ ENGINE_GUARDED_BY (mutex_) = false;  // there was a socket: thread options are frozen
    std::vector<std::unique_ptr<Reactor>> reactors_ ENGINE_GUARDED_BY (mutex_);
    std::unique_ptr<Resolver> resolver_ ENGINE_GUARDED_BY (mutex_);
    InprocRegistry registry_;
    WakeDescriptor end_;  // rung when the last socket or visitor has gone
};

}  // namespace engine
