// Runs out of memory where a test wants it: the whole test program's operator new is replaced.
#pragma once

#include <functional>
#include <utility>

// While it lives, one allocation of its thread fails: the one after `spare` others. One at a time in a thread.
class FailingMemory
{
  public:
    // `at_failure` is called right before, with memory enough for itself.
    explicit FailingMemory (int spare, std::function<void ()> at_failure = {});
    ~FailingMemory ();
    FailingMemory (const FailingMemory &) = delete;
    FailingMemory &operator= (const FailingMemory &) = delete;

    bool failed () const noexcept { return failed_; }

    // For the replaced operator.
    static bool fails_now () noexcept;

  private:
    int spare_;
    bool failed_ = false;
    std::function<void ()> at_failure_;
};
