// Work that asks the name service and may block for seconds, done away from the threads that move messages. One for each
// context; it has no thread until there is work, and then up to `max_threads`, so that one slow name does not hold up the others.
//
// Its threads block all signals and are called "[prefix/]ZMQbg/DNS". All functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "transport/transport.hpp"

namespace engine {

struct ContextOptions;  // options/context_options.hpp

class Resolver
{
    struct Job;
    struct Shared;

  public:
    // Runs in a resolver thread with no lock held. It may outlive the resolver (see the destructor), so it must own, by value,
    // all it uses. Returns an errno or 0. What it throws counts as ENOMEM.
    using Work = std::function<int (std::vector<DialTarget> &out)>;
    // The outcome, in a resolver thread with no lock held, at most once, never inside post(). Must not throw. It may post and cancel.
    using Done = std::function<void (int error, std::vector<DialTarget> targets)>;

    // Names a posted job so that it can be cancelled. Copies name the same job; dropping it cancels nothing. May outlive the
    // resolver.
    class Ticket
    {
      public:
        Ticket () = default;

        // True: done has not begun and never will. False: it is running now or has run, or the ticket names nothing. Never waits, so
        // it may be called with a lock held that done takes. On true done is also destroyed before this returns.
        bool cancel () noexcept;

      private:
        friend class Resolver;
        std::shared_ptr<Job> job_;
    };

    // Its threads get the name prefix, scheduling and affinity that the context's options ask for.
    explicit Resolver (const ContextOptions &options, std::size_t max_threads = default_threads);
    explicit Resolver (const std::string &thread_name_prefix = {}, std::size_t max_threads = default_threads);

    // Cancels every job, waits for a running done, and gives running work `grace` to end. Work stuck longer in the name service is
    // abandoned: its thread ends by itself later and touches nothing but its own copies. Not to be called inside done.
    ~Resolver ();

    Resolver (const Resolver &) = delete;
    Resolver &operator= (const Resolver &) = delete;

    // 0; ENOMEM; EAGAIN if there is no thread and none can be started. On an error neither function is called.
    int post (Work work, Done done, Ticket &ticket) noexcept;

    static constexpr std::chrono::milliseconds grace{200};
    static constexpr std::size_t default_threads = 4;

  private:
    std::shared_ptr<Shared> shared_;
};

}  // namespace engine
