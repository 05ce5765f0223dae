/* The C API the bindings call: zmq.h, and what only some libraries have behind functions that always exist.
 *
 * Draft functions are referred to weakly: a library without them makes the wrapper below fail with ENOTSUP.
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
extern uint32_t zmq_connect_peer (void *, const char *) ZMQPY_WEAK;
extern int zmq_disconnect_peer (void *, uint32_t) ZMQPY_WEAK;
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

/* The new peer's routing id; -1 on failure. */
static inline int64_t zmqpy_connect_peer (void *socket, const char *endpoint)
{
    const int64_t number = ZMQPY_DRAFT_CALL (zmq_connect_peer, (int64_t) zmq_connect_peer (socket, endpoint));
    return number ? number : -1;
}

static inline int zmqpy_disconnect_peer (void *socket, uint32_t routing_id)
{
    return ZMQPY_DRAFT_CALL (zmq_disconnect_peer, zmq_disconnect_peer (socket, routing_id));
}

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

#endif
