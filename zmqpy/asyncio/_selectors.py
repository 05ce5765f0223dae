"""add_reader for loops that have none: Windows' proactor loop gets tornado's selector thread, if tornado is installed."""

from __future__ import annotations

import asyncio
import sys
import warnings
from typing import Any
from weakref import WeakKeyDictionary


class ProactorSelectorThreadWarning(RuntimeWarning):
    """A loop without add_reader is helped by a thread."""


_helpers: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def selector_of(loop: Any) -> Any:
    """What has add_reader and remove_reader for `loop`: itself, or a helper.

    Raises RuntimeError if there is none to be had.
    """
    if sys.platform != "win32" or not isinstance(loop, getattr(asyncio, "ProactorEventLoop", ())):
        return loop
    helper = _helpers.get(loop)
    if helper is None or helper.is_closed():
        helper = _helpers[loop] = _start_helper(loop)
    return helper


def _start_helper(loop: Any) -> Any:
    try:
        from tornado.platform.asyncio import AddThreadSelectorEventLoop
    except ImportError:
        raise RuntimeError(
            "asyncio's proactor event loop cannot watch sockets: use a selector event loop "
            "(asyncio.WindowsSelectorEventLoopPolicy), or install tornado, whose selector thread then helps"
        ) from None
    warnings.warn(
        "the proactor event loop cannot watch sockets itself: a thread of tornado's does; use a selector event loop to do without",
        ProactorSelectorThreadWarning,
        stacklevel=5,
    )
    return AddThreadSelectorEventLoop(loop)  # type: ignore[abstract,unused-ignore]
