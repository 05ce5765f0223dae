#include "core/live_contexts.hpp"

#include <mutex>
#include <new>

#include <pthread.h>

#include "base/sync.hpp"
#include "core/context.hpp"

namespace engine {

namespace {

constinit Mutex mutex;
constinit Context *newest ENGINE_GUARDED_BY (mutex) = nullptr;

}  // namespace

LiveContexts::Member &LiveContexts::member (Context &context) noexcept { return context.live_; }

void LiveContexts::add (Context &context) noexcept
{
    static std::once_flag once;
    std::call_once (once, [] { pthread_atfork (nullptr, nullptr, after_fork_in_child); });
    Member &own = member (context);
    Lock lock (mutex);
    own.listed_ = true;
    own.older_ = newest;
    if (newest)
        member (*newest).newer_ = &context;
    newest = &context;
}

void LiveContexts::remove (Context &context) noexcept
{
    if (context.foreign ())
        return;  // in no list of this process
    Member &own = member (context);
    Lock lock (mutex);
    if (!own.listed_)
        return;
    own.listed_ = false;
    if (own.older_)
        member (*own.older_).newer_ = own.newer_;
    (own.newer_ ? member (*own.newer_).older_ : newest) = own.older_;
    own.newer_ = own.older_ = nullptr;
}

Context *LiveContexts::visit (const void *handle) noexcept
{
    Lock lock (mutex);
    Context *context = newest;
    while (context && context != handle)
        context = member (*context).older_;
    if (context)
        context->begin_visit ();
    return context;
}

void LiveContexts::after_fork_in_child () noexcept
{
    // Another thread of the parent may have held it.
    new (&mutex) Mutex;
    Lock lock (mutex);
    newest = nullptr;
}

VisitedContext::~VisitedContext ()
{
    if (context_)
        context_->end_visit ();
}

}  // namespace engine
