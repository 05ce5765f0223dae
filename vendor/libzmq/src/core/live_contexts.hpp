// The contexts of this process that have not ended: whether an address is one's is found out without touching what is there.
//
// For functions that only look at a context (zmq_ext_ctx_*), which another thread may end meanwhile. Its mutex is taken by zmq_ctx_new, at
// the end of zmq_ctx_term and by those functions only, before the context's own and never with a strand held. It is not held while they
// look: letting go of a strand may run free functions of the application. The end waits for those who look instead.
#pragma once

namespace engine {

class Context;

class LiveContexts
{
  public:
    static void add (Context &context) noexcept;
    static void remove (Context &context) noexcept;  // nobody looks at it from now on who does not already; idempotent

    // A link of the list.
    class Member
    {
      private:
        friend class LiveContexts;
        Context *newer_ = nullptr;
        Context *older_ = nullptr;
        bool listed_ = false;
    };

  private:
    friend class VisitedContext;
    static Context *visit (const void *handle) noexcept;
    static Member &member (Context &context) noexcept;
    static void after_fork_in_child () noexcept;  // the parent's are none here
};

// Somebody looks at a context, which does not end before he has finished.
class VisitedContext
{
  public:
    explicit VisitedContext (const void *handle) noexcept : context_ (LiveContexts::visit (handle)) {}
    ~VisitedContext ();
    VisitedContext (const VisitedContext &) = delete;
    VisitedContext &operator= (const VisitedContext &) = delete;

    explicit operator bool () const noexcept { return context_ != nullptr; }  // false: no live context of this process
    Context *operator->() const noexcept { return context_; }
    Context &operator* () const noexcept { return *context_; }

  private:
    Context *const context_;
};

}  // namespace engine
