"""Declarations of libzmq's C API, all callable without the GIL. The numbers of options are in constants.pxd."""

from libc.stdint cimport int64_t, uint8_t, uint32_t


cdef extern from "zmqpy_libzmq.h" nogil:
    ctypedef struct zmq_msg_t:
        pass
    ctypedef int zmq_fd_t
    ctypedef struct zmq_pollitem_t:
        void *socket
        zmq_fd_t fd
        short events
        short revents
    ctypedef void (*zmq_free_fn)(void *data, void *hint) noexcept nogil

    int zmq_errno()
    int ENOTSUP
    const char *zmq_strerror(int errnum)
    void zmq_version(int *major, int *minor, int *patch)
    int zmq_has(const char *capability)

    void *zmq_ctx_new()
    int zmq_ctx_term(void *context)
    int zmq_ctx_shutdown(void *context)
    int zmq_ctx_set(void *context, int option, int value)
    int zmq_ctx_get(void *context, int option)

    int zmq_msg_init(zmq_msg_t *msg)
    int zmq_msg_init_size(zmq_msg_t *msg, size_t size)
    int zmq_msg_init_data(zmq_msg_t *msg, void *data, size_t size, zmq_free_fn free_function, void *hint)
    int zmq_msg_close(zmq_msg_t *msg)
    int zmq_msg_move(zmq_msg_t *destination, zmq_msg_t *source)
    int zmq_msg_copy(zmq_msg_t *destination, zmq_msg_t *source)
    void *zmq_msg_data(zmq_msg_t *msg)
    size_t zmq_msg_size(const zmq_msg_t *msg)
    int zmq_msg_more(const zmq_msg_t *msg)
    int zmq_msg_get(const zmq_msg_t *msg, int property)
    int zmq_msg_set(zmq_msg_t *msg, int property, int value)
    const char *zmq_msg_gets(const zmq_msg_t *msg, const char *property)
    int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags)
    int zmq_msg_recv(zmq_msg_t *msg, void *socket, int flags)

    void *zmq_socket(void *context, int type)
    int zmq_close(void *socket)
    int zmq_setsockopt(void *socket, int option, const void *value, size_t size)
    int zmq_getsockopt(void *socket, int option, void *value, size_t *size)
    int zmq_bind(void *socket, const char *endpoint)
    int zmq_connect(void *socket, const char *endpoint)
    int zmq_unbind(void *socket, const char *endpoint)
    int zmq_disconnect(void *socket, const char *endpoint)
    int zmq_send(void *socket, const void *data, size_t size, int flags)
    int zmq_recv(void *socket, void *buffer, size_t size, int flags)
    int zmq_socket_monitor(void *socket, const char *endpoint, int events)

    int zmq_poll(zmq_pollitem_t *items, int count, long timeout)

    int zmq_proxy(void *frontend, void *backend, void *capture)
    int zmq_proxy_steerable(void *frontend, void *backend, void *capture, void *control)

    char *zmq_z85_encode(char *destination, const uint8_t *data, size_t size)
    uint8_t *zmq_z85_decode(uint8_t *destination, const char *text)
    int zmq_curve_keypair(char *public_key, char *secret_key)
    int zmq_curve_public(char *public_key, const char *secret_key)

    # Draft functions: ENOTSUP where the library lacks them.
    int zmqpy_join(void *socket, const char *group)
    int zmqpy_leave(void *socket, const char *group)
    int64_t zmqpy_connect_peer(void *socket, const char *endpoint)
    int zmqpy_disconnect_peer(void *socket, uint32_t routing_id)
    int zmqpy_msg_set_routing_id(zmq_msg_t *msg, uint32_t routing_id)
    int zmqpy_msg_set_group(zmq_msg_t *msg, const char *group)
    int64_t zmqpy_msg_routing_id(zmq_msg_t *msg)
    const char *zmqpy_msg_group(zmq_msg_t *msg)
