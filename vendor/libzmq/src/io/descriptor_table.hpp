// Room in the process's table of descriptors before it is needed. The kernel enlarges the table to twice its size when it is full, and in a
// process that has threads whoever opened the descriptor then waits for an RCU grace period, 15 ms: three times on the way to a
// thousand connections, longer than accepting them takes.
//
// Only an optimisation: whatever fails here is ignored. Not thread-safe: one for each reactor.
#pragma once

#include <thread>

namespace engine {

// The largest table this process may have now; 0: unknown.
int most_descriptors () noexcept;

class DescriptorTable
{
  public:
    DescriptorTable () noexcept = default;
    ~DescriptorTable () { finish (); }
    DescriptorTable (const DescriptorTable &) = delete;
    DescriptorTable &operator= (const DescriptorTable &) = delete;

    // Before the process's first thread is made, when it costs nothing: makes room. `fd` is a descriptor that stays open.
    void prepare (int fd) noexcept;
    // `fd` was just opened. When the table is half full a short-lived thread enlarges it.
    void in_use (int fd) noexcept
    {
        if (fd >= widen_from_) [[unlikely]]
            widen_beyond (fd);
    }

    // Waits for the thread, which uses prepare()'s descriptor.
    void finish () noexcept
    {
        if (helper_.joinable ())
            helper_.join ();
    }

  private:
    void widen_beyond (int fd) noexcept;

    static constexpr int first_size = 64;  // the kernel's, without an allocation
    static constexpr int ample_size = 1024;

    int fd_ = -1;
    int widen_from_ = first_size / 2;
    std::thread helper_;
};

}  // namespace engine
