// See fibers.hpp. What std::thread does is led here by the linker (--wrap).
#include "fibers.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <pthread.h>
#include <sys/mman.h>

#include "invariant.hpp"
#include "kernel.hpp"
#include "memory.hpp"
#include "world.hpp"

#if defined __SANITIZE_ADDRESS__
#    define SIM_ASAN
#elif defined __has_feature
#    if __has_feature(address_sanitizer)
#        define SIM_ASAN
#    endif
#endif
#ifdef SIM_ASAN
#    include <sanitizer/common_interface_defs.h>
#endif

namespace sim {

Fiber *current_fiber = nullptr;
std::vector<Fiber *> fibers;

Fiber::Fiber (std::unique_ptr<ThreadWork> what, int whose) : work (std::move (what)), host (whose), size_ (1U << 20)
{
    stack_ = ::mmap (nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ::getcontext (&own_);
    own_.uc_stack.ss_sp = stack_;
    own_.uc_stack.ss_size = size_;
    const auto address = reinterpret_cast<std::uintptr_t> (this);
    ::makecontext (&own_, reinterpret_cast<void (*) ()> (&begin), 2, static_cast<unsigned> (address >> 32),
                   static_cast<unsigned> (address));
}

Fiber::~Fiber () { ::munmap (stack_, size_); }

void Fiber::begin (unsigned high, unsigned low)
{
    auto &self = *reinterpret_cast<Fiber *> ((static_cast<std::uintptr_t> (high) << 32) | low);
#ifdef SIM_ASAN
    __sanitizer_finish_switch_fiber (nullptr, &self.back_stack_, &self.back_size_);
#endif
    self.work->_M_run ();
    self.work.reset ();
    self.over = true;
    self.leave (true);
}

void Fiber::leave ([[maybe_unused]] bool for_good)
{
    const int error = errno;
    current_fiber = nullptr;
#ifdef SIM_ASAN
    __sanitizer_start_switch_fiber (for_good ? nullptr : &fake_stack_, back_stack_, back_size_);
#endif
    ::swapcontext (&own_, &back_);
#ifdef SIM_ASAN
    __sanitizer_finish_switch_fiber (fake_stack_, &back_stack_, &back_size_);
#endif
    errno = error;
}

void Fiber::go_on ()
{
    if (current_fiber || over)
        broken ("a thread is run by another one, or after its end");
    const int error = errno;
    const int host_before = kernel.host;
    kernel.host = host;
    waits_for = -1;
    current_fiber = this;
#ifdef SIM_ASAN
    __sanitizer_start_switch_fiber (&back_fake_, stack_, size_);
#endif
    ::swapcontext (&back_, &own_);
#ifdef SIM_ASAN
    __sanitizer_finish_switch_fiber (back_fake_, nullptr, nullptr);
#endif
    kernel.host = host_before;
    errno = error;
    if (over)
        std::erase (fibers, this);
}

void Fiber::sleep_on (int descriptor, std::int64_t until)
{
    waits_for = descriptor;
    deadline = until;
    leave (false);
}

bool Fiber::may_go_on () const { return waits_for < 0 || kernel.time >= deadline || kernel.file (waits_for)->ready () & EPOLLIN; }

}  // namespace sim

// ---- std::thread ----

using sim::Fiber;

extern "C" {

void __wrap__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE (std::thread *self,
                                                                                                   std::unique_ptr<sim::ThreadWork> *work,
                                                                                                   void (*) ())
{
    const sim::EnoughMemory enough;
    auto *const fiber = new Fiber (std::move (*work), sim::kernel.host);
    sim::fibers.push_back (fiber);
    static_assert (sizeof *self == sizeof fiber);
    std::memcpy (static_cast<void *> (self), &fiber, sizeof fiber);  // its id, which says that it can be joined
}

void __wrap__ZNSt6thread4joinEv (std::thread *self)
{
    Fiber *fiber = nullptr;
    std::memcpy (&fiber, static_cast<void *> (self), sizeof fiber);
    while (!fiber->over)
        sim::world->wait_a_turn ();
    delete fiber;
    std::memset (static_cast<void *> (self), 0, sizeof *self);
}
}
