# cython: language_level=3
"""What our engine knows of its sockets and peers, waiting for them, and monitors with all of that. ENOTSUP with another libzmq.

As the C API gives it: tuples and numbers. What users see is made of them in zmqpy/peers.py, waiting.py and events.py.
"""

from libc.errno cimport EINTR
from libc.stdint cimport int64_t, uintptr_t
from libc.stdlib cimport free, malloc
from zmqpy._core.context cimport Context
from zmqpy._core.errors cimport (
    begin_wait,
    check_signals,
    end_wait,
    raise_error,
    raise_unsupported,
    zmqpy_now_ms,
    zmqpy_wait_init,
    zmqpy_wait_t,
)
from zmqpy._core.ext cimport *
from zmqpy._core.libzmq cimport *
from zmqpy._core.socket cimport Socket

cdef enum Awaited:
    PEERS
    SUBSCRIBERS
    EMPTY_QUEUES

EVENT_SIZE = sizeof(zmq_ext_event_t)


cdef int failed(str what) except -1:
    if zmq_errno() == ENOTSUP and not ZMQPY_HAVE_EXT:
        raise_unsupported(what)
    raise_error(zmq_errno())


cdef str text(const char *value):
    return value.decode("utf-8", "replace")


ctypedef int (*Lister)(void *handle, void *entries, size_t count, size_t size) noexcept
ctypedef object (*Maker)(void *entry)


cdef list listed(void *handle, int room, size_t size, Lister lister, Maker maker, str what):
    """What the engine lists of a socket or a context, whose number is not known before: entries of `size` bytes, made into objects.

    room : for how many there is memory at first.  what : the name of the call, for the error of another libzmq.
    """
    cdef int spare = room, count, i
    cdef char *entries
    while True:
        entries = <char *>malloc(room * size)
        if entries == NULL:
            raise MemoryError
        try:
            count = lister(handle, entries, room, size)
            if count < 0:
                failed(what)
            if count <= room:
                return [maker(entries + i * size) for i in range(count)]
        finally:
            free(entries)
        room = count + spare  # more may come meanwhile


cdef int list_peers(void *handle, void *entries, size_t count, size_t size) noexcept:
    return zmq_ext_socket_peers(handle, <zmq_ext_peer_t *>entries, count, size)


cdef int list_sockets(void *handle, void *entries, size_t count, size_t size) noexcept:
    return zmq_ext_ctx_sockets(handle, <zmq_ext_socket_t *>entries, count, size)


cdef object peer_of(void *entry):
    cdef zmq_ext_peer_t *peer = <zmq_ext_peer_t *>entry
    return (
        peer.state, bool(peer.accepted), peer.since, peer.queued_in, peer.queued_out, peer.unsent,
        <bytes>peer.routing_id[:peer.routing_id_size], text(peer.endpoint), text(peer.address), text(peer.mechanism), text(peer.user_id),
        peer.messages_in, peer.messages_out, peer.bytes_in, peer.bytes_out,
    )


cdef object socket_of(void *entry):
    cdef zmq_ext_socket_t *socket = <zmq_ext_socket_t *>entry
    return (
        <uintptr_t>socket.socket, socket.type, bool(socket.closed), socket.queued_in, socket.unsent, text(socket.endpoint),
    )


def peers_at(address) -> list:
    """The peers of the C socket at `address`, also of a closed one that lingers, as tuples in the order of zmqpy.peers.Peer."""
    return listed(<void *><uintptr_t>address, 16, sizeof(zmq_ext_peer_t), list_peers, peer_of, "Socket.peers")


def peers(Socket socket not None) -> list:
    """The same of a socket that is open."""
    socket.require()
    return peers_at(<uintptr_t>socket.handle)


def sockets(address) -> list:
    """All sockets of the C context at `address`: (address, type, closed, queued in, unsent, last endpoint)."""
    return listed(<void *><uintptr_t>address, 64, sizeof(zmq_ext_socket_t), list_sockets, socket_of, "a context's list of sockets")


def context_stats(Context context not None) -> dict:
    """Counters of all sockets that the context has or had."""
    cdef zmq_ext_stats_t totals
    context.require()
    if zmq_ext_ctx_stats(context.handle, &totals, sizeof(totals)) < 0:
        failed("Context.stats")
    return totals


# ---- waiting: for at most so many ms, negative without a limit; Again ----

def wait_peers(Socket socket not None, size_t count, timeout) -> int:
    """Until the socket has so many peers; how many it has."""
    return wait_for(socket, PEERS, b"", count, timeout)


def wait_subscribers(Socket socket not None, bytes topic not None, size_t count, timeout) -> int:
    """Until so many peers have subscribed to the topic; how many have."""
    return wait_for(socket, SUBSCRIBERS, topic, count, timeout)


def flush(Socket socket not None, timeout) -> int:
    """Until nothing is left to be sent."""
    return wait_for(socket, EMPTY_QUEUES, b"", 0, timeout)


cdef int wait_for(Socket socket, Awaited awaited, bytes topic, size_t count, long timeout) except -1:
    cdef zmqpy_wait_t wait
    cdef int64_t deadline = 0
    cdef const char *data = topic
    cdef size_t size = len(topic)
    cdef int rc, error = 0
    socket.require()
    if timeout > 0:
        deadline = zmqpy_now_ms() + timeout
    socket.enter_call()
    try:
        zmqpy_wait_init(&wait)
        while True:
            begin_wait(&wait)
            with nogil:
                if awaited == PEERS:
                    rc = zmq_ext_wait_peers(socket.handle, count, timeout)
                elif awaited == SUBSCRIBERS:
                    rc = zmq_ext_wait_subscribers(socket.handle, data, size, count, timeout)
                else:
                    rc = zmq_ext_flush(socket.handle, timeout)
                if rc < 0:
                    error = zmq_errno()
            end_wait(&wait)
            if rc >= 0:
                return rc
            if error != EINTR:
                break
            check_signals()
            if timeout > 0:
                timeout = max(0, deadline - zmqpy_now_ms())
    finally:
        socket.leave_call()
    if error == ENOTSUP:
        if not ZMQPY_HAVE_EXT:
            raise_unsupported("waiting for peers")
        raise_error(ENOTSUP)
    socket.fail(error)


# ---- events ----

def monitor(Socket socket not None, str endpoint not None, events):
    """Sends the socket's events to PULL sockets that connect to `endpoint`; events 0: no more."""
    cdef bytes name = endpoint.encode("utf-8")
    socket.require()
    if zmq_ext_socket_monitor(socket.handle, name, events) < 0:
        failed("Socket.events of a whole context")
    return None


def event_head(bytes frame not None) -> tuple:
    """The first frame of an event: (event, value, ns, address of the socket, errno)."""
    cdef const zmq_ext_event_t *head = <const zmq_ext_event_t *><const char *>frame
    if len(frame) != sizeof(zmq_ext_event_t):
        raise ValueError(f"not an event: {frame!r}")
    return (head.event, head.value, head.time, <uintptr_t>head.socket, head.reason)
