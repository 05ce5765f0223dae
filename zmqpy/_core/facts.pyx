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


cdef tuple peer_of(zmq_ext_peer_t *peer):
    return (
        peer.state, bool(peer.accepted), peer.since, peer.queued_in, peer.queued_out, peer.unsent,
        <bytes>peer.routing_id[:peer.routing_id_size], text(peer.endpoint), text(peer.address), text(peer.mechanism), text(peer.user_id),
    )


def peers_at(address) -> list:
    """The peers of the C socket at `address`, also of a closed one that lingers, as tuples in the order of zmqpy.peers.Peer."""
    cdef void *handle = <void *><uintptr_t>address
    cdef int room = 16, count
    cdef zmq_ext_peer_t *found
    while True:
        found = <zmq_ext_peer_t *>malloc(room * sizeof(zmq_ext_peer_t))
        if found == NULL:
            raise MemoryError
        try:
            count = zmq_ext_socket_peers(handle, found, room, sizeof(zmq_ext_peer_t))
            if count < 0:
                failed("Socket.peers")
            if count <= room:
                return [peer_of(&found[i]) for i in range(count)]
        finally:
            free(found)
        room = count + 16


def peers(Socket socket not None) -> list:
    """The same of a socket that is open."""
    socket.require()
    return peers_at(<uintptr_t>socket.handle)


def sockets(address) -> list:
    """All sockets of the C context at `address`: (address, type, closed, queued in, unsent, last endpoint)."""
    cdef void *handle = <void *><uintptr_t>address
    cdef int room = 64, count
    cdef zmq_ext_socket_t *found
    while True:
        found = <zmq_ext_socket_t *>malloc(room * sizeof(zmq_ext_socket_t))
        if found == NULL:
            raise MemoryError
        try:
            count = zmq_ext_ctx_sockets(handle, found, room, sizeof(zmq_ext_socket_t))
            if count < 0:
                failed("a context's list of sockets")
            if count <= room:
                return [
                    (
                        <uintptr_t>found[i].socket, found[i].type, bool(found[i].closed), found[i].queued_in, found[i].unsent,
                        text(found[i].endpoint),
                    )
                    for i in range(count)
                ]
        finally:
            free(found)
        room = count + 64


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
