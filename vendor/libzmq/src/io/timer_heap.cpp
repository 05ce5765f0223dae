#include "io/timer_heap.hpp"

#include "base/make_room.hpp"

namespace engine {

void TimerHeap::place (std::size_t index, Hook &hook) noexcept
{
    heap_[index] = &hook;
    hook.heap_index = index;
}

void TimerHeap::sift_up (std::size_t index) noexcept
{
    Hook &hook = *heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / 2;
        if (heap_[parent]->deadline <= hook.deadline)
            break;
        place (index, *heap_[parent]);
        index = parent;
    }
    place (index, hook);
}

void TimerHeap::sift_down (std::size_t index) noexcept
{
    Hook &hook = *heap_[index];
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size ())
            break;
        if (child + 1 < heap_.size () && heap_[child + 1]->deadline < heap_[child]->deadline)
            ++child;
        if (hook.deadline <= heap_[child]->deadline)
            break;
        place (index, *heap_[child]);
        index = child;
    }
    place (index, hook);
}

bool TimerHeap::admit () noexcept
try {
    make_room (heap_, admitted_ + 1);
    ++admitted_;
    return true;
} catch (...) {
    return false;
}

void TimerHeap::set (Hook &hook, Nanoseconds deadline) noexcept
{
    remove (hook);
    hook.deadline = deadline;
    if (deadline == never)
        return;
    heap_.push_back (&hook);  // admit() made the room
    sift_up (heap_.size () - 1);
}

void TimerHeap::remove (Hook &hook) noexcept
{
    const std::size_t index = hook.heap_index;
    if (index == SIZE_MAX)
        return;
    hook.heap_index = SIZE_MAX;
    Hook *const last = heap_.back ();
    heap_.pop_back ();
    if (last == &hook)
        return;
    place (index, *last);
    sift_up (index);
    sift_down (last->heap_index);
}

Hook *TimerHeap::take_due (Nanoseconds time) noexcept
{
    if (earliest () > time || heap_.empty ())
        return nullptr;
    Hook *const due = heap_.front ();
    remove (*due);
    return due;
}

}  // namespace engine
