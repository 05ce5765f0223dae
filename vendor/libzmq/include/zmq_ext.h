/* zmq_ext.h - what this engine offers beyond libzmq's C API (zmq.h stays upstream's, number for number).
 *
 * Every function here follows the conventions of zmq.h: -1 and errno on failure, sockets may be used from any thread, whole
 * messages are atomic. Nothing here changes what zmq.h's functions do unless it is called. A program that may also run on
 * another libzmq finds the functions with dlsym ("zmq_ext_version").
 */
#ifndef ZMQ_EXT_H_INCLUDED
#define ZMQ_EXT_H_INCLUDED

#include "zmq.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this interface: grows by one with each addition; nothing is ever removed or renumbered. */
#define ZMQ_EXT_VERSION 9
ZMQ_EXPORT int zmq_ext_version (void);

/* Context options for zmq_ctx_set / zmq_ctx_get, effective for calls made afterwards.
 * ZMQ_EXT_SPIN_US   int >= 0, default 50: a blocking call polls this many microseconds before it sleeps; 0 never spins.
 * ZMQ_EXT_ATTEND    0 or 1, default 1: 1 lets the calling thread do a socket's input and output itself; 0 leaves all of it to
 *                   the background threads (as upstream does). Before the first socket only.
 * ZMQ_EXT_POLLER    0 epoll (default), 1 poll(2), which implies ZMQ_EXT_ATTEND 0. Before the first socket only.
 *                   The environment variable ZMQ_EXT_POLLER=poll sets the default of new contexts. */
#define ZMQ_EXT_SPIN_US 23041
#define ZMQ_EXT_ATTEND 23042
#define ZMQ_EXT_POLLER 23043

/* Socket options for zmq_setsockopt / zmq_getsockopt, of what is bound or connected afterwards over tcp and ipc. Since version 6.
 * ZMQ_EXT_MAX_MESSAGE_SIZE   int64_t bytes, default -1: most that all parts of one inbound message may have together; < 0 any.
 *                            (ZMQ_MAXMSGSIZE limits each part alone.)
 * ZMQ_EXT_MAX_MESSAGE_PARTS  int >= 0, default 0: most parts of one inbound message; 0 any. A message that has more of either ends
 *                            its connection as one beyond ZMQ_MAXMSGSIZE does, and nothing of it is received.
 * ZMQ_EXT_MAX_HANDSHAKES     int >= 0, default 10000: how many connections that one zmq_bind has accepted may be in their handshake at a
 *                            time; 0 any. At so many, or at half of the descriptors that the process may have (RLIMIT_NOFILE), no more
 *                            are accepted until one is done, or the oldest has had 0.3 ms for each place, at least 0.3 s: then
 *                            that one is dropped, as by ZMQ_HANDSHAKE_IVL. */
#define ZMQ_EXT_MAX_MESSAGE_SIZE 23044
#define ZMQ_EXT_MAX_MESSAGE_PARTS 23045
#define ZMQ_EXT_MAX_HANDSHAKES 23046

/* Socket option for zmq_getsockopt only. Since version 7.
 * ZMQ_EXT_UNREACHABLE        int 0 or 1: 1 once reconnecting was off or given up, the peer has gone and no other endpoint could bring one,
 *                            when a zmq_send without a limit fails with EHOSTUNREACH. For who waits himself for ZMQ_POLLOUT, which then
 *                            never comes: ZMQ_FD tells of the change. */
#define ZMQ_EXT_UNREACHABLE 23047

/* Likewise, since version 8: what ZMQ_FD is, of sockets of the thread-safe types too, which libzmq gives none. */
#define ZMQ_EXT_FD 23048

/* Socket options of tls+tcp endpoints (zmq_has ("tls")), of what is bound or connected afterwards. Since version 9. A value that says
 * PEM is the text itself ("-----BEGIN ...") or the name of a file; an empty one is none. A bind or connect for which they are wrong (no
 * PEM, no such file, a key of another certificate, a bind without a certificate) fails with EINVAL, and ZMQ_EXT_TLS_FAILURE says why.
 * ZMQ_EXT_TLS_CERT_PEM       own certificate, behind it those that lead to a root. A bind needs one; a connecting client shows it if asked.
 *                            Write only, as are the next two.
 * ZMQ_EXT_TLS_KEY_PEM        its private key; none: it is behind the certificate.
 * ZMQ_EXT_TLS_KEY_PASSWORD   of an encrypted key.
 * ZMQ_EXT_TLS_TRUST_PEM      certificates of those who may vouch for peers, also a directory of such files.
 * ZMQ_EXT_TLS_TRUST_SYSTEM   int -1, 0 or 1, default -1: the system's, too; -1: for connecting, if ZMQ_EXT_TLS_TRUST_PEM is empty.
 * ZMQ_EXT_TLS_CRL_PEM        revocation lists: peers' certificates are looked up in their issuer's, which must be there.
 * ZMQ_EXT_TLS_HOSTNAME       the name that a server is asked for (SNI) and has to have; none: the endpoint's host.
 * ZMQ_EXT_TLS_VERIFY         int -1 .. 2, default -1: 0 peers need no certificate and none is looked at, 1 it is if a client shows one, 2
 *                            it is needed and must be good; -1: 2 for connecting, for binding 2 if there is something to trust, else 0.
 *                            Of servers 1 is as 2.
 * ZMQ_EXT_TLS_CHECK_HOSTNAME int 0 or 1, default 1: 0 a verified server may have any name.
 * (wss has libzmq's ZMQ_WSS_* for certificates, keys, trust and name; ZMQ_EXT_TLS_KEY_PASSWORD, _CRL_PEM, _VERIFY and _CHECK_HOSTNAME hold
 * for it, too, but that a bind needs clients' certificates only with ZMQ_EXT_TLS_VERIFY 2.)
 * ZMQ_EXT_TLS_ALPN           names of protocols in order of preference, separated by commas; none: ALPN is not used.
 * ZMQ_EXT_TLS_FAILURE        read only: why the last bind or connect with TLS failed with EINVAL, or the last connection's TLS failed. */
#define ZMQ_EXT_TLS_CERT_PEM 23049
#define ZMQ_EXT_TLS_KEY_PEM 23050
#define ZMQ_EXT_TLS_KEY_PASSWORD 23051
#define ZMQ_EXT_TLS_TRUST_PEM 23052
#define ZMQ_EXT_TLS_TRUST_SYSTEM 23053
#define ZMQ_EXT_TLS_CRL_PEM 23054
#define ZMQ_EXT_TLS_HOSTNAME 23055
#define ZMQ_EXT_TLS_VERIFY 23056
#define ZMQ_EXT_TLS_CHECK_HOSTNAME 23057
#define ZMQ_EXT_TLS_ALPN 23058
#define ZMQ_EXT_TLS_FAILURE 23059

/* ---- batches ---- */

typedef struct zmq_ext_bytes_t
{
    const void *data;
    size_t size; /* bytes */
} zmq_ext_bytes_t;

/* Sends `count` single-part messages, copying each, in order. flags: ZMQ_DONTWAIT or 0.
 * Returns how many were accepted: all of them, or fewer (at least 1) when the socket would block (DONTWAIT), SNDTIMEO passed, a
 * signal came or an error stopped it in between; -1 with zmq_send's errno when none was. count 0 returns 0. ZMQ_SNDMORE is EINVAL. */
ZMQ_EXPORT int zmq_ext_send_many (void *socket, const zmq_ext_bytes_t *messages, size_t count, int flags);

/* Receives up to `count` frames into initialised messages: waits for the first as zmq_msg_recv does, then takes what is there.
 * A multipart message may be cut at the end of the array (zmq_msg_more of the last frame is then 1 and its other parts are
 * the next to be received). Returns the number of frames, >= 1; -1 with zmq_msg_recv's errno (ENOMEM: a message was begun whose rest
 * did not fit into memory; it is lost. Behind other messages it is lost as well, none of its frames is given, and they are). */
ZMQ_EXPORT int zmq_ext_recv_many (void *socket, zmq_msg_t *frames, size_t count, int flags);

/* Memory for a part of `size` bytes, or NULL: then the part goes to `message`. Called with the socket held: it may not call one. */
typedef void *zmq_ext_place_t (size_t size, void *hint);

/* Receives one part as zmq_recv does, into memory that place (size, hint) gives once the size is known. Where it gives none the part
 * moves to *message, which need not be initialised and is then the caller's to close; what *message was otherwise is untouched.
 * Returns the size in bytes (at most INT_MAX); -1 with zmq_msg_recv's errno, and then nothing was called or changed (EFAULT: place or
 * message NULL). No properties of the peer come with it (zmq_msg_gets). Since version 4. */
ZMQ_EXPORT int zmq_ext_recv_placed (void *socket, zmq_ext_place_t *place, void *hint, zmq_msg_t *message, int flags);

/* ---- whole messages ---- */

/* Each of these holds the socket from the first part of a message to its last: no other thread's parts come between. Only the first
 * part can have to wait (but STREAM's, whose messages have two parts: there every id can). Since version 3. */

/* Sends one message of `count` parts, copying each. flags: ZMQ_DONTWAIT, ZMQ_SNDMORE (more parts follow in another call) or 0.
 * Returns how many parts were taken: all of them; fewer (at least 1), with errno set, if the rest could not be; -1 with zmq_send's errno
 * when none was. EINVAL count 0; EFAULT, before anything is sent, a part without data. */
ZMQ_EXPORT int zmq_ext_send_parts (void *socket, const zmq_ext_bytes_t *parts, size_t count, int flags);

/* The same for parts that are messages, sent without copying. Those taken are empty afterwards, the others as they were; all remain
 * the caller's to close. EFAULT, before anything is sent: one is not initialised. */
ZMQ_EXPORT int zmq_ext_msg_send_parts (void *socket, zmq_msg_t *parts, size_t count, int flags);

/* Receives up to `messages` whole messages: waits for the first as zmq_msg_recv does, then takes what is there. *frames is an array of
 * `room` messages, which need not be initialised. A message is only begun while the array has room, and always taken to its
 * end: if that does not fit, *frames becomes a larger array, from malloc, that is the caller's to free. Of a message that was begun
 * before (by zmq_msg_recv, say) the rest is taken.
 * flags: ZMQ_DONTWAIT, ZMQ_EXT_BARE (since version 4: without the peer's properties, zmq_msg_gets, which costs less) or 0.
 * Returns the number of frames, >= 1, each the caller's to close; -1 with zmq_msg_recv's errno, and then nothing is to be closed or freed
 * (EINVAL: room or messages 0; EFAULT; ENOMEM: the first
 * message did not fit into memory and is lost; a later one that does not is lost as well, and those before it are returned). */
#define ZMQ_EXT_BARE 0x10000
ZMQ_EXPORT int zmq_ext_recv_messages (void *socket, zmq_msg_t **frames, size_t room, size_t messages, int flags);

/* ---- many messages at a time ---- */

typedef struct zmq_ext_part_t
{
    const void *data;
    size_t size; /* bytes */
    int more;    /* 0 or 1 */
} zmq_ext_part_t;

/* What zmq_msg_data, zmq_msg_size and zmq_msg_more say of each of `count` messages, in one call. 0; EFAULT, and nothing is
 * filled: NULL, or one is not initialised. Since version 4. */
ZMQ_EXPORT int zmq_ext_msg_parts (const zmq_msg_t *frames, size_t count, zmq_ext_part_t *parts);

/* zmq_msg_close for each of `count` messages. 0; EFAULT, when the others are closed: NULL, or one was not initialised. Since version 4. */
ZMQ_EXPORT int zmq_ext_msg_close_all (zmq_msg_t *frames, size_t count);

/* ---- memory of the caller's ---- */

/* zmq_msg_init_data for a free function that may be called anywhere, at once: with a socket held, in any thread. It must not block, take a
 * lock that is held while calling this library, or call it. (One given to zmq_msg_init_data runs with nothing held, and never inside a
 * call on a socket with tcp or ipc endpoints, nor in zmq_close: a background thread is woken for it.) Since version 5. */
ZMQ_EXPORT int zmq_ext_msg_init_data (zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *free_function, void *hint);

/* ---- counters ---- */

/* Totals since the socket was created; queue depths and peers are as of now. All in messages, bytes (frame bodies) or counts. */
typedef struct zmq_ext_stats_t
{
    uint64_t messages_in, messages_out; /* whole messages received from, encoded for, peers */
    uint64_t bytes_in, bytes_out;
    uint64_t dropped_out;           /* messages dropped: the sum of the causes below */
    uint64_t queued_in, queued_out; /* messages waiting in this socket's queues; not up to 64 KiB a connection that are on their way out */
    uint64_t peers;                 /* connections or inproc pipes in use now */
    uint64_t connects, accepts, disconnects, reconnects, handshake_failures;
    /* Since version 7. */
    uint64_t parts_in, parts_out;           /* frames of those messages */
    uint64_t dropped_full;                  /* the peer's queue was full */
    uint64_t dropped_unroutable;            /* no such peer, or it had gone before; udp: no datagram can take it there */
    uint64_t dropped_lost;                  /* the peer went while it was queued for it, or half sent */
    uint64_t dropped_memory;                /* there was no memory for it */
    uint64_t handshakes;                    /* that succeeded */
    uint64_t datagrams_refused;             /* that came and were not what they claimed to be, or too long: not messages. Since version 8 */
} zmq_ext_stats_t;

/* Fills *stats; `size` is sizeof (zmq_ext_stats_t) as the caller was compiled (a shorter struct gets its first fields).
 * EFAULT stats NULL; EINVAL size 0; ENOTSOCK; ETERM. */
ZMQ_EXPORT int zmq_ext_socket_stats (void *socket, zmq_ext_stats_t *stats, size_t size);

/* The same of all sockets that the context has or had; queue depths and peers are those of its sockets now. Whatever the
 * address and whoever ends the context meanwhile: EFAULT no context that lives, or stats NULL; EINVAL size 0. Since version 7. */
ZMQ_EXPORT int zmq_ext_ctx_stats (void *context, zmq_ext_stats_t *stats, size_t size);

/* ---- who is there ---- */

#define ZMQ_EXT_PEER_CONNECTING 0 /* no connection now: what is queued waits for one; or inproc, and nobody has bound the name */
#define ZMQ_EXT_PEER_HANDSHAKE 1
#define ZMQ_EXT_PEER_UP 2
#define ZMQ_EXT_PEER_ENDING 3 /* disconnected, or gone: what is queued is still to be sent, or to be received */

/* One peer of a socket, or an endpoint that it connects to. Texts are NUL-terminated, cut if they are longer, empty if not known. */
typedef struct zmq_ext_peer_t
{
    int state;                        /* ZMQ_EXT_PEER_... */
    int accepted;                     /* 1: it came to what this socket has bound, 0: this socket connects to it */
    int64_t since;                    /* when it came up: ns of CLOCK_MONOTONIC; 0 if it is not, or inproc */
    uint64_t queued_in, queued_out;   /* messages */
    uint64_t unsent;                  /* bytes, with headers, that the system has not taken; inproc 0 */
    size_t routing_id_size;           /* the id that a ROUTER or STREAM application knows it by, else what it has announced; 0 none */
    unsigned char routing_id[256];
    char endpoint[256];               /* this socket's: as ZMQ_LAST_ENDPOINT said it */
    char address[128];                /* the peer's, where its transport has addresses */
    char mechanism[16], user_id[256]; /* of a peer that is up; the user id is ZAP's */
    /* Since version 9: whole messages received from, encoded for it, bytes of frame bodies; of an endpoint that this socket connects to,
     * over all its connections. */
    uint64_t messages_in, messages_out, bytes_in, bytes_out;
} zmq_ext_peer_t;

/* Fills up to `count` of `peers`, each `size` bytes (as in zmq_ext_socket_stats). Returns how many there are, which may be more. Answers
 * also for a socket that was closed, as long as it lingers, and when the context was terminated. EFAULT peers NULL and count not 0; EINVAL
 * size 0; ENOTSOCK; ENOMEM. Since version 7. */
ZMQ_EXPORT int zmq_ext_socket_peers (void *socket, zmq_ext_peer_t *peers, size_t count, size_t size);

/* How many peers of a PUB or XPUB would get a message that begins with the topic; of size 0: how many have subscribed to anything.
 * -1: ENOTSUP not a publisher; EFAULT topic NULL and size not 0; ENOTSOCK; ETERM. Since version 7. */
ZMQ_EXPORT int zmq_ext_subscribers (void *socket, const void *topic, size_t size);

/* One socket of a context. */
typedef struct zmq_ext_socket_t
{
    void *socket;
    int type;           /* ZMQ_PAIR ... */
    int closed;         /* 1: zmq_close was called, it lingers */
    uint64_t queued_in; /* messages, as in zmq_ext_stats_t */
    uint64_t unsent;    /* messages that are queued, and those on their way out, at least 1 if bytes of one are left */
    char endpoint[256]; /* the last one bound or connected to */
} zmq_ext_socket_t;

/* Fills up to `count` of `sockets`, each `size` bytes. Returns how many the context has; those that keep zmq_ctx_term waiting are all.
 * Whatever the address and whoever ends the context meanwhile: EFAULT no context that lives, or sockets NULL and count not 0; EINVAL
 * size 0; ENOMEM. Since version 7. */
ZMQ_EXPORT int zmq_ext_ctx_sockets (void *context, zmq_ext_socket_t *sockets, size_t count, size_t size);

/* ---- events ---- */

/* The first frame of what a monitor of zmq_ext_socket_monitor sends. Then come, each a frame of text: the local end, the remote end (as
 * zmq_socket_monitor_versioned's version 2), the peer's routing id, its mechanism, its user id; empty where there is none. */
typedef struct zmq_ext_event_t
{
    uint64_t event, value; /* as zmq_socket_monitor's */
    int64_t time;          /* ns of CLOCK_MONOTONIC */
    void *socket;
    int reason;            /* ZMQ_EVENT_DISCONNECTED: errno of what ended it, EPIPE: the peer did; else 0 */
} zmq_ext_event_t;

/* Sends the socket's events to PULL sockets that connect to `endpoint`, inproc://..., as long as the socket lives. Any number at a time,
 * and beside zmq_socket_monitor's. events: ZMQ_EVENT_... (the last is ZMQ_EVENT_MONITOR_STOPPED in any case); 0 stops the one of that
 * name. What finds no room is kept, up to 10,000 events, and lost if the monitor ends before its reader has read that far.
 * EINVAL; EPROTONOSUPPORT not inproc; EADDRINUSE; ENOENT (events 0) no such monitor; ENOTSOCK; ETERM. Since version 7. */
ZMQ_EXPORT int zmq_ext_socket_monitor (void *socket, const char *endpoint, uint64_t events);

/* ---- waiting ---- */

/* Each of these waits for at most `timeout` ms, without a limit if that is negative. -1: EAGAIN it is over; EINTR; ENOTSOCK; ETERM.
 * Since version 7.
 * Until the socket has `count` peers that are up; how many there are. */
ZMQ_EXPORT int zmq_ext_wait_peers (void *socket, size_t count, long timeout);
/* Until zmq_ext_subscribers says `count`; what it says, also as error. */
ZMQ_EXPORT int zmq_ext_wait_subscribers (void *socket, const void *topic, size_t size, size_t count, long timeout);
/* Until the system has taken all that was sent to peers on other transports than inproc; also what is queued for peers that are not
 * there yet. 0. */
ZMQ_EXPORT int zmq_ext_flush (void *socket, long timeout);

/* Polls the socket for at most ZMQ_EXT_SPIN_US (less where that has not paid lately) until it has one of `events` (ZMQ_POLLIN,
 * ZMQ_POLLOUT), without ever sleeping. 1: it has; 0: not yet; -1: ENOTSOCK, ETERM. The thread's next blocking call then sleeps
 * without polling first. For a caller that holds a lock it can let go cheaply for a moment (Python's GIL). */
ZMQ_EXPORT int zmq_ext_spin (void *socket, int events);

/* ---- signals ---- */

/* Signal mask (a sigset_t *) that this thread's blocking calls put in force only while they sleep, as ppoll(2) does; NULL
 * takes it away. With signals blocked before a call and unblocked by this mask, no signal can slip in between a check of
 * the program's own and the sleep: the call fails with EINTR. The mask is copied. Always 0. */
ZMQ_EXPORT int zmq_ext_wait_sigmask (const void *sigset);

/* Longest time in ms that one blocking call of this thread sleeps before it fails with EINTR although no signal came; 0 (the
 * default) for no limit. For callers that must look now and then at what no signal mask can tell them: while this thread blocks
 * a signal before it sleeps, the system may deliver it to another thread. Always 0. Since version 2. */
ZMQ_EXPORT int zmq_ext_wait_limit (int milliseconds);

/* When this thread's blocking sends and receives end with EAGAIN, in ms of CLOCK_MONOTONIC, whatever RCVTIMEO and SNDTIMEO say (but one
 * that is 0 still waits not at all); negative (the default): as these say. For callers that go on with a call which a signal interrupted:
 * the options are the socket's, and other threads'. Always 0. Since version 5. */
ZMQ_EXPORT int zmq_ext_wait_deadline (int64_t milliseconds);

#ifdef __cplusplus
}
#endif
#endif
