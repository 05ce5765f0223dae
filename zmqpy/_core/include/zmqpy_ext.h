/* Our engine's extensions: zmq_ext.h where the bindings are compiled with our engine (ZMQPY_OWN_ENGINE). With another libzmq
 * functions of the same names make do with zmq.h, as well as that goes: its sockets are one thread's, so a message is a loop over
 * its parts; counters are ENOTSUP.
 */
#ifndef ZMQPY_EXT_H_INCLUDED
#define ZMQPY_EXT_H_INCLUDED

#include "zmqpy_libzmq.h"

#ifdef ZMQPY_OWN_ENGINE
#    include <zmq_ext.h>
#    define ZMQPY_HAVE_EXT 1
#else
#    define ZMQPY_HAVE_EXT 0
#    include <stdlib.h>
#    include <string.h>

typedef struct zmq_ext_bytes_t
{
    const void *data;
    size_t size;
} zmq_ext_bytes_t;

typedef struct zmq_ext_stats_t
{
    uint64_t messages_in, messages_out, bytes_in, bytes_out, dropped_out, queued_in, queued_out, peers, connects, accepts, disconnects,
      reconnects, handshake_failures, parts_in, parts_out, dropped_full, dropped_unroutable, dropped_lost, dropped_memory, handshakes,
      datagrams_refused;
} zmq_ext_stats_t;

enum
{
    ZMQ_EXT_PEER_CONNECTING,
    ZMQ_EXT_PEER_HANDSHAKE,
    ZMQ_EXT_PEER_UP,
    ZMQ_EXT_PEER_ENDING
};

typedef struct zmq_ext_peer_t
{
    int state, accepted;
    int64_t since;
    uint64_t queued_in, queued_out, unsent;
    size_t routing_id_size;
    unsigned char routing_id[256];
    char endpoint[256], address[128], mechanism[16], user_id[256];
    uint64_t messages_in, messages_out, bytes_in, bytes_out;
} zmq_ext_peer_t;

typedef struct zmq_ext_socket_t
{
    void *socket;
    int type, closed;
    uint64_t queued_in, unsent;
    char endpoint[256];
} zmq_ext_socket_t;

typedef struct zmq_ext_event_t
{
    uint64_t event, value;
    int64_t time;
    void *socket;
    int reason;
} zmq_ext_event_t;

typedef void *zmq_ext_place_t (size_t size, void *hint);
#    define ZMQ_EXT_BARE 0

static inline int zmq_ext_recv_placed (void *socket, zmq_ext_place_t *place, void *hint, zmq_msg_t *message, int flags)
{
    zmq_msg_t received;
    void *there;
    int size;
    zmq_msg_init (&received);
    size = zmq_msg_recv (&received, socket, flags);
    if (size < 0)
        return -1; /* nothing to be closed */
    there = place (zmq_msg_size (&received), hint);
    if (there) {
        memcpy (there, zmq_msg_data (&received), zmq_msg_size (&received));
        zmq_msg_close (&received);
    } else {
        zmq_msg_init (message);
        zmq_msg_move (message, &received);
    }
    return size;
}

/* One message a call, up to the first that would block. */
static inline int zmq_ext_send_many (void *socket, const zmq_ext_bytes_t *messages, size_t count, int flags)
{
    size_t sent = 0;
    for (; sent < count; ++sent) {
        if (zmq_send (socket, messages[sent].data, messages[sent].size, flags) < 0)
            return sent ? (int) sent : -1;
    }
    return (int) sent;
}

/* A signal that comes after the first part does not end the message. */
static inline int zmq_ext_send_parts (void *socket, const zmq_ext_bytes_t *parts, size_t count, int flags)
{
    size_t sent = 0;
    while (sent < count) {
        if (zmq_send (socket, parts[sent].data, parts[sent].size, sent + 1 < count ? flags | ZMQ_SNDMORE : flags) >= 0)
            ++sent;
        else if (sent == 0 || zmq_errno () != EINTR)
            return sent ? (int) sent : -1;
    }
    return (int) sent;
}

static inline int zmq_ext_msg_send_parts (void *socket, zmq_msg_t *parts, size_t count, int flags)
{
    size_t sent = 0;
    while (sent < count) {
        if (zmq_msg_send (&parts[sent], socket, sent + 1 < count ? flags | ZMQ_SNDMORE : flags) >= 0)
            ++sent;
        else if (sent == 0 || zmq_errno () != EINTR)
            return sent ? (int) sent : -1;
    }
    return (int) sent;
}

/* The array with room for one more frame; NULL, and everything is closed and freed, without memory. */
static inline zmq_msg_t *zmqpy_grow (zmq_msg_t *frames, size_t count, size_t *room, int is_own)
{
    size_t i;
    zmq_msg_t *larger = (zmq_msg_t *) malloc (2 * *room * sizeof *frames);
    for (i = 0; i < count; ++i) {
        if (larger) {
            zmq_msg_init (&larger[i]);
            zmq_msg_move (&larger[i], &frames[i]);
        }
        zmq_msg_close (&frames[i]);
    }
    if (is_own)
        free (frames);
    *room *= 2;
    return larger;
}

static inline int zmq_ext_recv_messages (void *socket, zmq_msg_t **frames, size_t room, size_t messages, int flags)
{
    zmq_msg_t *const given = *frames;
    zmq_msg_t *taken = given;
    size_t count = 0, whole = 0; /* frames; those of whole messages */
    while (messages > 0 && (count < room || count > whole)) {
        if (count == room && !(taken = zmqpy_grow (taken, count, &room, taken != given))) {
            errno = ENOMEM;
            return -1;
        }
        zmq_msg_init (&taken[count]);
        if (zmq_msg_recv (&taken[count], socket, flags) < 0) {
            const int error = zmq_errno ();
            zmq_msg_close (&taken[count]);
            if (count > whole && error == EINTR)
                continue;
            while (count > whole)
                zmq_msg_close (&taken[--count]);
            if (count == 0) {
                if (taken != given)
                    free (taken);
                errno = error;
                return -1;
            }
            break;
        }
        if (!zmq_msg_more (&taken[count++])) {
            whole = count;
            --messages;
            flags |= ZMQ_DONTWAIT;
        }
    }
    *frames = taken;
    return (int) count;
}

static inline int zmq_ext_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *free_function, void *hint)
{
    return zmq_msg_init_data (msg, data, size, free_function, hint);
}

typedef struct zmq_ext_part_t
{
    const void *data;
    size_t size;
    int more;
} zmq_ext_part_t;

static inline int zmq_ext_msg_parts (zmq_msg_t *frames, size_t count, zmq_ext_part_t *parts)
{
    size_t i;
    for (i = 0; i < count; ++i) {
        parts[i].data = zmq_msg_data (&frames[i]);
        parts[i].size = zmq_msg_size (&frames[i]);
        parts[i].more = zmq_msg_more (&frames[i]);
    }
    return 0;
}

static inline int zmq_ext_msg_close_all (zmq_msg_t *frames, size_t count)
{
    size_t i;
    for (i = 0; i < count; ++i)
        zmq_msg_close (&frames[i]);
    return 0;
}

static inline int zmq_ext_socket_stats (void *socket, zmq_ext_stats_t *stats, size_t size)
{
    (void) socket, (void) stats, (void) size;
    errno = ENOTSUP;
    return -1;
}

static inline int zmqpy_not_here (void)
{
    errno = ENOTSUP;
    return -1;
}

#    define zmq_ext_ctx_stats(context, stats, size) ((void) (context), (void) (stats), (void) (size), zmqpy_not_here ())
#    define zmq_ext_socket_peers(socket, peers, count, size)                                                                               \
        ((void) (socket), (void) (peers), (void) (count), (void) (size), zmqpy_not_here ())
#    define zmq_ext_ctx_sockets(context, sockets, count, size)                                                                             \
        ((void) (context), (void) (sockets), (void) (count), (void) (size), zmqpy_not_here ())
#    define zmq_ext_socket_monitor(socket, endpoint, events) ((void) (socket), (void) (endpoint), (void) (events), zmqpy_not_here ())
#    define zmq_ext_wait_peers(socket, count, timeout) ((void) (socket), (void) (count), (void) (timeout), zmqpy_not_here ())
#    define zmq_ext_wait_subscribers(socket, topic, size, count, timeout)                                                                  \
        ((void) (socket), (void) (topic), (void) (size), (void) (count), (void) (timeout), zmqpy_not_here ())
#    define zmq_ext_flush(socket, timeout) ((void) (socket), (void) (timeout), zmqpy_not_here ())

static inline int zmq_ext_wait_limit (int milliseconds)
{
    (void) milliseconds;
    return 0;
}

static inline int zmq_ext_wait_deadline (int64_t milliseconds)
{
    (void) milliseconds;
    return 0;
}

static inline int zmq_ext_spin (void *socket, int events)
{
    (void) socket, (void) events;
    return 0;
}
#endif

#endif
