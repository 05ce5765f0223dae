# cython: language_level=3
"""monitored_queue: a proxy whose monitor hears which way each message went. It runs in the calling thread, without the GIL.

Plain proxies are the engine's own, device.pyx's.
"""

import threading

from libc.errno cimport EAGAIN, EINTR, ENOMEM, ENOTSOCK
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_POLLIN, ZMQ_POLLOUT, ZMQ_ROUTER, ZMQ_SNDTIMEO
from zmqpy._core.errors cimport begin_wait, check_signals, end_wait, raise_error, zmqpy_now_ms, zmqpy_wait_init, zmqpy_wait_t
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT, zmq_ext_msg_close_all, zmq_ext_msg_send_parts, zmq_ext_recv_messages
from zmqpy._core.libzmq cimport *
from zmqpy._core.socket cimport Socket

cdef enum:
    FRAMES = 64  # taken from a side at once, unless one message has more; then the other side has its turn
    SLICE = 50   # ms; as in wait.pyx, for a main thread over another libzmq


cdef struct Batch:
    # What was taken from a side and not passed on yet. Outlives the call that an application's signal interrupts.
    zmq_msg_t few[FRAMES]
    zmq_msg_t *frames
    Py_ssize_t count, next  # next: the first frame of the next message, or what is left of it
    Py_ssize_t end          # of the message being sent; 0: none is
    zmq_msg_t *copies       # prefix and parts for the monitor, NULL when it has them
    Py_ssize_t copy_count, copy_next
    zmq_msg_t few_copies[FRAMES]


cdef struct Side:
    void *source
    void *target
    void *monitor
    const char *prefix
    size_t prefix_size
    bint swap  # ROUTER to ROUTER: the receiver's id comes second, and must be first
    int64_t deadline  # ms, of the send that waits; 0: none does
    Batch batch


cdef int wait_for(void *handle, int64_t *deadline, bint sliced) noexcept nogil:
    """Until the socket can send, for SNDTIMEO at most. 0, or an errno; after EINTR what is left of the time goes on."""
    cdef zmq_pollitem_t item
    cdef int rc, whole = -1
    cdef size_t size = sizeof(int)
    cdef long left = -1
    if zmq_getsockopt(handle, ZMQ_SNDTIMEO, &whole, &size) < 0:
        return zmq_errno()
    if whole >= 0:
        if deadline[0] == 0:
            deadline[0] = zmqpy_now_ms() + whole
        left = max(0, <long>(deadline[0] - zmqpy_now_ms()))
    sliced = sliced and (left < 0 or left > SLICE)
    item.socket = handle
    item.events = ZMQ_POLLOUT
    rc = zmq_poll(&item, 1, SLICE if sliced else left)
    if rc < 0:
        return zmq_errno()
    if rc == 0:
        return EINTR if sliced else EAGAIN
    return 0


cdef int send_parts(Side *side, void *handle, zmq_msg_t *parts, Py_ssize_t count, Py_ssize_t *sent, bint sliced) noexcept nogil:
    """Sends parts from *sent on. 0, or an errno; *sent says how far it came."""
    cdef int rc, error
    while sent[0] < count:
        rc = zmq_ext_msg_send_parts(handle, parts + sent[0], count - sent[0], ZMQ_DONTWAIT)
        if rc > 0:
            sent[0] += rc
            continue
        error = zmq_errno()
        if error == EAGAIN:
            error = wait_for(handle, &side.deadline, sliced)
        if error:
            return error
    side.deadline = 0
    return 0


cdef int copy_for_monitor(Side *side, zmq_msg_t *parts, Py_ssize_t count) noexcept nogil:
    """Prepares what the monitor gets of a message: the prefix and its parts. 0, or ENOMEM."""
    cdef Batch *batch = &side.batch
    cdef Py_ssize_t index
    batch.copies = batch.few_copies
    if count + 1 > FRAMES:
        batch.copies = <zmq_msg_t *>malloc((count + 1) * sizeof(zmq_msg_t))
        if batch.copies == NULL:
            return ENOMEM
    batch.copy_count = batch.copy_next = 0
    if zmq_msg_init_size(&batch.copies[0], side.prefix_size) < 0:
        return ENOMEM
    memcpy(zmq_msg_data(&batch.copies[0]), side.prefix, side.prefix_size)
    for index in range(count):
        zmq_msg_init(&batch.copies[index + 1])
        zmq_msg_copy(&batch.copies[index + 1], &parts[index])
    batch.copy_count = count + 1
    return 0


cdef void drop_copies(Batch *batch) noexcept nogil:
    if batch.copies != NULL:
        zmq_ext_msg_close_all(batch.copies, batch.copy_count)
        if batch.copies != batch.few_copies:
            free(batch.copies)
        batch.copies = NULL


cdef void drop_frames(Batch *batch) noexcept nogil:
    if batch.frames != NULL:
        zmq_ext_msg_close_all(batch.frames, batch.count)
        if batch.frames != batch.few:
            free(batch.frames)
        batch.frames = NULL
    batch.count = batch.next = batch.end = 0


cdef int begin_message(Side *side) noexcept nogil:
    """Finds the end of the next message of the batch and makes it ready. 0, or ENOMEM."""
    cdef Batch *batch = &side.batch
    cdef zmq_msg_t first
    cdef Py_ssize_t end = batch.next
    while end < batch.count and zmq_msg_more(&batch.frames[end]):
        end += 1
    end += 1
    if side.swap and end - batch.next > 1:
        zmq_msg_init(&first)
        zmq_msg_move(&first, &batch.frames[batch.next])
        zmq_msg_move(&batch.frames[batch.next], &batch.frames[batch.next + 1])
        zmq_msg_move(&batch.frames[batch.next + 1], &first)
        zmq_msg_close(&first)
    if copy_for_monitor(side, batch.frames + batch.next, end - batch.next):
        return ENOMEM
    batch.end = end
    return 0


cdef int pass_on(Side *side, bint sliced) noexcept nogil:
    """Sends what is left of a batch. 0, or an errno; after EINTR it can be called again."""
    cdef Batch *batch = &side.batch
    cdef int error
    while batch.next < batch.count:
        if batch.end == 0:
            error = begin_message(side)
            if error:
                return error
        if batch.copies != NULL:
            error = send_parts(side, side.monitor, batch.copies, batch.copy_count, &batch.copy_next, sliced)
            if error:
                return error
            drop_copies(batch)
        error = send_parts(side, side.target, batch.frames, batch.end, &batch.next, sliced)
        if error:
            return error
        batch.end = 0
    drop_frames(batch)
    return 0


cdef int take(Side *side) noexcept nogil:
    """Receives a batch if there is something. 0, or an errno."""
    cdef Batch *batch = &side.batch
    cdef int rc, error
    batch.frames = batch.few
    rc = zmq_ext_recv_messages(side.source, &batch.frames, FRAMES, FRAMES, ZMQ_DONTWAIT)
    if rc < 0:
        error = zmq_errno()
        batch.frames = NULL
        return 0 if error == EAGAIN else error
    batch.count = rc
    return 0


cdef int forward(Side *sides, int count, bint sliced) noexcept nogil:
    """Forwards until an errno ends it; after EINTR it can be called again."""
    cdef zmq_pollitem_t items[2]
    cdef int index, rc, error
    while True:
        for index in range(count):
            error = pass_on(&sides[index], sliced)
            if error:
                return error
            items[index].socket = sides[index].source
            items[index].events = ZMQ_POLLIN
            items[index].revents = 0
        rc = zmq_poll(items, count, SLICE if sliced else -1)
        if rc < 0:
            return zmq_errno()
        if rc == 0:
            return EINTR
        for index in range(count):
            if items[index].revents:
                error = take(&sides[index])
                if error:
                    return error


cdef void begin_side(Side *side, Socket source, Socket target, Socket monitor, bytes prefix) except *:
    side.source, side.target, side.monitor = source.handle, target.handle, monitor.handle
    side.prefix, side.prefix_size = prefix, len(prefix)
    side.swap = source.type_number == ZMQ_ROUTER and target.type_number == ZMQ_ROUTER
    side.deadline = 0
    side.batch.frames = side.batch.copies = NULL
    side.batch.count = side.batch.next = side.batch.end = 0


def monitored_queue(
    Socket in_socket not None,
    Socket out_socket not None,
    Socket mon_socket not None,
    bytes in_prefix not None=b"in",
    bytes out_prefix not None=b"out",
) -> int:
    """Forwards messages between two sockets, either way, until the context is terminated.

    mon_socket : gets every message too, behind a part that says which way it went.
    in_prefix, out_prefix : bytes, that part for messages from `in_socket` and for those from `out_socket`.

    Between two ROUTERs the first two parts change places, so that a message's second part names its receiver and arrives as its
    sender. With one socket in both places what it receives goes back into it. Raises ContextTerminated, ZMQError.
    """
    cdef Side sides[2]
    cdef int count = 1 if in_socket is out_socket else 2
    cdef bint sliced = not ZMQPY_HAVE_EXT and threading.current_thread() is threading.main_thread()
    cdef zmqpy_wait_t wait
    cdef int index, error
    cdef list used = [in_socket, out_socket, mon_socket]
    for socket in used:
        (<Socket>socket).require()
    begin_side(&sides[0], in_socket, out_socket, mon_socket, in_prefix)
    begin_side(&sides[1], out_socket, in_socket, mon_socket, out_prefix)
    for socket in used:
        (<Socket>socket).enter_call()
    try:
        zmqpy_wait_init(&wait)
        while True:
            begin_wait(&wait)
            with nogil:
                error = forward(sides, count, sliced)
            end_wait(&wait)
            if error != EINTR:
                raise_error(error)
            check_signals()
    finally:
        for index in range(2):
            drop_copies(&sides[index].batch)
            drop_frames(&sides[index].batch)
        for socket in used:
            (<Socket>socket).leave_call()
