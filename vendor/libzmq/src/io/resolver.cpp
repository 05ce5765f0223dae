// See resolver.hpp. State is shared with the threads by counted references, so that an abandoned thread finds its own.
#include "io/resolver.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include <unistd.h>

#include "io/thread_setup.hpp"
#include "options/context_options.hpp"

namespace engine {

namespace {

enum class Stage : std::uint8_t
{
    waiting,  // in the queue, or its work is running
    reporting,
    over
};

}  // namespace

struct Resolver::Job
{
    Work work;  // used by the thread that has the job in hand only

    // The leaf lock of this job: nothing is called and no other lock is taken while it is held.
    std::mutex mutex;
    std::condition_variable reported;
    Done done;
    Stage stage = Stage::waiting;

    bool cancelled ()
    {
        const std::lock_guard lock (mutex);
        return stage != Stage::waiting;
    }

    // Begins the stage of reporting and hands out what to call, unless the job was cancelled.
    bool claim (Done &out)
    {
        const std::lock_guard lock (mutex);
        if (stage != Stage::waiting)
            return false;
        stage = Stage::reporting;
        out = std::move (done);
        done = nullptr;
        return true;
    }

    void finish ()
    {
        const std::lock_guard lock (mutex);
        stage = Stage::over;
        reported.notify_all ();
    }

    bool cancel (bool wait)
    {
        Done dropped;  // released without the lock: what it owns may do anything
        std::unique_lock lock (mutex);
        if (stage == Stage::waiting) {
            stage = Stage::over;
            dropped = std::move (done);
            done = nullptr;
            lock.unlock ();
            return true;
        }
        if (wait)
            reported.wait (lock, [this] { return stage == Stage::over; });
        return false;
    }
};

struct Resolver::Shared
{
    struct Worker
    {
        std::thread thread;
        bool over = false;         // its function is about to return: joining does not wait
        bool in_work = false;      // inside work, which may be stuck
        std::shared_ptr<Job> job;  // what it has in hand
    };

    Shared (ContextOptions context_options, std::size_t most) : options (std::move (context_options)), max_threads (most) {}

    const ContextOptions options;
    const std::size_t max_threads;
    const pid_t owner = ::getpid ();

    std::mutex mutex;  // guards all below; a job's lock is never taken inside it
    std::condition_variable work_waits;
    std::condition_variable worker_changed;
    std::deque<std::shared_ptr<Job>> queue;
    std::vector<std::shared_ptr<Worker>> workers;
    std::size_t idle = 0;
    bool stopping = false;

    static void run (std::shared_ptr<Shared> shared, const std::shared_ptr<Worker> &self) noexcept;
    static void perform (Shared &shared, Worker &self, Job &job) noexcept;
    bool start_worker (const std::unique_lock<std::mutex> &lock, std::shared_ptr<Shared> shared) noexcept;
};

void Resolver::Shared::perform (Shared &shared, Worker &self, Job &job) noexcept
{
    const auto set_in_work = [&] (bool value) {
        const std::lock_guard lock (shared.mutex);
        self.in_work = value;
        shared.worker_changed.notify_all ();
    };
    if (job.cancelled ()) {
        job.work = nullptr;
        return;
    }
    std::vector<DialTarget> targets;
    int error = ENOMEM;
    set_in_work (true);
    try {
        error = job.work (targets);
    } catch (...) {
        targets.clear ();
    }
    job.work = nullptr;
    // Claimed before the destructor may stop counting on this thread being in work.
    Done done;
    const bool report = job.claim (done);
    set_in_work (false);
    if (!report)
        return;
    try {
        done (error, std::move (targets));
    } catch (...) {
        // It must not throw; there is nobody to tell, and a thread that ends by an exception ends the process.
    }
    done = nullptr;  // what it owns is released before anybody learns that it is over
    job.finish ();
}

void Resolver::Shared::run (std::shared_ptr<Shared> shared, const std::shared_ptr<Worker> &self) noexcept
{
    set_up_thread (shared->options, "DNS");
    std::unique_lock lock (shared->mutex);
    while (!shared->stopping) {
        if (shared->queue.empty ()) {
            ++shared->idle;
            shared->work_waits.wait (lock, [&] { return shared->stopping || !shared->queue.empty (); });
            --shared->idle;
            continue;
        }
        self->job = std::move (shared->queue.front ());
        shared->queue.pop_front ();
        const std::shared_ptr<Job> job = self->job;
        lock.unlock ();
        perform (*shared, *self, *job);
        lock.lock ();
        self->job.reset ();
    }
    self->over = true;
    shared->worker_changed.notify_all ();
}

// The lock is passed to say that it is needed.
bool Resolver::Shared::start_worker (const std::unique_lock<std::mutex> &lock, std::shared_ptr<Shared> shared) noexcept
{
    if (!lock.owns_lock ())
        return false;
    try {
        auto worker = std::make_shared<Worker> ();
        workers.reserve (workers.size () + 1);
        const BlockedSignals blocked;
        worker->thread = std::thread (run, std::move (shared), worker);
        workers.push_back (std::move (worker));
        return true;
    } catch (...) {
        return false;
    }
}

Resolver::Resolver (const ContextOptions &options, std::size_t max_threads)
    : shared_ (std::make_shared<Shared> (options, std::max<std::size_t> (max_threads, 1)))
{}

namespace {

ContextOptions options_with_prefix (const std::string &thread_name_prefix)
{
    ContextOptions options;
    options.thread_name_prefix = thread_name_prefix;
    return options;
}

}  // namespace

Resolver::Resolver (const std::string &thread_name_prefix, std::size_t max_threads)
    : Resolver (options_with_prefix (thread_name_prefix), max_threads)
{}

Resolver::~Resolver ()
{
    Shared &shared = *shared_;
    if (shared.owner != ::getpid ()) {
        // After fork: the threads are the parent's, and the lock may be held by one of them for ever. All of it is left.
        (void) new (std::nothrow) std::shared_ptr<Shared> (std::move (shared_));
        return;
    }
    std::unique_lock lock (shared.mutex);
    shared.stopping = true;
    shared.work_waits.notify_all ();
    // (Nothing here asks for memory: an end cannot fail.)
    const std::vector<std::shared_ptr<Shared::Worker>> workers = std::move (shared.workers);
    shared.workers.clear ();
    while (!shared.queue.empty ()) {
        const std::shared_ptr<Job> job = std::move (shared.queue.front ());
        shared.queue.pop_front ();
        lock.unlock ();
        job->cancel (false);
        job->work = nullptr;  // a ticket may keep the job
        lock.lock ();
    }
    for (const auto &worker : workers)
        if (const std::shared_ptr<Job> job = worker->job) {
            lock.unlock ();
            job->cancel (true);
            lock.lock ();
        }
    // Whoever is not in work ends without fail; whoever is has the grace.
    const auto deadline = std::chrono::steady_clock::now () + grace;
    for (const auto &worker : workers) {
        const auto ended = [&] { return worker->over; };
        if (!shared.worker_changed.wait_until (lock, deadline, ended) && !worker->in_work)
            shared.worker_changed.wait (lock, [&] { return worker->over || worker->in_work; });
    }
    for (const auto &worker : workers) {
        if (worker->over) {
            lock.unlock ();
            worker->thread.join ();
            lock.lock ();
        } else
            worker->thread.detach ();
    }
}

int Resolver::post (Work work, Done done, Ticket &ticket) noexcept
{
    try {
        auto job = std::make_shared<Job> ();
        job->work = std::move (work);
        job->done = std::move (done);
        const std::unique_lock lock (shared_->mutex);
        if (shared_->stopping)
            return EAGAIN;
        if (shared_->idle <= shared_->queue.size () && shared_->workers.size () < shared_->max_threads)
            if (!shared_->start_worker (lock, shared_) && shared_->workers.empty ())
                return EAGAIN;
        shared_->queue.push_back (job);
        ticket.job_ = std::move (job);
        shared_->work_waits.notify_one ();
        return 0;
    } catch (...) {
        return ENOMEM;
    }
}

bool Resolver::Ticket::cancel () noexcept { return job_ && job_->cancel (false); }

}  // namespace engine
