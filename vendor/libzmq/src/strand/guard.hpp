// Holding a strand. Letting go finishes what the call left to be done: reaping dead pipes and streams, waking others, and destroying the
// object when it was closed and nothing lingers.
//
// Free functions of bodies released meanwhile run with no lock held: on a background thread where there is one, or the object ends, since
// the caller may hold what they take; else at the end of the call.
#pragma once

#include "base/sync.hpp"
#include "message/released.hpp"
#include "strand/strand.hpp"

namespace engine {

class Spin;

class ENGINE_SCOPED_CAPABILITY StrandGuard
{
  public:
    enum class Who
    {
        application,  // only an open handle will do
        engine        // a lingering object too
    };
    explicit StrandGuard (Strand &strand, Who who = Who::application) noexcept ENGINE_NO_ANALYSIS;
    ~StrandGuard () ENGINE_NO_ANALYSIS
    {
        // An exception may come while others are let in.
        if (!locked_ && object_)
            relock ();
        if (locked_)
            release ();
    }
    StrandGuard (const StrandGuard &) = delete;
    StrandGuard &operator= (const StrandGuard &) = delete;

    explicit operator bool () const noexcept { return object_ != nullptr; }
    Guarded *object () const noexcept { return object_; }
    Strand &strand () const noexcept { return strand_; }

    // Lets others run while this thread sleeps; false from relock(): the handle was closed meanwhile.
    void unlock () noexcept ENGINE_NO_ANALYSIS;
    bool relock () noexcept ENGINE_NO_ANALYSIS;
    // As relock() after yielding at least once, and again as long as the strand is held and it pays: a thread that polls does not make the
    // reactor wake it up.
    bool relock_after_yield (Spin &spin) noexcept ENGINE_NO_ANALYSIS;

    // zmq_close: from now on the handle is dead.
    void forget_handle () noexcept;

  private:
    bool relocked () noexcept;
    void lock () noexcept ENGINE_NO_ANALYSIS
    {
        if (!strand_.mutex_.try_lock ()) [[unlikely]]
            lock_contended ();
    }
    void lock_contended () noexcept ENGINE_NO_ANALYSIS;
    void note_locked () noexcept
    {
        locked_ = true;
        released_.collect ();
    }
    void let_go () noexcept ENGINE_NO_ANALYSIS
    {
        Released::stop ();
        strand_.mutex_.unlock ();
        locked_ = false;
    }
    void release_and_free (bool over) noexcept ENGINE_NO_ANALYSIS;
    void free_elsewhere (Disposer *disposer) noexcept;
    void release () noexcept ENGINE_NO_ANALYSIS;

    Strand &strand_;
    Guarded *object_ = nullptr;
    Released released_;
    Who who_;
    bool locked_ = false;
};

// Knows what the strand guards.
template <class Object>
class ENGINE_SCOPED_CAPABILITY Guard : public StrandGuard
{
  public:
    using StrandGuard::StrandGuard;
    Object *operator->() const noexcept { return static_cast<Object *> (object ()); }
    Object &operator* () const noexcept { return *static_cast<Object *> (object ()); }
};

}  // namespace engine
