"""A logging handler that publishes records, each under a topic made of its level and of what its message asks for.

    handler = PUBHandler("tcp://127.0.0.1:12345")
    handler.root_topic = "app"
    logging.getLogger().addHandler(handler)
    logging.warning("disk::nearly full")  # topic app.WARNING.disk, message "... nearly full"

Subscribers choose by prefix: "app.ERROR" gets that level of that program alone.
"""

from __future__ import annotations

import copy
import logging
from typing import Any

import zmqpy

#: What separates the topic from the text in a logged message.
TOPIC_DELIM = "::"

_PLACE = "%(levelname)s %(filename)s:%(lineno)d - %(message)s"


class PUBHandler(logging.Handler):
    """Publishes log records as messages of two parts, topic and text, in UTF-8.

    interface_or_socket : an endpoint to bind a PUB socket to, or a socket to send with.
    context : makes the socket; None: a new context. Of no use if a socket is given.
    root_topic : str, what every topic begins with.

    A topic is the root topic, the level's name, and what stands before "::" in the message, joined by dots.
    """

    ctx: zmqpy.Context[Any]
    formatters: dict[int, logging.Formatter]
    socket: zmqpy.Socket[Any]

    def __init__(
        self,
        interface_or_socket: str | zmqpy.Socket[Any],
        context: zmqpy.Context[Any] | None = None,
        root_topic: str = "",
    ) -> None:
        super().__init__()
        self._root_topic = root_topic
        self.formatters = {
            logging.DEBUG: logging.Formatter(f"{_PLACE}\n"),
            logging.INFO: logging.Formatter("%(message)s\n"),
            logging.WARNING: logging.Formatter(f"{_PLACE}\n"),
            logging.ERROR: logging.Formatter(f"{_PLACE} - %(exc_info)s\n"),
            logging.CRITICAL: logging.Formatter(f"{_PLACE}\n"),
        }
        if isinstance(interface_or_socket, zmqpy.Socket):
            self.socket = interface_or_socket
            self.ctx = self.socket.context
        else:
            self.ctx = context or zmqpy.Context()
            self.socket = self.ctx.socket(zmqpy.PUB)
            self.socket.bind(interface_or_socket)

    @property
    def root_topic(self) -> str:
        """What every topic begins with."""
        return self._root_topic

    @root_topic.setter
    def root_topic(self, value: str) -> None:
        self.setRootTopic(value)

    def setRootTopic(self, root_topic: str) -> None:
        """Sets what every topic begins with; "" begins with the level."""
        self._root_topic = root_topic.decode("utf-8") if isinstance(root_topic, bytes) else root_topic

    def setFormatter(self, fmt: logging.Formatter | None, level: int = logging.NOTSET) -> None:
        """Formats records of one level by `fmt`; without a level those of every level that has a formatter."""
        for known in [level] if level else list(self.formatters):
            self.formatters[known] = fmt  # type: ignore[assignment]

    def format(self, record: logging.LogRecord) -> str:
        """The text that is published. A level without a formatter has the message alone."""
        formatter = self.formatters.get(record.levelno) or self.formatters.get(logging.INFO)
        return (formatter or logging.Formatter("%(message)s\n")).format(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Publishes a record. Errors go to handleError: a log that cannot be sent stops nobody."""
        try:
            subtopic, delimiter, text = str(record.msg).partition(TOPIC_DELIM)
            if delimiter:
                record = copy.copy(record)  # other handlers get it as it was
                record.msg = text
            else:
                subtopic = ""
            topic = ".".join(filter(None, (self._root_topic, record.levelname, subtopic)))
            self.socket.send_multipart([topic.encode("utf-8"), self.format(record).encode("utf-8")])
        except Exception:
            self.handleError(record)


class TopicLogger(logging.Logger):
    """A Logger whose methods take a topic before the message: `log.info("disk", "%d%% full", 98)`. For use with PUBHandler."""

    def log(self, level: int, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Logs `msg % args` under a topic."""
        self._log_topic(level, topic, msg, args, kwargs)

    def debug(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """log(DEBUG, ...)"""
        self._log_topic(logging.DEBUG, topic, msg, args, kwargs)

    def info(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """log(INFO, ...)"""
        self._log_topic(logging.INFO, topic, msg, args, kwargs)

    def warning(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """log(WARNING, ...)"""
        self._log_topic(logging.WARNING, topic, msg, args, kwargs)

    def warn(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """log(WARNING, ...)"""
        self._log_topic(logging.WARNING, topic, msg, args, kwargs)

    def error(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """log(ERROR, ...)"""
        self._log_topic(logging.ERROR, topic, msg, args, kwargs)

    def exception(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """log(ERROR, ...) with the exception that is being handled."""
        self._log_topic(logging.ERROR, topic, msg, args, {"exc_info": True, **kwargs})

    def critical(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """log(CRITICAL, ...)"""
        self._log_topic(logging.CRITICAL, topic, msg, args, kwargs)

    def fatal(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """log(CRITICAL, ...)"""
        self._log_topic(logging.CRITICAL, topic, msg, args, kwargs)

    def _log_topic(self, level: int, topic: str, msg: str, args: Any, kwargs: dict[str, Any]) -> None:
        if self.isEnabledFor(level):
            # The caller's file and line, not those of the two methods between.
            kwargs = {**kwargs, "stacklevel": kwargs.get("stacklevel", 1) + 2}
            super().log(level, f"{topic}{TOPIC_DELIM}{msg}", *args, **kwargs)


__all__ = ["TOPIC_DELIM", "PUBHandler", "TopicLogger"]
