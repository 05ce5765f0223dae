// round.cpp - see round.hpp.
#include "round.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include <zmq.h>

#include "library.hpp"
#include "message.hpp"

namespace stress {

namespace {

std::string make_folder ()
{
    std::string name = "/tmp/zmq-stress-XXXXXX";
    if (!mkdtemp (name.data ()))
        throw Failure ("mkdtemp failed");
    return name;
}

}  // namespace

Round::Round (const Plan &plan, std::string name, const Watch &watch) : _plan (plan), _name (std::move (name)), _watch (watch)
{
    for (void *&context : _contexts) {
        context = zmq_ctx_new ();
        if (!context)
            throw Failure ("zmq_ctx_new failed");
        zmq_ctx_set (context, ZMQ_IO_THREADS, _plan.io_threads);
        if (ours ()) {
            zmq_ctx_set (context, option_spin, _plan.spin);
            zmq_ctx_set (context, option_attend, _plan.attend);
            zmq_ctx_set (context, option_poller, _plan.poller);
        }
    }
    if (_plan.transport == Transport::ipc)
        _folder = make_folder ();
    _end = std::chrono::steady_clock::now () + std::chrono::milliseconds (_plan.milliseconds);
}

Round::~Round ()
{
    for (int i = 0; !_folder.empty () && i < _endpoints; ++i)
        ::unlink ((_folder + "/" + std::to_string (i)).c_str ());
    if (!_folder.empty ())
        ::rmdir (_folder.c_str ());
}

std::string Round::new_endpoint ()
{
    const std::string number = std::to_string (_endpoints++);
    switch (_plan.transport) {
    case Transport::inproc:
        return "inproc://stress-" + number;
    case Transport::ipc:
        return "ipc://" + _folder + "/" + number;
    case Transport::ws:
        return "ws://127.0.0.1:*";
    default:
        return "tcp://127.0.0.1:*";
    }
}

void Round::start (const std::string &name, std::function<void (Actor &)> body)
{
    Actor &actor = _actors.emplace_back (name, _plan.seed * 31 + _actors.size ());
    actor.thread = std::thread ([this, &actor, run = std::move (body)] {
        try {
            run (actor);
        } catch (const Failure &failure) {
            fail (actor.name + ": " + failure.what ());
        } catch (const ShutDown &) {
            if (!ending ())
                fail (actor.name + ": ETERM, and nobody had shut the context down");
        }
        actor.doing = "over";
        const std::lock_guard lock (_mutex);
        actor.over = true;
        _changed.notify_all ();
    });
}

void Round::fail (const std::string &text)
{
    const std::lock_guard lock (_mutex);
    if (_failure.empty ())
        _failure = text;
    _stop = true;
    _changed.notify_all ();
}

std::uint64_t Round::progress () const noexcept
{
    std::uint64_t sum = 0;
    for (const Actor &actor : _actors)
        sum += actor.sent + actor.received + actor.sockets + actor.over;
    return sum;
}

// Until `done`, called with the mutex held, says so. Waiting is counted in looks, not by the clock: a process that was stopped for a while
// has not hung.
bool Round::watch_over (const std::function<bool ()> &done)
{
    constexpr auto tick = std::chrono::milliseconds (2);
    const int most = _watch.patience * 500;
    std::uint64_t before = progress ();
    std::unique_lock lock (_mutex);
    for (int idle = 0; !done () && _failure.empty (); ++idle) {
        _changed.wait_for (lock, tick);
        if (_condition && _condition ()) {
            _condition = nullptr;
            _stop = true;
            for (void *context : _contexts)
                zmq_ctx_shutdown (context);
        }
        if (const std::uint64_t now = progress (); now != before) {
            before = now;
            idle = 0;
        }
        if (idle == most) {
            lock.unlock ();
            report ("HANG: no progress for " + std::to_string (_watch.patience) + " s");
            return false;
        }
    }
    if (_failure.empty ())
        return true;
    const std::string failure = _failure;
    lock.unlock ();
    report ("FAILED: " + failure);
    return false;
}

void Round::report (const std::string &what) const
{
    std::fflush (stdout);
    const auto seed = static_cast<unsigned long long> (_plan.seed);
    std::fprintf (stderr, "%s\n  repeated by: --case %s --seed %llu --ms %d%s\n  %s\n", what.c_str (), _name.c_str (), seed,
                  _plan.milliseconds, _plan.pinned.c_str (), _plan.text ().c_str ());
    for (const Actor &actor : _actors)
        std::fprintf (stderr, "  %-14s sent %llu, received %llu, told in vain %llu, sockets %llu; %s\n", actor.name.c_str (),
                      static_cast<unsigned long long> (actor.sent.load ()), static_cast<unsigned long long> (actor.received.load ()),
                      static_cast<unsigned long long> (actor.vain.load ()), static_cast<unsigned long long> (actor.sockets.load ()),
                      actor.doing.load ());
    if (const std::string more = _explain ? _explain () : std::string (); !more.empty ())
        std::fprintf (stderr, "  %s\n", more.c_str ());
    std::fflush (stderr);
    if (_watch.keep) {
        std::fprintf (stderr, "process %d waits for a debugger\n", static_cast<int> (::getpid ()));
        for (;;)
            ::pause ();
    }
}

bool Round::run ()
{
    const auto all_over = [this] {
        return std::all_of (_actors.begin (), _actors.end (), [] (const Actor &actor) { return actor.over.load (); });
    };
    if (!watch_over (all_over))
        return false;
    for (Actor &actor : _actors)
        actor.thread.join ();
    // Ending the contexts waits for what sockets still have to write, and is watched as well.
    _condition = nullptr;
    start ("ending", [this] (Actor &actor) {
        actor.doing = "zmq_ctx_term";
        for (void *context : _contexts)
            zmq_ctx_term (context);
    });
    if (!watch_over (all_over))
        return false;
    _actors.back ().thread.join ();
    if (const long left = lent.load (); left != 0) {
        report ("FAILED: the contexts have ended, and the free functions of " + std::to_string (left) + " messages were not called");
        return false;
    }
    return true;
}

}  // namespace stress
