// The whole test program's operator new and delete are replaced, so that memory runs out where a test wants it and that it hears
// when an object ends.
#pragma once

#include <functional>
#include <utility>

// While it lives, one allocation of its thread fails: the one after `spare` others. One at a time in a thread.
class FailingMemory
{
  public:
    // `at_failure` is called right before, with memory enough for itself.
    explicit FailingMemory (int spare, std::function<void ()> at_failure = {});
    // All that follow fail too.
    struct ForGood
    {};
    FailingMemory (int spare, ForGood);
    ~FailingMemory ();
    FailingMemory (const FailingMemory &) = delete;
    FailingMemory &operator= (const FailingMemory &) = delete;

    bool failed () const noexcept { return failed_; }

    // For the replaced operator.
    static bool fails_now () noexcept;

  private:
    int spare_;
    bool failed_ = false;
    bool for_good_ = false;
    std::function<void ()> at_failure_;
};

// Counts how often one block is freed while this lives, and does not free it, so that nothing else gets its address. One at a time.
class WatchedBlock
{
  public:
    explicit WatchedBlock (void *block);
    ~WatchedBlock ();  // frees it if it ended
    WatchedBlock (const WatchedBlock &) = delete;
    WatchedBlock &operator= (const WatchedBlock &) = delete;

    int ends () const noexcept;
};
