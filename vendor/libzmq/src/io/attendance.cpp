#include "io/attendance.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/errors.hpp"
#include "base/make_room.hpp"
#include "io/attended.hpp"
#include "io/host.hpp"
#include "strand/strand.hpp"

namespace engine {

Attendance::~Attendance () { watch_.reset (); }

bool Attendance::open_set () noexcept { return set_.is_open () || set_.open (); }

// ---- what is attended ----

// False: the system has no room for another watch (ENOSPC, ENOMEM).
bool Attendance::try_to_watch (Attended &one, std::uint32_t events) noexcept
{
    if (background ())
        return one.watch ().watch_only (events) == 0;
    if (one.registered_events == events)
        return true;
    // One of which nothing is wanted leaves the set: a hang-up would be reported even so, and nobody would act on it.
    const int error = events == 0                  ? set_.remove (one.fd ())
                      : one.registered_events == 0 ? set_.add (one.fd (), events, &one)
                                                   : set_.modify (one.fd (), events, &one);
    if (error)
        return false;
    one.registered_events = events;
    return true;
}

void Attendance::set_interest (Attended &one, std::uint32_t events) noexcept
{
    constexpr Nanoseconds retry_after = 20 * millisecond;
    if (!try_to_watch (one, events) && !retry_.armed ()) [[unlikely]]
        retry_.arm (socket_.reactor (), socket_.strand (), *this, now () + retry_after);
}

// Something could not be watched.
void Attendance::on_timer () noexcept
{
    retry_.fired ();
    for (std::size_t i = attended_.size (); i-- > 0;) {
        if (i >= attended_.size () || try_to_watch (*attended_[i], attended_[i]->interest ()))
            continue;
        // Nobody tells when it is ready, so it is tried.
        Attended &one = *attended_[i];
        one.try_all ();
        interest_changed (one);
    }
}

bool Attendance::add (Attended &one) noexcept
{
    try {
        make_room (attended_, attended_.size () + 1);
        make_room (paused_, attended_.size () + 1);
    } catch (...) {
        errno = ENOMEM;
        return false;
    }
    if (!retry_.prepare (socket_.reactor (), socket_.strand (), *this)) {
        errno = ENOMEM;
        return false;
    }
    if (background ()) {
        const int error = one.watch ().start (socket_.reactor (), socket_.strand (), one, one.fd (), io_in);
        if (error) {
            errno = error;
            return false;
        }
    } else {
        if (!open_set ())
            return false;
        if (!watch_.active ()) {
            const int error = watch_.start (socket_.reactor (), socket_.strand (), *this, set_.fd (), io_in);
            if (error) {
                errno = error;
                return false;
            }
            held_by_reactor_ = true;
        }
        // Last, because remove() knows nothing of one that was not added.
        if (const int error = set_.add (one.fd (), io_in, &one)) {
            errno = error;
            return false;
        }
        one.registered_events = io_in;
    }
    // While it was the only one the other was not kept up to date.
    if (attended_.size () == 1)
        set_interest (*attended_.front (), attended_.front ()->interest ());
    one.attendance_index = attended_.size ();
    attended_.push_back (&one);
    return true;
}

void Attendance::remove (Attended &one) noexcept
{
    if (one.attendance_index == SIZE_MAX)
        return;
    if (!background () && one.registered_events != 0)
        set_.remove (one.fd ());
    Attended *const last = attended_.back ();
    attended_[one.attendance_index] = last;
    last->attendance_index = one.attendance_index;
    attended_.pop_back ();
    one.attendance_index = SIZE_MAX;
    if (one.listed_as_paused) {
        paused_.erase (std::find (paused_.begin (), paused_.end (), &one));
        one.listed_as_paused = false;
    }
}

// ---- the lease ----

void Attendance::take_lease () noexcept
{
    used_ = true;
    if (!held_by_reactor_ || !check_later ())
        return;
    held_by_reactor_ = false;
    watch_.modify (0);
}

// False: out of memory. Nobody would end the lease.
bool Attendance::check_later () noexcept
{
    if (!listed_)
        listed_ = socket_.reactor ().check_lease_later (socket_.strand ());
    return listed_;
}

void Attendance::hand_back () noexcept
{
    if (!set_.is_open () || held_by_reactor_ || !watch_.active ())
        return;
    // The last call may have made the room that these wait for, and who knows when the next comes.
    resume_paused ();
    for (Attended *one : attended_)
        set_interest (*one, one->interest ());
    held_by_reactor_ = true;
    guarded_ = false;
    watch_.modify (io_in);
}

void Attendance::check_lease () noexcept
{
    listed_ = false;
    if (held_by_reactor_)
        return;
    if (socket_.strand ().doorbell.has_waiters ()) {
        parked_ = true;
        return;
    }
    if (loop_check_.armed () || guarded_)
        return;
    if (asked_) {
        if (!trust_loop ())
            hand_back ();
        return;
    }
    if (!std::exchange (used_, false) || !check_later ())
        hand_back ();
}

bool Attendance::trust_loop () noexcept
{
    constexpr int growth = 16;
    const bool heartbeats = std::any_of (attended_.begin (), attended_.end (), [] (const Attended *one) { return one->has_heartbeat (); });
    asked_ = used_ = false;
    trust_ = std::min (growth * trust_, heartbeats ? longest_trust_with_heartbeats : longest_trust);
    return check_loop_later ();
}

bool Attendance::check_loop_later () noexcept
{
    // Rounded up, so that one waking serves many sockets.
    const Nanoseconds grid = trust_ / 4;
    const Nanoseconds deadline = (now () + trust_ + grid) / grid * grid;
    return loop_check_.arm (socket_.reactor (), socket_.strand (), loop_timer_, deadline);
}

bool Attendance::something_ready () noexcept
{
    for (Attended *one : attended_)
        set_interest (*one, one->interest ());
    return set_.any_ready ();
}

void Attendance::check_loop () noexcept
{
    loop_check_.fired ();
    if (held_by_reactor_ || guarded_)
        return;
    if (socket_.strand ().doorbell.has_waiters ()) {
        parked_ = true;
        return;
    }
    if (asked_) {
        if (!trust_loop ())
            hand_back ();
        return;
    }
    if (std::exchange (used_, false)) {
        // By calls that a loop does not make.
        if (!check_later ())
            hand_back ();
        return;
    }
    resume_paused ();
    if (something_ready ()) {
        // Nobody came for it.
        trust_ = Reactor::lease_time;
        hand_back ();
        return;
    }
    guarded_ = true;
    watch_.modify (io_in);
}

void Attendance::waiter_left () noexcept
{
    if (!parked_)
        return;
    parked_ = false;
    if (!held_by_reactor_ && set_.is_open () && !check_later ())
        hand_back ();
}

// ---- input and output ----

void Attendance::collect () noexcept
{
    constexpr int most = 64;
    set_.collect<most> (0, [this] (void *data, std::uint32_t events) {
        // (The set tells of it again.)
        if (socket_.strand ().turn_is_over ()) [[unlikely]]
            return;
        // One that was lost by an earlier event of this batch is freed at the end of the call, and does nothing more.
        Attended *const one = static_cast<Attended *> (data);
        one->serve (events);
        interest_changed (*one);
    });
}

void Attendance::poll_input () noexcept
{
    if (attended_.empty ())
        return;
    if (background ()) {
        // The reactor reads; but what a full pipe left in a decoder is ours to fetch.
        resume_paused ();
        return;
    }
    take_lease ();
    if (attended_.size () == 1) {
        // The only one needs no look at the set, and its registration is brought up to date only when somebody waits on the set.
        attended_.front ()->try_all ();
        return;
    }
    resume_paused ();
    if (!attended_.empty ())
        collect ();
}

// Those that stopped reading because their pipe was full, and whose pipe has room again.
void Attendance::resume_paused () noexcept
{
    for (std::size_t i = paused_.size (); i-- > 0;) {
        Attended *const one = paused_[i];
        if (!one->has_room ())
            continue;
        paused_.erase (paused_.begin () + static_cast<std::ptrdiff_t> (i));
        one->listed_as_paused = false;
        one->resume ();
        interest_changed (*one);
    }
}

void Attendance::note_paused (Attended &one) noexcept
{
    if (!one.listed_as_paused) {
        one.listed_as_paused = true;
        paused_.push_back (&one);  // add() reserved the room
        unsettled_ |= background ();
    }
}

void Attendance::interest_changed (Attended &one) noexcept
{
    if (one.attendance_index == SIZE_MAX)
        return;
    set_interest (one, one.interest ());
}

void Attendance::output_blocked (Attended &one) noexcept
{
    if (one.attendance_index == SIZE_MAX)
        return;
    if (background () || held_by_reactor_ || attended_.size () > 1)
        set_interest (one, one.interest ());
    if (background () || held_by_reactor_)
        return;
    // settle() hands over to the reactor, unless threads sleep on the socket: they look again at what to wait for.
    unsettled_ = true;
    if (socket_.strand ().doorbell.has_waiters ())
        socket_.strand ().doorbell.ring_others (&Waiter::current ());
}

void Attendance::settle () noexcept
{
    unsettled_ = false;
    if (background ()) {
        // This call may have made room, and who knows when the next comes.
        const KeptErrno kept;
        resume_paused ();
        unsettled_ = !paused_.empty ();
        return;
    }
    if (!set_.is_open ())
        return;
    if (exported_.is_open () && attended_.size () == 1) {
        Attended &one = *attended_.front ();
        if (const std::uint32_t events = one.interest (); events != one.registered_events) {
            const KeptErrno kept;
            set_interest (one, events);
        }
    }
    if (held_by_reactor_ || std::none_of (attended_.begin (), attended_.end (), [] (const Attended *one) { return one->output_waits (); }))
        return;
    // What the kernel would not take must not wait for the next call. A thread that sleeps on the socket writes it; should it find what it
    // waits for and leave instead, the end of its call looks again.
    if (socket_.strand ().doorbell.has_waiters ()) {
        unsettled_ = true;
    } else {
        const KeptErrno kept;
        hand_back ();
    }
}

void Attendance::on_io (std::uint32_t) noexcept
{
    if (guarded_) {
        guarded_ = false;
        watch_.modify (0);
        if (!check_loop_later ())
            hand_back ();
        return;
    }
    if (!held_by_reactor_)
        return;
    const Strand::Turn turn (socket_.strand ());
    collect ();
}

// ---- waiting ----

int Attendance::fill_pollfd (pollfd *entry) noexcept
{
    if (background () || attended_.empty ())
        return 0;
    take_lease ();
    if (attended_.size () == 1) {
        const Attended &one = *attended_.front ();
        const std::uint32_t events = one.interest ();
        if (events == 0)
            return 0;  // a hang-up would be reported even so
        entry->fd = one.fd ();
        entry->events = static_cast<short> ((events & io_in ? POLLIN : 0) | (events & io_out ? POLLOUT : 0));
        return 1;
    }
    for (Attended *one : attended_)
        set_interest (*one, one->interest ());
    entry->fd = set_.fd ();
    entry->events = POLLIN;
    return 1;
}

int Attendance::export_fd () noexcept
{
    const int bell = socket_.strand ().doorbell.export_fd ();
    if (bell < 0 || background ())
        return bell;
    // A set of its own around that set and the bell: the reactor, which watches the former, must not see the latter.
    if (!exported_.is_open ()) {
        if (!open_set () || !exported_.open ())
            return -1;
        int error = exported_.add (bell, io_in, nullptr);
        if (!error)
            error = exported_.add (set_.fd (), io_in, nullptr);
        if (error) {
            exported_.close ();
            errno = error;
            return -1;
        }
        unsettled_ = true;
    }
    return exported_.fd ();
}

}  // namespace engine
