# cython: language_level=3
"""Batches, our own addition to pyzmq's socket: many messages in one call.

With our engine a batch is one call of the engine, with another libzmq a loop over its calls.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.ref cimport Py_INCREF
from libc.errno cimport EAGAIN, EINTR, ENOTSOCK
from libc.stdlib cimport free
from zmqpy._core.constants cimport ZMQ_DONTWAIT, ZMQ_SNDMORE
from zmqpy._core.ext cimport *
from zmqpy._core.frame cimport close_messages
from zmqpy._core.handle cimport Handle
from zmqpy._core.libzmq cimport *
from zmqpy._core.messages cimport send_copies, send_copy
from zmqpy._core.parts cimport copy_bytes, messages_of, parts_of
from zmqpy._core.transfer cimport RECV_MESSAGES, SEND_BYTES, WAIT, Operation, go_on, transfer


cdef extern from "Python.h":
    void Py_SET_SIZE(list items, Py_ssize_t size)


cdef enum:
    BATCH_BYTES = 65536    # a batch larger than this is sent without the GIL


cdef class FrameBatch:
    """Frames that were received and are not the caller's yet: what receive_batch works on, and keeps when memory runs out.

    It is there before anything is taken from the engine, so keeping takes no memory.
    """

    def __cinit__(self):
        self.frames = self.own

    def __dealloc__(self):
        self.close_to(self.end, 0)

    cdef bint rest(self) noexcept:
        return self.start < self.end or self.made is not None

    cdef void close_to(self, Py_ssize_t index, size_t largest) noexcept:
        """Closes the frames before `index`, of which the largest has `largest` bytes."""
        close_messages(self.frames + self.start, index - self.start, largest)
        self.start = index
        if index == self.end:
            if self.frames != self.own:
                free(self.frames)
                self.frames = self.own
            self.start = self.end = 0

    cdef list take_made(self, Py_ssize_t limit):
        cdef list made = self.made, later = None
        if made is None:
            return []
        if len(made) > limit:
            later = made[limit:]
            made = made[:limit]
        self.made = later
        return made


cdef class FrameBatches:
    """The batches of a socket."""

    cdef FrameBatch begin(self, Handle socket):
        cdef FrameBatch batch = self.kept
        if batch is not None:
            socket.require()
            self.kept = batch.next
            batch.next = None
        elif self.spare is not None:
            batch = self.spare
            self.spare = None
        else:
            batch = FrameBatch.__new__(FrameBatch)
        return batch

    cdef void end(self, FrameBatch batch) noexcept:
        if batch.rest():
            batch.next = self.kept
            self.kept = batch
        elif self.spare is None:
            self.spare = batch


cdef Py_ssize_t send_run(
    Handle socket, zmq_ext_bytes_t *run, Py_ssize_t count, size_t total, int flags, Py_ssize_t before
) except -1:
    """Sends `count` single-part messages; how many were accepted. Waits unless `flags` forbid it or SNDTIMEO passes.

    Raises Again only if none was accepted here nor `before` in the same batch.
    """
    cdef Py_ssize_t sent = 0
    cdef int rc, error = 0
    cdef Operation operation
    while sent < count:
        rc = -1
        error = EAGAIN
        if total <= BATCH_BYTES:
            rc = zmq_ext_send_many(socket.handle, run + sent, count - sent, flags | ZMQ_DONTWAIT)
            if rc < 0:
                error = zmq_errno()
        elif socket.handle == NULL:
            error = ENOTSOCK
        else:
            socket.enter_call()
            with nogil:
                rc = zmq_ext_send_many(socket.handle, run + sent, count - sent, flags | ZMQ_DONTWAIT)
                if rc < 0:
                    error = zmq_errno()
            socket.leave_call()
        if rc > 0:
            sent += rc
            continue
        if error == EINTR or (error == EAGAIN and not flags & ZMQ_DONTWAIT):
            try:
                operation.kind = SEND_BYTES
                operation.data = run[sent].data
                operation.size = run[sent].size
                go_on(socket, &operation, flags, WAIT, error)
            except Exception as failure:
                if sent + before and getattr(failure, "errno", None) == EAGAIN:
                    return sent
                raise
            sent += 1
            continue
        if sent + before and error == EAGAIN:
            return sent
        socket.fail(error, 1)
    return sent


cdef Py_ssize_t send_batch(Handle socket, object messages, int flags) except -1:
    cdef zmq_ext_bytes_t run[BATCH]
    cdef Py_ssize_t in_run = 0, done = 0, accepted, index
    cdef size_t total = 0, taken
    cdef tuple items
    cdef object item
    if flags & ZMQ_SNDMORE:
        raise ValueError("send_many sends whole messages: SNDMORE is not possible")
    items = messages_of(messages)
    socket.require()
    for index in range(len(items)):
        item = items[index]
        if PyBytes_CheckExact(item):
            run[in_run].data = PyBytes_AS_STRING(item)
            run[in_run].size = PyBytes_GET_SIZE(item)
            total += run[in_run].size
            in_run += 1
            if in_run < BATCH:
                continue
        if in_run:
            accepted = send_run(socket, run, in_run, total, flags, done)
            done += accepted
            if accepted < in_run:
                return done
            in_run = 0
            total = 0
        if not PyBytes_CheckExact(item):
            try:
                if isinstance(item, (list, tuple)):
                    taken = 0
                    send_copies(socket, parts_of(item), flags, &taken, WAIT)
                else:
                    send_copy(socket, item, flags, True, WAIT)
            except Exception as failure:
                if done and getattr(failure, "errno", None) == EAGAIN:
                    return done
                raise
            done += 1
    if in_run:
        done += send_run(socket, run, in_run, total, flags, done)
    return done


cdef list receive_batch(Handle socket, FrameBatches batches, Py_ssize_t limit, int flags):
    cdef FrameBatch batch
    cdef Operation operation
    cdef list messages = None, taken
    cdef bint all_taken = False  # there is no more
    if limit < 1:
        raise ValueError(f"max must be at least 1, not {limit}")
    operation.kind = RECV_MESSAGES
    operation.size = 0
    operation.count = BATCH
    batch = batches.begin(socket)
    try:
        messages = batch.take_made(limit)
        while len(messages) < limit and not all_taken:
            if batch.start == batch.end:
                operation.msgs = batch.own
                operation.messages = limit - len(messages)
                if not messages:
                    transfer(socket, &operation, flags | ZMQ_EXT_BARE, WAIT)
                elif not there(socket, &operation):
                    break
                batch.frames = operation.msgs
                batch.end = operation.done
                all_taken = operation.done < BATCH
            taken = take_messages(batch, limit - len(messages))
            if messages:
                batch.made = taken
                messages.extend(taken)
                batch.made = None
            else:
                messages = taken
            if batch.start < batch.end:
                break
    except MemoryError:
        if not messages:
            raise
    finally:
        batches.end(batch)
    return messages


cdef bint there(Handle socket, Operation *operation) noexcept:
    """Whether there was more to receive, without waiting. An error is left to the next call: this one has messages to return."""
    cdef int rc = zmq_ext_recv_messages(socket.handle, &operation.msgs, operation.count, operation.messages, ZMQ_DONTWAIT | ZMQ_EXT_BARE)
    operation.done = max(rc, 0)
    return rc > 0


cdef list take_messages(FrameBatch batch, Py_ssize_t limit):
    """The next whole messages of the batch, up to `limit` and as far as there is memory; MemoryError: not even for one.

    Their frames are closed; the others stay.
    """
    cdef zmq_ext_part_t parts[BATCH]
    cdef Py_ssize_t position = batch.start, whole = batch.start, index, some
    cdef size_t largest = 0
    cdef list messages = None
    cdef list unfinished = None  # a message whose last part is yet to come
    try:
        while position < batch.end:
            some = min(batch.end - position, BATCH)
            zmq_ext_msg_parts(batch.frames + position, some, parts)
            largest = max(largest, largest_part(parts, some))
            if messages is None:
                if position + some == batch.end and some <= limit and single_parts(parts, some):
                    messages = bodies(parts, some)
                    whole += len(messages)
                    break
                messages = []
            for index in range(some):
                if unfinished is None and len(messages) == limit:
                    return messages
                unfinished = add_part(messages, unfinished, parts + index)
                position += 1
                if unfinished is None:
                    whole = position
    except MemoryError:
        if not messages:
            raise
    finally:
        batch.close_to(whole, largest)
    return messages


cdef size_t largest_part(const zmq_ext_part_t *parts, Py_ssize_t count) noexcept:
    cdef Py_ssize_t index
    cdef size_t largest = 0
    for index in range(count):
        largest = max(largest, parts[index].size)
    return largest


cdef bint single_parts(const zmq_ext_part_t *parts, Py_ssize_t count) noexcept:
    cdef Py_ssize_t index
    cdef int more = 0
    for index in range(count):
        more |= parts[index].more
    return not more


cdef list bodies(const zmq_ext_part_t *parts, Py_ssize_t count):
    """As many as there is memory for; MemoryError: not even for one."""
    cdef list messages = PyList_New(count)
    cdef Py_ssize_t index = 0
    cdef bytes body
    try:
        while index < count:
            body = copy_bytes(<const char *>parts[index].data, parts[index].size)
            Py_INCREF(body)  # SET_ITEM takes over a reference
            PyList_SET_ITEM(messages, index, body)
            index += 1
    except MemoryError:
        if index == 0:
            raise
        Py_SET_SIZE(messages, index)
    return messages


cdef list add_part(list messages, list unfinished, const zmq_ext_part_t *part):
    """Adds to the message that is begun, if one is; to `messages` when whole. The message that is begun then, or None."""
    body = copy_bytes(<const char *>part.data, part.size)
    if unfinished is None:
        if part.more:
            return [body]
        messages.append(body)
        return None
    unfinished.append(body)
    if part.more:
        return unfinished
    messages.append(unfinished)
    return None
