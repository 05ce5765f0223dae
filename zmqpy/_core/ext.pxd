"""Declarations of zmq_ext.h, our engine's extensions; zmqpy_ext.h has fallbacks for other libraries."""

from libc.stdint cimport int64_t, uint64_t

from zmqpy._core.libzmq cimport zmq_free_fn, zmq_msg_t


cdef extern from "zmqpy_ext.h" nogil:
    int ZMQPY_HAVE_EXT

    ctypedef struct zmq_ext_bytes_t:
        const void *data
        size_t size

    ctypedef struct zmq_ext_part_t:
        const void *data
        size_t size
        int more

    ctypedef struct zmq_ext_stats_t:
        uint64_t messages_in, messages_out, bytes_in, bytes_out
        uint64_t dropped_out, queued_in, queued_out, peers
        uint64_t connects, accepts, disconnects, reconnects, handshake_failures
        uint64_t parts_in, parts_out
        uint64_t dropped_full, dropped_unroutable, dropped_lost, dropped_memory
        uint64_t handshakes
        uint64_t datagrams_refused

    int ZMQ_EXT_PEER_CONNECTING, ZMQ_EXT_PEER_HANDSHAKE, ZMQ_EXT_PEER_UP, ZMQ_EXT_PEER_ENDING

    ctypedef struct zmq_ext_peer_t:
        int state
        int accepted
        int64_t since
        uint64_t queued_in, queued_out, unsent
        size_t routing_id_size
        unsigned char routing_id[256]
        char endpoint[256]
        char address[128]
        char mechanism[16]
        char user_id[256]
        uint64_t messages_in, messages_out, bytes_in, bytes_out

    ctypedef struct zmq_ext_socket_t:
        void *socket
        int type
        int closed
        uint64_t queued_in, unsent
        char endpoint[256]

    ctypedef struct zmq_ext_event_t:
        uint64_t event, value
        int64_t time
        void *socket
        int reason

    int ZMQ_EXT_BARE

    int zmq_ext_send_many(void *socket, const zmq_ext_bytes_t *messages, size_t count, int flags)
    int zmq_ext_send_parts(void *socket, const zmq_ext_bytes_t *parts, size_t count, int flags)
    int zmq_ext_msg_send_parts(void *socket, zmq_msg_t *parts, size_t count, int flags)
    int zmq_ext_recv_messages(void *socket, zmq_msg_t **frames, size_t room, size_t messages, int flags)
    int zmq_ext_msg_parts(zmq_msg_t *frames, size_t count, zmq_ext_part_t *parts)
    int zmq_ext_msg_init_data(zmq_msg_t *msg, void *data, size_t size, zmq_free_fn free_function, void *hint)
    int zmq_ext_msg_close_all(zmq_msg_t *frames, size_t count)
    int zmq_ext_socket_stats(void *socket, zmq_ext_stats_t *stats, size_t size)
    int zmq_ext_ctx_stats(void *context, zmq_ext_stats_t *stats, size_t size)
    int zmq_ext_socket_peers(void *socket, zmq_ext_peer_t *peers, size_t count, size_t size)
    int zmq_ext_ctx_sockets(void *context, zmq_ext_socket_t *sockets, size_t count, size_t size)
    int zmq_ext_socket_monitor(void *socket, const char *endpoint, uint64_t events)
    int zmq_ext_wait_peers(void *socket, size_t count, long timeout)
    int zmq_ext_wait_subscribers(void *socket, const void *topic, size_t size, size_t count, long timeout)
    int zmq_ext_flush(void *socket, long timeout)
    int zmq_ext_wait_deadline(int64_t milliseconds)
    int zmq_ext_wait_limit(int milliseconds)
    int zmq_ext_spin(void *socket, int events)


cdef extern from "zmqpy_ext.h":
    ctypedef void *zmq_ext_place_t(size_t size, void *hint) noexcept

    # With the GIL: `place` makes objects.
    int zmq_ext_recv_placed(void *socket, zmq_ext_place_t *place, void *hint, zmq_msg_t *message, int flags)
