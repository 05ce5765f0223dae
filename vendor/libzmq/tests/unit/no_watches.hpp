// The test program's calls of epoll_ctl(2) pass through here, so that the system has no room for more watches while a test wants it so.
#pragma once

// While it lives, in all threads, adding a descriptor to an epoll set fails with ENOSPC, as beyond fs.epoll.max_user_watches.
class NoWatches
{
  public:
    NoWatches () noexcept;
    ~NoWatches ();
    NoWatches (const NoWatches &) = delete;
    NoWatches &operator= (const NoWatches &) = delete;

    int refused () const noexcept;  // calls so far
};
