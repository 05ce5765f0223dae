// Ends a closed (or disconnected) socket's waiting for delivery when ZMQ_LINGER has passed.
#pragma once

#include "io/host.hpp"
#include "io/reactor.hpp"

namespace engine {

class LingerTimer final : public HookTarget
{
  public:
    explicit LingerTimer (StreamHost &socket) : socket_ (socket) {}

    // Makes sure that it can be armed. False: out of memory.
    bool prepare () noexcept { return handle_.prepare (socket_.reactor (), socket_.strand (), *this); }
    void arm (Nanoseconds deadline) noexcept { handle_.arm (socket_.reactor (), socket_.strand (), *this, deadline); }
    void on_io (std::uint32_t) noexcept override {}
    void on_timer () noexcept override
    {
        handle_.fired ();
        socket_.linger_expired ();
    }

  private:
    StreamHost &socket_;
    TimerHandle handle_;
};

}  // namespace engine
