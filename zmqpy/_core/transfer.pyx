# cython: language_level=3
"""How a call of the engine that sends or receives is made: tried, and if it must be, waited for, with the GIL let go and signals seen.

Small messages are first tried without waiting and with the GIL held; only a call that has to wait, or moves much data, releases it.
What is sent, and what becomes of what was received, is messages.pyx's and batch.pyx's.
"""

from libc.errno cimport EAGAIN, EINTR
from libc.stdint cimport int64_t
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_ETERM, ZMQ_POLLIN, ZMQ_POLLOUT, ZMQ_RCVTIMEO, ZMQ_SNDTIMEO
from zmqpy._core.errors cimport begin_wait, check_signals, end_wait, zmqpy_now_ms, zmqpy_wait_init, zmqpy_wait_t
from zmqpy._core.ext cimport ZMQPY_HAVE_EXT, zmq_ext_spin, zmq_ext_wait_deadline
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport *
from zmqpy._core.wait cimport deadline_of, poll_items

cdef enum:
    LONGEST_NAP = 16  # ms


cdef bint go_on(Handle socket, Operation *operation, int flags, Mode mode, int error) except -1:
    if mode == TRY:
        return try_again(socket, operation, flags, error)
    # A signal can interrupt even what does not wait.
    if error != 0 and error != EINTR and (error != EAGAIN or flags & ZMQ_DONTWAIT):
        socket.fail(error, operation.kind < RECV_MSG)
    wait(socket, operation, flags)
    return True


cdef bint try_again(Handle socket, Operation *operation, int flags, int error) except -1:
    """Until it is done, or would have to wait: then False."""
    cdef int rc
    while error != EAGAIN:
        if error == EINTR:
            check_signals()
        elif error != 0:
            socket.fail(error, operation.kind < RECV_MSG)
        socket.require()
        if operation.size < GIL_FREE_SIZE:
            rc = perform(socket.handle, operation, flags | ZMQ_DONTWAIT)
            error = zmq_errno()
        else:
            socket.enter_call()
            with nogil:
                rc = perform(socket.handle, operation, flags | ZMQ_DONTWAIT)
                error = zmq_errno()
            socket.leave_call()
        if rc >= 0:
            return True
    return False


cdef int spin(Handle socket, Operation *operation, int flags) except -1:
    """Before anything slower: looks again for a moment, with the GIL let go and nothing else done. 1: it is done."""
    cdef int rc
    if not ZMQPY_HAVE_EXT or flags & ZMQ_DONTWAIT or operation.size >= GIL_FREE_SIZE:
        return False
    socket.enter_call()
    with nogil:
        rc = zmq_ext_spin(socket.handle, ZMQ_POLLIN if operation.kind >= RECV_MSG else ZMQ_POLLOUT)
    socket.leave_call()
    if rc <= 0 or socket.handle == NULL:
        return False
    return perform(socket.handle, operation, flags | ZMQ_DONTWAIT) >= 0


cdef int wait(Handle socket, Operation *operation, int flags) except -1:
    """Without the GIL, again after signals, within the socket's time-out in all."""
    cdef zmqpy_wait_t guard
    cdef int option = ZMQ_RCVTIMEO if operation.kind >= RECV_MSG else ZMQ_SNDTIMEO
    cdef int rc, error = 0
    cdef int64_t started, deadline = -1
    socket.require()
    if spin(socket, operation, flags):
        return 0
    if not ZMQPY_HAVE_EXT:
        return wait_by_polling(socket, operation, flags, option)
    started = zmqpy_now_ms()
    socket.enter_call()
    try:
        zmqpy_wait_init(&guard)
        while True:
            begin_wait(&guard)
            with nogil:
                if deadline >= 0:
                    zmq_ext_wait_deadline(deadline)
                rc = perform(socket.handle, operation, flags)
                if rc < 0:
                    error = zmq_errno()
                if deadline >= 0:
                    zmq_ext_wait_deadline(-1)
            end_wait(&guard)
            if rc >= 0:
                return 0
            if error != EINTR:
                break
            check_signals()
            if deadline < 0 and socket.handle != NULL:
                deadline = deadline_of(socket.handle, option, started)
            if deadline >= 0 and zmqpy_now_ms() >= deadline:
                error = EAGAIN
                break
    finally:
        socket.leave_call()
    socket.fail(error, operation.kind < RECV_MSG)


cdef int wait_by_polling(Handle socket, Operation *operation, int flags, int option) except -1:
    """The same with another libzmq, which cannot sleep and unblock signals in one step, nor be given a deadline: its calls never
    wait, zmq_poll does, in slices."""
    cdef zmq_pollitem_t item
    cdef int64_t deadline, left = -1
    cdef int rc, error = 0
    cdef long nap = 1
    deadline = deadline_of(socket.handle, option, zmqpy_now_ms())
    socket.enter_call()
    try:
        while True:
            with nogil:
                rc = perform(socket.handle, operation, flags | ZMQ_DONTWAIT)
                if rc < 0:
                    error = zmq_errno()
            if rc >= 0:
                return 0
            if error == EINTR:
                check_signals()
                continue
            if error != EAGAIN or flags & ZMQ_DONTWAIT:
                break
            if deadline >= 0:
                left = deadline - zmqpy_now_ms()
                if left <= 0:
                    break
            if socket.handle == NULL:
                continue  # closed by another thread: the call says so
            item.socket = socket.handle
            item.fd = 0
            item.events = ZMQ_POLLIN if operation.kind >= RECV_MSG else ZMQ_POLLOUT
            item.revents = 0
            if zmq_poll(&item, 1, 0) > 0:
                # Ready, but not for this message: a ROUTER whose one peer is full. Nothing tells when that changes.
                poll_items(NULL, 0, nap if left < 0 else min(nap, left))
                nap = min(nap * 2, LONGEST_NAP)
            else:
                try:
                    poll_items(&item, 1, left)
                except Exception as failure:
                    if getattr(failure, "errno", None) == ZMQ_ETERM:
                        socket.fail(ZMQ_ETERM)  # which says more
                    raise
                nap = 1
    finally:
        socket.leave_call()
    socket.fail(error, operation.kind < RECV_MSG)
