"""Ctrl-C on Windows while a call waits."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Callable


class allow_interrupt:
    """Context manager: while inside, Ctrl-C on Windows calls `action`. Does nothing elsewhere: there calls are interruptible."""

    def __init__(self, action: Callable[[], Any] | None = None) -> None:
        self.action = action
        self._handler: Any = None

    def __enter__(self) -> None:
        if os.name != "nt":
            return
        import ctypes

        prototype = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)  # type: ignore[attr-defined, unused-ignore]
        self._handler = prototype(self._on_event)
        ctypes.windll.kernel32.SetConsoleCtrlHandler(self._handler, True)  # type: ignore[attr-defined, unused-ignore]

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._handler is not None:
            import ctypes

            ctypes.windll.kernel32.SetConsoleCtrlHandler(self._handler, False)  # type: ignore[attr-defined, unused-ignore]
            self._handler = None

    def _on_event(self, event: int) -> int:
        if event == 0 and self.action is not None:
            self.action()
        return 0
