"""Running coroutines of tests on each event loop there is, with a limit of time."""

import asyncio
import sys

import pytest
from support import WAIT_MS

#: uvloop only where it is installed; "debug" is asyncio's own loop in debug mode, "eager" one whose tasks start at once.
KINDS = ["asyncio", "debug", "uvloop"]
if sys.version_info >= (3, 12):
    KINDS.append("eager")


def new_loop(kind):
    if kind == "uvloop":
        return pytest.importorskip("uvloop").new_event_loop()
    loop = asyncio.new_event_loop()
    if kind == "debug":
        loop.set_debug(True)
        loop.slow_callback_duration = 10
    if kind == "eager":
        loop.set_task_factory(asyncio.eager_task_factory)
    return loop


def run_on(kind, coroutine, timeout=WAIT_MS / 1000):
    """Runs it in a new loop, and closes that; what it returns. Exceptions that nobody took are the test's failure."""
    loop = new_loop(kind)
    untaken = []
    loop.set_exception_handler(lambda loop, context: untaken.append(context))
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(asyncio.wait_for(coroutine, timeout))
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
        assert not untaken, untaken


async def turns(count=3):
    """Lets the loop turn a few times."""
    for _ in range(count):
        await asyncio.sleep(0)
