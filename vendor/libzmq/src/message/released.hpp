// Bodies that the application frees, released while a lock of ours was held. Its free function may take locks of its own and call us, so it
// runs later: whoever takes a lock under which messages are released collects them, and sees to them once the lock has been dropped
// (StrandGuard). Where nobody collects, a free function is called at once. Messages without one know nothing of this.
#pragma once

#include <utility>

namespace engine {

struct ExternalContent;  // msg.cpp

class Released
{
  public:
    Released () = default;
    Released (const Released &) = delete;
    Released &operator= (const Released &) = delete;

    // What this thread releases from now on comes here, until stop().
    void collect () noexcept { collector = this; }
    static void stop () noexcept { collector = nullptr; }
    // Null: nobody collects.
    static Released *here () noexcept { return collector; }

    bool empty () const noexcept { return !newest_; }
    void add (ExternalContent &content) noexcept;
    // All of another's, behind what is here.
    void take (Released &other) noexcept;
    // Calls the free functions, in the order of release. With no lock held, and before it goes. Keeps errno.
    void run () noexcept;

  private:
#if defined(__ELF__)
    // Two instructions, where the usual way is a call.
    [[gnu::tls_model ("initial-exec")]]
#endif
    static constinit thread_local Released *collector;

    ExternalContent *newest_ = nullptr;  // a list, newest first
};

}  // namespace engine
