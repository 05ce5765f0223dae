# cython: language_level=3
"""Event loops as asynchronous sockets see them: which one runs, its futures, its fairness, and how a task is woken.

An await that finds its message returns a future that is done. So that a task that always finds one lets others run, some dozens of
these in a row, or a millisecond of them, are followed by one that goes through the loop.

A message is taken from its socket when the task that awaits it goes on, not a turn of the loop before: a task that is cancelled
meanwhile would lose it, because asyncio cancels a task also between its future's result and its waking (`complete`).
"""

import asyncio
import warnings
import weakref
from asyncio import Future, Task
from asyncio import _get_running_loop as get_running_loop_or_none

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

cdef extern from *:
    """
    #ifdef _WIN32
    #    include <windows.h>
    static int64_t zmqpy_now_ns (void) { return (int64_t) GetTickCount64 () * 1000000; }
    #else
    #    include <time.h>
    static int64_t zmqpy_now_ns (void)
    {
        struct timespec time;
        clock_gettime (CLOCK_MONOTONIC, &time);
        return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
    }
    #endif

    /* Before 3.12 asking asyncio for the running loop costs a system call. But the thread keeps an object that is made anew
     * each time a loop starts or stops: while it is the same, so is the loop. */
    #if PY_VERSION_HEX < 0x030C0000
    static PyObject *zmqpy_loop_session (PyObject *key)
    {
        PyObject *const own = PyThreadState_GetDict ();
        return own ? PyDict_GetItem (own, key) : NULL;
    }
    #else
    #define zmqpy_loop_session(key) ((PyObject *) NULL)
    #endif

    static void *zmqpy_c_function (PyObject *callback)
    {
        return PyCFunction_CheckExact (callback) ? (void *) PyCFunction_GET_FUNCTION (callback) : NULL;
    }
    """
    int64_t zmqpy_now_ns()
    PyObject *zmqpy_loop_session(object key)
    void *zmqpy_c_function(object callback)


cdef extern from "Python.h":
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1

cdef enum:
    FREE = 4            # awaits in a row that are done without a thought of fairness
    IN_A_ROW = 64       # so many before the loop has its turn
    LONG = 1000000      # ns, and for no longer than this

cdef str SESSION_KEY = "__asyncio_running_event_loop__"
cdef object _loops = weakref.WeakValueDictionary()  # id of an event loop -> its Loop, which keeps it alive
cdef void *_wakeup = NULL                           # the C function that wakes a task


cdef class Loop:
    """An event loop that asynchronous sockets are, or were, used in."""

    def __cinit__(self, loop):
        self.loop = loop
        self.session = NULL
        self.future_class = Future if makes_plain_futures(loop) else None
        self.on_turn = self._turned
        self.completed = 0
        self.turning = False

    cdef object future(self):
        return self.loop.create_future() if self.future_class is None else self.future_class(loop=self.loop)

    cdef object done(self, object result):
        future = self.loop.create_future() if self.future_class is None else self.future_class(loop=self.loop)
        future.set_result(result)
        return future

    cdef object failed(self, object error):
        future = self.future()
        future.set_exception(error)
        return future

    cdef bint may_complete(self) except -1:
        self.completed += 1
        if self.completed < FREE:
            return True
        if not self.turning:
            self.turning = True
            self.begun = zmqpy_now_ns()
            self.loop.call_soon(self.on_turn)
            return True
        if self.completed >= IN_A_ROW:
            return False
        if self.completed & 3 == 0 and zmqpy_now_ns() - self.begun > LONG:
            self.completed = IN_A_ROW
            return False
        return True

    def _turned(self):
        self.turning = False
        self.completed = 0

    cdef void turned(self) noexcept:
        if not self.turning:
            self.completed = 0

    cdef int complete(self, object future, object result) except -1:
        cdef list callbacks = future._callbacks
        if callbacks is not None and len(callbacks) == 1:
            callback, context = callbacks[0]
            if wakes_task(callback):
                future.remove_done_callback(callback)
                future.set_result(result)
                try:
                    PyContext_Enter(context)
                except RuntimeError:  # it is entered already
                    self.loop.call_soon(callback, future, context=context)
                    return 0
                try:
                    callback(future)
                finally:
                    PyContext_Exit(context)
                return 0
        future.set_result(result)
        return 0

    cdef int call_soon(self, object function) except -1:
        self.loop.call_soon(function)
        return 0


cdef bint makes_plain_futures(object loop):
    """Whether create_future does nothing but make an asyncio.Future."""
    cls = type(loop)
    return cls.create_future is asyncio.BaseEventLoop.create_future or cls.__module__ == "uvloop"


cdef bint wakes_task(object callback) except -1:
    global _wakeup
    cdef void *function = zmqpy_c_function(callback)
    if function == NULL:
        return type(callback).__name__ == "TaskWakeupMethWrapper"  # before 3.11
    if function == _wakeup:
        return True
    if callback.__name__ == "task_wakeup" and isinstance(callback.__self__, Task):
        _wakeup = function
        return True
    return False


cdef bint is_running(Loop loop) except -1:
    cdef PyObject *session = zmqpy_loop_session(SESSION_KEY)
    if session != NULL:
        if <void *>session == loop.session:
            return True
        if get_running_loop_or_none() is not loop.loop:
            return False
        loop.session = session
        loop.session_held = <object>session
        return True
    return get_running_loop_or_none() is loop.loop


cdef Loop running_loop():
    cdef Loop found
    loop = get_running_loop_or_none()
    if loop is None:
        warnings.warn(
            "No running event loop. zmqpy.asyncio should be used from within an asyncio loop.", RuntimeWarning, stacklevel=2
        )
        loop = asyncio.get_event_loop()
    found = _loops.get(id(loop))
    if found is None:
        found = Loop(loop)
        _loops[id(loop)] = found
    return found
