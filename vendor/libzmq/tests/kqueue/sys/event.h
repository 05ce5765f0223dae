// kqueue(2) as FreeBSD's man page and macOS's header have it, as far as the engine uses it, on a Linux that has none: kqueue.cpp.
#pragma once

#include <stdint.h>
#include <time.h>

struct kevent
{
    uintptr_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t data;
    void *udata;
};

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_TIMER (-7)
#define EVFILT_EXCEPT (-15)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ONESHOT 0x0010
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_LOWAT 0x0001
#define NOTE_OOB 0x0002
#define NOTE_NSECONDS 0x0004

extern "C" {
int kqueue () noexcept;
int kevent (int set, const struct kevent *changes, int change_count, struct kevent *events, int event_count,
            const struct timespec *time) noexcept;
}
