// Waiting for many descriptors: what the reactor needs of the system. Two backends behind one interface: the system's
// own sets (epoll, kqueue), and poll(2).
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.hpp"
#include "platform/ready_set.hpp"

namespace engine {

class Poller
{
  public:
    struct Event
    {
        void *data;
        std::uint32_t events;
    };

    virtual ~Poller () = default;
    // All may be called from any thread, also while another thread waits. 0 or errno.
    virtual int add (int fd, std::uint32_t events, void *data) noexcept = 0;
    virtual int modify (int fd, std::uint32_t events, void *data) noexcept = 0;
    virtual void remove (int fd) noexcept = 0;
    // Waits until something happens, somebody calls interrupt(), or the time has passed; one thread only. Number of events.
    virtual int wait (Event *events, int capacity, Nanoseconds timeout) noexcept = 0;
    virtual void interrupt () noexcept = 0;
};

// Null with errno set when descriptors are exhausted.
std::unique_ptr<Poller> make_ready_set_poller () noexcept;
std::unique_ptr<Poller> make_poll_poller () noexcept;

}  // namespace engine
