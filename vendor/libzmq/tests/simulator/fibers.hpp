// The engine's background threads, run as coroutines of the one thread there is: each runs until it would sleep, and goes on when the
// simulation lets it. So their interleaving is the seed's, and a run can be repeated.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ucontext.h>

#include "thread_work.hpp"

namespace sim {

struct Fiber
{
    Fiber (std::unique_ptr<ThreadWork> work, int host);
    ~Fiber ();
    Fiber (const Fiber &) = delete;
    Fiber &operator= (const Fiber &) = delete;

    // Runs it until it sleeps or ends. To be called by no fiber.
    void go_on ();
    // Called by the fiber itself: until this descriptor is readable or the time has come.
    void sleep_on (int descriptor, std::int64_t until);
    bool may_go_on () const;

    std::unique_ptr<ThreadWork> work;
    const int host;  // whose thread it is
    bool over = false;
    int own_set = -1;  // which it sleeps on
    int waits_for = -1;
    std::int64_t deadline = 0;

  private:
    static void begin (unsigned high, unsigned low);
    void leave (bool for_good);

    ucontext_t own_{};
    ucontext_t back_{};
    std::size_t size_;
    void *stack_;
    // AddressSanitizer's.
    [[maybe_unused]] void *fake_stack_ = nullptr;
    [[maybe_unused]] void *back_fake_ = nullptr;
    [[maybe_unused]] const void *back_stack_ = nullptr;
    [[maybe_unused]] std::size_t back_size_ = 0;
};

// The one that runs; null: none does.
extern Fiber *current_fiber;
// All that are not over, in the order in which they were started.
extern std::vector<Fiber *> fibers;

}  // namespace sim
