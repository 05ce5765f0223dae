#include "strand/guard.hpp"

#include "base/errors.hpp"
#include "base/spin.hpp"

namespace engine {

StrandGuard::StrandGuard (Strand &strand, Who who) noexcept : strand_ (strand), who_ (who)
{
    if (strand.foreign ()) [[unlikely]]
        return;  // a parent's socket: its mutex may be held by a thread that does not exist here
    lock ();
    note_locked ();
    if (who == Who::engine || strand.open_) [[likely]]
        object_ = strand.object_.get ();
}

// The reactor's turn may be long, and to wait until it happens to be woken between two of them would be longer.
void StrandGuard::lock_contended () noexcept
{
    if (who_ == Who::application && strand_.in_turn ())
        strand_.mutex_.lock_hastily ();
    else
        strand_.mutex_.lock ();
}

void StrandGuard::unlock () noexcept
{
    if (object_) {
        ++object_->users;
        object_->leave (who_ == Who::application);
        if (!released_.empty ()) [[unlikely]]
            free_elsewhere (object_->disposer (false));
    }
    let_go ();
    if (!released_.empty ()) [[unlikely]]
        released_.run ();
}

// A background thread frees what it released itself, once it has let go.
void StrandGuard::free_elsewhere (Disposer *disposer) noexcept
{
    if (who_ != Who::application || !disposer)
        return;
    const KeptErrno kept;  // the call's
    disposer->free_later (released_);
}

bool StrandGuard::relock () noexcept
{
    lock ();
    return relocked ();
}

bool StrandGuard::relock_after_yield (Spin &spin) noexcept
{
    do
        spin.yield ();
    while (!(locked_ = strand_.mutex_.try_lock ()) && spin.going ());
    if (!locked_)
        lock_contended ();
    return relocked ();
}

bool StrandGuard::relocked () noexcept
{
    note_locked ();
    if (object_)
        --object_->users;
    return who_ == Who::engine || strand_.open_;
}

void StrandGuard::release () noexcept
{
    if (object_) {
        const bool over = object_->leave (who_ == Who::application);
        if (over || !released_.empty ()) [[unlikely]] {
            release_and_free (over);
            return;
        }
    }
    let_go ();
}

void StrandGuard::release_and_free (bool over) noexcept
{
    const KeptErrno kept;
    GuardedOwner &owner = object_->owner ();
    Disposer *const disposer = object_->disposer (over);
    if (over)
        strand_.object_.reset ();
    if (!released_.empty ())
        free_elsewhere (disposer);
    // The owner may be deleted by another thread as soon as it has heard of the last object's end.
    if (over)
        owner.guarded_gone (strand_);
    let_go ();
    if (over)
        Strand::recycle (&strand_);
    released_.run ();
}

void StrandGuard::forget_handle () noexcept { strand_.open_ = false; }

}  // namespace engine
