// What a socket's Attendance serves: an endpoint with a descriptor that brings input for a pipe and takes the pipe's output. A stream is
// one, and so is a datagram endpoint. All functions want the strand held; none blocks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/endpoint.hpp"

namespace engine {

class Attended : public Endpoint
{
  public:
    using Endpoint::Endpoint;

    virtual int fd () const noexcept = 0;
    // What to wait for on the descriptor.
    virtual std::uint32_t interest () const noexcept = 0;
    // The kernel took no more: wait for writable.
    virtual bool output_waits () const noexcept = 0;
    // The pipe has room for what comes.
    virtual bool has_room () const noexcept = 0;
    // Does what is possible once the descriptor is ready for these events.
    virtual void serve (std::uint32_t events) noexcept = 0;
    // The same without knowing what it is ready for.
    virtual void try_all () noexcept = 0;
    // Goes on reading, after the pipe was full.
    virtual void resume () noexcept = 0;
    // Its peer wants to hear of us now and then.
    virtual bool has_heartbeat () const noexcept { return false; }

    // Attendance's book-keeping.
    std::uint32_t registered_events = 0;
    std::size_t attendance_index = SIZE_MAX;
    bool listed_as_paused = false;
    WatchHandle &watch () noexcept { return watch_; }
};

}  // namespace engine
