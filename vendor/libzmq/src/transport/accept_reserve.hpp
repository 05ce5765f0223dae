// A descriptor kept in reserve for the time when there are none left (EMFILE, ENFILE). A listener that cannot accept would stay
// readable, so that its thread spins, while its peers hang in the backlog believing they are connected. With the reserve
// given up for a moment it accepts the waiting peer and closes it: the peer learns it and tries again later.
//
// Not thread-safe: one for each thread that accepts. Nothing blocks; the listener must be non-blocking.
#pragma once

namespace engine {

class AcceptReserve
{
  public:
    AcceptReserve () noexcept;  // takes a descriptor, if there is one
    ~AcceptReserve ();
    AcceptReserve (const AcceptReserve &) = delete;
    AcceptReserve &operator= (const AcceptReserve &) = delete;

    // Closes up to `limit` peers waiting at the listener; to be called when accept said EMFILE or ENFILE. Returns how many.
    // 0: the reserve was lost to another thread or nobody waits; pause before the next try.
    int shed (int listen_fd, int limit = 64) noexcept;

    // True while a descriptor is held back.
    bool armed () const noexcept { return fd_ >= 0; }

  private:
    void arm () noexcept;
    int fd_ = -1;
};

}  // namespace engine
