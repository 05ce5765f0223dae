// See backlog.hpp. No wake-up is lost: whoever makes it due calls, and a collector first says that it is not due any more and then looks
// for memory.
#include "message/backlog.hpp"

#include <new>

#include "base/sync.hpp"
#include "platform/heap.hpp"

namespace engine {

namespace {

std::atomic<std::size_t> messages_gone{0};
std::atomic<Backlog::Mark *> marks_handed_over{nullptr};
std::atomic<int> marks{0};  // there are, in queues too

constinit Mutex mutex;
constinit Backlog::Collector *newest ENGINE_GUARDED_BY (mutex) = nullptr;

void free_marks () noexcept
{
    Backlog::Mark *mark = marks_handed_over.exchange (nullptr, std::memory_order_acquire);
    while (mark) {
        Backlog::Mark *const next = mark->next;
        free_heap_mark (mark);
        marks.fetch_sub (1, std::memory_order_relaxed);
        mark = next;
    }
}

}  // namespace

Backlog::Mark *Backlog::mark () noexcept
{
    if (marks.fetch_add (1, std::memory_order_relaxed) < most_marks)
        if (void *const block = make_heap_mark ())
            return new (block) Mark{nullptr};
    marks.fetch_sub (1, std::memory_order_relaxed);
    return nullptr;
}

void Backlog::count (std::size_t messages, Mark *mark) noexcept
{
    if (mark) {
        mark->next = marks_handed_over.load (std::memory_order_relaxed);
        while (!marks_handed_over.compare_exchange_weak (mark->next, mark, std::memory_order_release, std::memory_order_relaxed)) {
        }
    }
    if (messages_gone.fetch_add (messages, std::memory_order_relaxed) + messages >= large &&
        !due_.exchange (true, std::memory_order_acq_rel))
        call ();
}

void Backlog::call () noexcept
{
    Lock lock (mutex);
    if (newest)
        newest->backlog_gone ();
}

void Backlog::trim () noexcept
{
    messages_gone.store (0, std::memory_order_relaxed);
    due_.exchange (false, std::memory_order_acq_rel);
    trim_heap ();
    free_marks ();
}

void Backlog::enlist (Collector &collector) noexcept
{
    {
        Lock lock (mutex);
        collector.next_ = newest;
        newest = &collector;
    }
    if (due ())
        call ();
}

void Backlog::dismiss (Collector &collector) noexcept
{
    {
        Lock lock (mutex);
        Collector **place = &newest;
        while (*place != &collector)
            place = &(*place)->next_;
        *place = collector.next_;
    }
    if (due ())
        call ();
}

void Backlog::after_fork_in_child () noexcept
{
    // Another thread of the parent may have held it.
    new (&mutex) Mutex;
    Lock lock (mutex);
    newest = nullptr;
}

}  // namespace engine
