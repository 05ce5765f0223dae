#include "core/context.hpp"

#include <algorithm>
#include <cerrno>
#include <new>

#include <poll.h>

#include <zmq.h>

#include "base/clock.hpp"
#include "core/socket.hpp"
#include "core/stats.hpp"
#include "core/wait.hpp"
#include "io/reactor.hpp"
#include "io/resolver.hpp"
#include "message/buffer.hpp"
#include "pattern/socket_type.hpp"
#include "strand/fork.hpp"
#include "strand/strand.hpp"

namespace engine {

Context::Context () : generation_ ((watch_forks (), fork_generation.load (std::memory_order_relaxed)))
{
    options_ = make_context_options ();
    if (!end_.open ())
        throw std::system_error (errno, std::generic_category ());
    spin_time_ = options_.spin_us * microsecond;
    LiveContexts::add (*this);
}

Context::~Context ()
{
    LiveContexts::remove (*this);
    tag_.clear ();
    resolver_.reset ();
    reactors_.clear ();
    Buffer::drain_pool ();
}

bool Context::foreign () const noexcept { return generation_ != fork_generation.load (std::memory_order_relaxed); }

ContextOptions Context::options () noexcept
{
    Lock lock (mutex_);
    return options_;
}

int Context::set_option (int option, const void *value, std::size_t size) noexcept
{
    Lock lock (mutex_);
    const int error = set_context_option (options_, option, value, size);
    spin_time_ = options_.spin_us * microsecond;
    return error;
}

int Context::get_option (int option, void *value, std::size_t *size) noexcept
{
    Lock lock (mutex_);
    return get_context_option (options_, option, value, size);
}

int Context::set_option (int option, int value) noexcept
{
    Lock lock (mutex_);
    const int error = set_context_option (options_, option, value);
    spin_time_ = options_.spin_us * microsecond;
    return error;
}

int Context::get_option (int option, int &value) noexcept
{
    Lock lock (mutex_);
    return get_context_option (options_, option, value);
}

// ---- sockets ----

Strand *Context::make_socket (int type) noexcept
{
    if (terminated ()) {
        errno = ETERM;
        return nullptr;
    }
    const SocketType *const row = find_socket_type (type);
    if (!row) {
        errno = EINVAL;
        return nullptr;
    }
    Strand *const strand = Strand::acquire ();
    if (!strand) {
        errno = ENOMEM;
        return nullptr;
    }
    if (const int error = admit (*strand)) {
        Strand::give_back (strand);
        errno = error;
        return nullptr;
    }
    try {
        strand->install (std::make_unique<Socket> (*this, *strand, *row));
    } catch (...) {
        socket_gone (*strand);  // whoever waits for the end may be waiting for this one
        Strand::give_back (strand);
        errno = ENOMEM;
        return nullptr;
    }
    return strand;
}

// Counts one more socket. 0 or errno.
int Context::admit (Strand &strand) noexcept
try {
    Lock lock (mutex_);
    if (!started_)
        max_sockets_ = options_.max_sockets;
    if (socket_count_ >= max_sockets_)
        return EMFILE;
    if (terminated ())
        return ETERM;
    strands_.insert (&strand);
    ++socket_count_;
    if (!started_)
        background_ = !options_.attend || options_.poller != 0;
    started_ = true;
    return 0;
} catch (...) {
    return ENOMEM;
}

void Context::socket_gone (Strand &strand) noexcept
{
    Lock lock (mutex_);
    if (!strands_.erase (&strand))
        return;
    --socket_count_;
    if (strands_.empty () && terminated ())
        end_.ring ();
}

std::vector<Strand *> Context::strands ()
{
    Lock lock (mutex_);
    return {strands_.begin (), strands_.end ()};
}

void Context::note_ended (const zmq_ext_stats_t &stats) noexcept
{
    Lock lock (mutex_);
    add (ended_, stats);
}

zmq_ext_stats_t Context::ended_stats () noexcept
{
    Lock lock (mutex_);
    return ended_;
}

// ---- visits ----

void Context::begin_visit () noexcept
{
    Lock lock (mutex_);
    ++visitors_;
}

void Context::end_visit () noexcept
{
    Lock lock (mutex_);
    if (--visitors_ == 0 && terminated ())
        end_.ring ();
}

// ---- the end ----

void Context::shutdown () noexcept
{
    terminated_.store (true, std::memory_order_release);
    Lock lock (mutex_);
    for (Strand *strand : strands_)
        strand->doorbell.ring ();
}

bool Context::without_sockets () noexcept
{
    Lock lock (mutex_);
    return strands_.empty ();
}

int Context::wait_for_end () noexcept
{
    shutdown ();
    for (;;) {
        if (without_sockets ()) {
            LiveContexts::remove (*this);  // nobody else comes to visit
            Lock lock (mutex_);
            if (visitors_ == 0)
                return 0;
        }
        pollfd entry{end_.fd (), POLLIN, 0};
        if (sleep_on (&entry, 1, never) < 0)
            return errno;
        if (entry.revents)
            end_.drain ();
    }
}

// ---- threads ----

int Context::choose_reactor (std::uint64_t affinity, Reactor *&out) noexcept
try {
    Lock lock (mutex_);
    const int threads = options_.io_threads;
    reactors_.resize (static_cast<std::size_t> (std::max (threads, static_cast<int> (reactors_.size ()))));
    int best = -1;
    for (int i = 0; i < threads; ++i) {
        if (affinity != 0 && (i >= 64 || !(affinity & (std::uint64_t (1) << i))))
            continue;
        const int load = reactors_[static_cast<std::size_t> (i)] ? reactors_[static_cast<std::size_t> (i)]->load.load () : 0;
        if (best < 0 || load < reactors_[static_cast<std::size_t> (best)]->load.load ()) {
            auto &reactor = reactors_[static_cast<std::size_t> (i)];
            if (!reactor)
                reactor = Reactor::start (options_, i);
            if (!reactor)
                return errno ? errno : EMFILE;
            best = i;
        }
    }
    if (best < 0)
        return EMTHREAD;
    out = reactors_[static_cast<std::size_t> (best)].get ();
    return 0;
} catch (...) {
    return ENOMEM;
}

void Context::free_later (Released &released) noexcept
{
    Reactor *reactor = nullptr;
    if (choose_reactor (0, reactor) == 0)
        reactor->free_later (released);
}

Resolver &Context::resolver ()
{
    Lock lock (mutex_);
    if (!resolver_)
        resolver_ = std::make_unique<Resolver> (options_);
    return *resolver_;
}

}  // namespace engine
