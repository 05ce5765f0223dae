// Sockets that a forked child must not keep: as long as a copy of a listening descriptor is open somewhere the port is taken, and as long
// as a copy of a connection's is, the peer does not hear of its end. Close-on-exec helps only children that exec.
//
// Every socket of the engine is opened under a SocketCreation, which remembers it; strand/fork.hpp calls the three functions below around
// fork(2). Nobody has to report that a socket was closed: a child compares what a descriptor is now with what was remembered, so a
// number that stands for something else by now is left alone. A close in the child takes nothing out of the parent's epoll sets, for the
// parent's descriptor is open. vfork(2) and posix_spawn(3) run none of this, and need none of it: their children exec.
#pragma once

namespace engine {

// Keeps fork(2) away from the moment between the opening of a socket and its being remembered. Not for calls that block.
class SocketCreation
{
  public:
    SocketCreation () noexcept;
    ~SocketCreation ();
    SocketCreation (const SocketCreation &) = delete;
    SocketCreation &operator= (const SocketCreation &) = delete;

    // `fd` was opened; negative: it was not. errno stays.
    void opened (int fd) noexcept;
};

// In the thread that forks. The first waits for sockets that are just being opened, but not for long: a signal handler may fork, too.
void before_fork () noexcept;
void after_fork_in_parent () noexcept;
void after_fork_in_child () noexcept;  // closes; async-signal-safe

}  // namespace engine
