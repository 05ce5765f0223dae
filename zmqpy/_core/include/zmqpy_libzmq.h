/* The C API the bindings call: zmq.h, and what only some libraries have behind functions that always exist.
 *
 * Draft functions are referred to weakly: a library without them makes the wrapper below fail with ENOTSUP. The extensions of
 * zmq_ext.h are used when the bindings are compiled with our engine (ZMQPY_OWN_ENGINE), and fail with ENOTSUP otherwise.
 */
#ifndef ZMQPY_LIBZMQ_H_INCLUDED
#define ZMQPY_LIBZMQ_H_INCLUDED

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <zmq.h>

#if ZMQ_VERSION_MAJOR < 4 || (ZMQ_VERSION_MAJOR == 4 && ZMQ_VERSION_MINOR < 3)
#    error "zmqpy needs libzmq 4.3 or newer"
#endif

#if defined __GNUC__ && !defined _WIN32
#    define ZMQPY_WEAK __attribute__ ((weak))
#    define ZMQPY_PRESENT(function) (&function != NULL)
#elif defined ZMQPY_OWN_ENGINE || defined ZMQ_BUILD_DRAFT_API
#    define ZMQPY_WEAK
#    define ZMQPY_PRESENT(function) 1
#else
#    define ZMQPY_NO_DRAFT
#endif

#ifndef ZMQPY_NO_DRAFT
extern int zmq_join (void *, const char *) ZMQPY_WEAK;
extern int zmq_leave (void *, const char *) ZMQPY_WEAK;
extern int zmq_msg_set_routing_id (zmq_msg_t *, uint32_t) ZMQPY_WEAK;
extern uint32_t zmq_msg_routing_id (zmq_msg_t *) ZMQPY_WEAK;
extern int zmq_msg_set_group (zmq_msg_t *, const char *) ZMQPY_WEAK;
extern const char *zmq_msg_group (zmq_msg_t *) ZMQPY_WEAK;
#    define ZMQPY_DRAFT_CALL(function, call) (ZMQPY_PRESENT (function) ? (call) : (errno = ENOTSUP, -1))
#else
#    define ZMQPY_DRAFT_CALL(function, call) (errno = ENOTSUP, -1)
#endif

static inline int zmqpy_join (void *socket, const char *group) { return ZMQPY_DRAFT_CALL (zmq_join, zmq_join (socket, group)); }

static inline int zmqpy_leave (void *socket, const char *group) { return ZMQPY_DRAFT_CALL (zmq_leave, zmq_leave (socket, group)); }

static inline int zmqpy_msg_set_routing_id (zmq_msg_t *msg, uint32_t routing_id)
{
    return ZMQPY_DRAFT_CALL (zmq_msg_set_routing_id, zmq_msg_set_routing_id (msg, routing_id));
}

static inline int zmqpy_msg_set_group (zmq_msg_t *msg, const char *group)
{
    return ZMQPY_DRAFT_CALL (zmq_msg_set_group, zmq_msg_set_group (msg, group));
}

/* -1 and ENOTSUP where the library has no routing ids. */
static inline int64_t zmqpy_msg_routing_id (zmq_msg_t *msg)
{
    return ZMQPY_DRAFT_CALL (zmq_msg_routing_id, (int64_t) zmq_msg_routing_id (msg));
}

/* NULL and ENOTSUP where the library has no groups. */
static inline const char *zmqpy_msg_group (zmq_msg_t *msg)
{
#ifndef ZMQPY_NO_DRAFT
    if (ZMQPY_PRESENT (zmq_msg_group))
        return zmq_msg_group (msg);
#endif
    (void) msg;
    errno = ENOTSUP;
    return NULL;
}

#ifdef ZMQPY_OWN_ENGINE
#    include <zmq_ext.h>
#    define ZMQPY_HAVE_EXT 1
#else
#    define ZMQPY_HAVE_EXT 0

typedef struct zmq_ext_bytes_t
{
    const void *data;
    size_t size;
} zmq_ext_bytes_t;

typedef struct zmq_ext_stats_t
{
    uint64_t messages_in, messages_out, bytes_in, bytes_out, dropped_out, queued_in, queued_out, peers, connects, accepts, disconnects,
      reconnects, handshake_failures;
} zmq_ext_stats_t;

/* With another library: one message a call, up to the first that would block. */
static inline int zmq_ext_send_many (void *socket, const zmq_ext_bytes_t *messages, size_t count, int flags)
{
    size_t sent = 0;
    for (; sent < count; ++sent) {
        if (zmq_send (socket, messages[sent].data, messages[sent].size, flags) < 0)
            return sent ? (int) sent : -1;
    }
    return (int) sent;
}

static inline int zmq_ext_recv_many (void *socket, zmq_msg_t *frames, size_t count, int flags)
{
    size_t received = 0;
    for (; received < count; ++received) {
        if (zmq_msg_recv (&frames[received], socket, flags) < 0)
            return received ? (int) received : -1;
        flags |= ZMQ_DONTWAIT;
    }
    return (int) received;
}

static inline int zmq_ext_socket_stats (void *socket, zmq_ext_stats_t *stats, size_t size)
{
    (void) socket, (void) stats, (void) size;
    errno = ENOTSUP;
    return -1;
}

static inline int zmq_ext_spin (void *socket, int events)
{
    (void) socket, (void) events;
    return 0;
}
#endif

#endif
