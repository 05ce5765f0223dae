// A set of descriptors that tells which of them are ready, at a cost that does not grow with how many are in it, and that is a descriptor
// itself: ready while something in it is, so that sets can be put into sets. On Linux epoll(7), elsewhere kqueue(2).
//
// What is watched for and found (io_in and the rest):
//   io_in, io_out     what read(2) and write(2) would not wait for
//   io_error          an error or hang-up; told whenever io_in or io_out is wanted
//   io_ended          the peer will send no more, whatever lies unread
//   io_priority       POLLPRI
//
// class ReadySet, all of whose functions but open() and close() may be called from any thread, also while another one collects:
//   open ()           false with errno
//   fd ()             readable while something is ready; -1: not open
//   add (fd, events, data), modify (...), remove (fd)
//                     0 or errno: ENOSPC, ENOMEM without room for another watch; EPERM for a descriptor that is always ready (a regular
//                     file); ENOENT for removing what is not there, or of which nothing is watched. `data` is even.
//   collect<capacity> (milliseconds, ready), collect<most> (capacity, milliseconds, ready)
//                     calls ready (data, events) for each of at most `capacity` that are ready, after at most that many milliseconds
//                     (-1: any number) in which none is; reading and writing may be told of in two calls. -1 with errno.
//   any_ready ()
//   is_inherited      a forked child has the descriptor too, and closes its own
//   knows_members     adding what is there already is EEXIST; else it is the same as modifying
//   tells_unasked     io_error is told of also where nothing is wanted
#pragma once

#include "platform/system.hpp"

#if ENGINE_KQUEUE
#    include "platform/ready_set_kqueue.hpp"
#else
#    include "platform/ready_set_epoll.hpp"
#endif
