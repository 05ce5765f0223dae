"""Shows what a PUBHandler publishes: `python -m zmqpy.log tcp://127.0.0.1:12345`. Ends with Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

import zmqpy

#: ANSI colours by level.
_COLOURS = {"DEBUG": "36", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("ZMQ Log Watcher", description="Shows log messages published by a PUBHandler.")
    parser.add_argument("zmq_pub_url", help="endpoint of the publisher")
    parser.add_argument("-t", "--topic", action="append", help="only topics that begin so; may be repeated")
    parser.add_argument("--timestamp", action="store_true", help="put the local time before each message")
    parser.add_argument("--separator", default=" | ", help="between topic and message")
    parser.add_argument("--dateformat", default="%Y-%d-%m %H:%M", help="strftime format for --timestamp")
    parser.add_argument("--align", action="store_true", help="pad the topics to the widest so far")
    parser.add_argument("--color", action="store_true", help="colour each message by its level")
    return parser


class _Layout:
    """Makes lines of messages as the options say."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._widths: list[int] = []  # of the topics' parts

    def line(self, topic: str, text: str) -> str:
        level = next((part for part in topic.split(".") if part in _COLOURS), None)
        if self._options.align:
            topic = self._aligned(topic.split("."))
        when = f"{datetime.now().strftime(self._options.dateformat)} " if self._options.timestamp else ""
        line = f"{when}{topic}{self._options.separator}{text.rstrip()}"
        return f"\x1b[{_COLOURS[level]}m{line}\x1b[0m" if self._options.color and level else line

    def _aligned(self, parts: list[str]) -> str:
        count = max(len(parts), len(self._widths))
        parts = parts + [""] * (count - len(parts))
        widths = self._widths + [0] * (count - len(self._widths))
        self._widths = [max(width, len(part)) for width, part in zip(widths, parts)]
        return ".".join(part.ljust(width) for part, width in zip(parts, self._widths))


def main(arguments: list[str] | None = None) -> None:
    """Prints messages until interrupted."""
    options = _parser().parse_args(arguments)
    layout = _Layout(options)
    with zmqpy.Context() as context, context.socket(zmqpy.SUB) as socket:
        socket.linger = 0
        for topic in options.topic or [""]:
            socket.subscribe(topic)
        socket.connect(options.zmq_pub_url)
        try:
            while True:
                parts = socket.recv_multipart()
                topic, text = parts[0], b"".join(parts[1:])
                sys.stdout.write(layout.line(topic.decode("utf-8", "replace"), text.decode("utf-8", "replace")) + "\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
