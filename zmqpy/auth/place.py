"""Where the callable of Context.authenticate runs: in the handler's thread, or on an event loop that may await it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from zmqpy._core.errors import report_unraisable
from zmqpy.auth.question import Callback, Question


class Place:
    """Runs callables in the handler's own thread."""

    awaits = False  # whether it may be a coroutine function

    def run(self, callback: Callback, question: Question, reply: Callable[[list[bytes]], None]) -> None:
        """Has the question answered, now or later: reply(parts) is called once, in any thread. Raises nothing."""
        try:
            result = callback(*question.arguments)
            if isinstance(result, Awaitable):
                if hasattr(result, "close"):
                    result.close()
                raise TypeError(
                    "an authentication callback that is a coroutine needs an asyncio context and its running loop"
                )
            parts = question.judged(result)
        except BaseException as error:
            parts = refusal(callback, question, error)
        reply(parts)


class Later(Place):
    """Runs callables on an event loop. submit(function) : has a coroutine function called there; from any thread."""

    awaits = True

    def __init__(self, submit: Callable[[Callable[[], Any]], Any]) -> None:
        self._submit = submit

    def run(self, callback: Callback, question: Question, reply: Callable[[list[bytes]], None]) -> None:
        async def ask() -> None:
            parts = refusal(callback, question, None)
            try:
                result = callback(*question.arguments)
                parts = question.judged(await result if isinstance(result, Awaitable) else result)
            except Exception as error:
                parts = refusal(callback, question, error)
            finally:
                reply(parts)  # also of a task that is cancelled

        try:
            self._submit(ask)
        except BaseException as error:  # the loop has ended
            reply(refusal(callback, question, error))


def on_running_loop() -> Place:
    """The loop that runs in this thread, asyncio's or trio's; the handler's thread if there is none."""
    trio = sys.modules.get("trio")
    if trio is not None:
        try:
            token = trio.lowlevel.current_trio_token()
        except RuntimeError:
            pass
        else:
            return Later(lambda ask: token.run_sync_soon(trio.lowlevel.spawn_system_task, ask))
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return Place()
    tasks: set[Any] = set()  # a loop does not keep its tasks

    def begin(ask: Any) -> None:
        task = loop.create_task(ask())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return Later(lambda ask: loop.call_soon_threadsafe(partial(begin, ask)))


def refusal(callback: Callback, question: Question, error: BaseException | None) -> list[bytes]:
    """The answer where the callable gave none. The error goes to sys.unraisablehook."""
    if error is not None:
        report_unraisable(error, callback)
    return question.answer(b"500", b"Internal error")


__all__ = ["Later", "Place", "on_running_loop"]
