#include "core/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/errors.hpp"
#include "core/context.hpp"
#include "core/monitor.hpp"
#include "io/connector.hpp"
#include "io/datagram_endpoint.hpp"
#include "io/linger_timer.hpp"
#include "io/listener.hpp"
#include "io/reactor.hpp"
#include "io/stream.hpp"
#include "message/backlog.hpp"
#include "platform/entropy.hpp"
#include "strand/strand.hpp"

namespace engine {

Socket::Socket (Context &context, Strand &strand, const SocketType &type)
    : StreamHost (strand, type, make_options (&type, context.options ()), context.background ()), context_ (context),
      random_state_ (static_cast<std::uint64_t> (random_word ()) << 32 | random_word () | 1), pattern_ (type.make (*this))
{}

Socket::~Socket ()
{
    // Streams first: they point at pipes; then pipes, which may point at the pattern.
    linger_timer_.reset ();
    free_retired ();
    streams_.clear ();
    connectors_.clear ();
    listeners_.clear ();
    datagrams_.clear ();
    while (!monitors_.empty ())
        stop (*monitors_.back ());
    context_.note_ended (stats);
    pipes_.clear ();
    inproc_pipes_.clear ();
    if (reactor_)
        reactor_->load.fetch_sub (1, std::memory_order_relaxed);
    else
        Backlog::collect ();  // there may be no reactor that was told
}

bool Socket::terminated () const noexcept { return context_.terminated (); }

Resolver &Socket::resolver () { return context_.resolver (); }

// xorshift64*: enough for ids and jitter.
std::uint32_t Socket::random () noexcept
{
    random_state_ ^= random_state_ >> 12;
    random_state_ ^= random_state_ << 25;
    random_state_ ^= random_state_ >> 27;
    return static_cast<std::uint32_t> ((random_state_ * 2685821657736338717ull) >> 32);
}

const char *Socket::own_routing_id (std::size_t &size) const noexcept
{
    size = options.routing_id.size ();
    return options.routing_id.data ();
}

// ---- messages ----

int Socket::try_send (Msg &frame) noexcept
try {
    if (strand_.doorbell.pending ()) [[unlikely]]
        run_mailbox ();
    batching_.before_send (frame, attendance_.count () > 0);
    const int error = pattern_->send (frame);
    // On an error too: a multipart message that stopped half-way may have touched some.
    batching_.after_send ();
    return error;
} catch (...) {
    return ENOMEM;
}

int Socket::try_recv (Msg &frame) noexcept
try {
    if (strand_.doorbell.pending ()) [[unlikely]]
        run_mailbox ();
    const int error = pattern_->recv (frame);
    if (error) {
        if (error != EAGAIN)
            receiving_more_ = false;  // a message that cannot be received to its end is over
        return error;
    }
    receiving_more_ = frame.more ();
    batching_.note_received ();
    return 0;
} catch (...) {
    return ENOMEM;
}

int Socket::events () noexcept
try {
    return (pattern_->has_in () ? ZMQ_POLLIN : 0) | (pattern_->has_out () ? ZMQ_POLLOUT : 0);
} catch (...) {
    return 0;
}

int Socket::ready_now (int wanted) noexcept
{
    if (strand_.doorbell.pending ())
        run_mailbox ();
    int found = events () & wanted;
    if (found != wanted) {
        poll_input ();
        found = events () & wanted;
    }
    return found;
}

void Socket::run_mailbox () noexcept
{
    // A command may lead here again: by a verdict of ZAP's handler, and the event that tells a monitor of it.
    std::vector<Command> commands = std::move (commands_);  // for its memory
    const bool missed = strand_.doorbell.take (commands);
    for (const Command &command : commands)
        process_command (command);
    commands.clear ();
    commands_ = std::move (commands);
    if (missed) [[unlikely]]
        for (std::size_t i = 0; i < inproc_pipes_.size (); ++i)
            peer_active (*inproc_pipes_[i]);
}

void Socket::peer_active (InprocPipe &pipe) noexcept
{
    pipe.peer_active ();
    if (pipe.for_engine) [[unlikely]]
        if (Monitor *const monitor = monitor_of (pipe.pattern ()))
            monitor->flush ();
}

void Socket::poll_input () noexcept
{
    batching_.flush ();
    take_input ();
}

// ---- life ----

GuardedOwner &Socket::owner () noexcept { return context_.owner (); }

Disposer *Socket::disposer (bool ending) noexcept
{
    if (reactor_)
        return reactor_;
    return ending || closing_ ? &context_.owner () : nullptr;
}

void Socket::tidy_up () noexcept
{
    const KeptErrno kept;
    batching_.after_send ();
    if (something_to_reap_)
        reap ();
}

bool Socket::leave (bool by_application) noexcept
{
    if (batching_.has_touched () || something_to_reap_) [[unlikely]]
        tidy_up ();
    if (attendance_.needs_settling ()) [[unlikely]] {
        attendance_.settle ();
        if (something_to_reap_)
            tidy_up ();
    }
    if (activity_) {
        activity_ = false;
        const bool room = std::exchange (room_, false);
        if (strand_.doorbell.watched ()) {
            if (!by_application)
                strand_.doorbell.ring ();
            else if (!closing_) {
                // The caller's own call consumed an edge of ZMQ_FD: raise it again if something is left.
                if (strand_.doorbell.exported () && (room || (events () & ZMQ_POLLIN)))
                    strand_.doorbell.ring ();
                else if (strand_.doorbell.has_waiters ())
                    strand_.doorbell.ring_others (&Waiter::current ());
            }
        }
    }
    return closing_ && users == 0 && streams_.empty () && connectors_.empty () && datagrams_.empty ();
}

}  // namespace engine
