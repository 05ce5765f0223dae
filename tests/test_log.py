"""zmqpy.log: what PUBHandler and TopicLogger publish, and how `python -m zmqpy.log` shows it."""

import logging
import os
import re
import signal
import subprocess
import sys

import aliasing
import pytest
from support import QUIET_MS, TESTS, WAIT_MS

import zmqpy as zmq
from zmqpy.log import handlers


class Channel:
    """A logger with a PUBHandler, and the other end of its socket."""

    def __init__(self, handler, reader):
        self.handler = handler
        self.reader = reader
        self.logger = logging.Logger("channel", level=1)
        self.logger.addHandler(handler)

    def published(self):
        return self.reader.recv_multipart() if self.reader.poll(QUIET_MS) else None


@pytest.fixture
def channel(pair):
    return Channel(handlers.PUBHandler(pair[0]), pair[1])


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ("DEBUG", rb"DEBUG test_log\.py:\d+ - text\n"),
        ("INFO", rb"text\n"),
        ("WARNING", rb"WARNING test_log\.py:\d+ - text\n"),
        ("ERROR", rb"ERROR test_log\.py:\d+ - text - None\n"),
        ("CRITICAL", rb"CRITICAL test_log\.py:\d+ - text\n"),
    ],
)
@pytest.mark.parametrize("root", ["", "app"])
def test_levels(channel, root, level, text):
    channel.handler.root_topic = root
    channel.logger.log(getattr(logging, level), "te%s", "xt")
    topic, published = channel.published()
    assert topic.decode() == (f"{root}.{level}" if root else level)
    assert re.fullmatch(text, published)


@pytest.mark.parametrize(
    ("message", "topic", "text"),
    [
        ("sub::text", b"r.INFO.sub", b"text\n"),
        ("sub.x::text::more", b"r.INFO.sub.x", b"text::more\n"),
        ("::x", b"r.INFO", b"x\n"),
        (5, b"r.INFO", b"5\n"),
        ("ü", b"r.INFO", "ü\n".encode()),
    ],
)
def test_topics(channel, message, topic, text):
    channel.handler.setRootTopic("r")
    assert channel.handler.root_topic == "r"
    channel.logger.info(message)
    assert channel.published() == [topic, text]


def test_arguments_are_no_topic(channel):
    channel.logger.info("%s", "a::b")
    assert channel.published() == [b"INFO", b"a::b\n"]


def test_other_handlers_get_the_record_as_it_was(channel):
    seen = []
    channel.logger.addFilter(lambda record: seen.append(record) or True)
    channel.logger.info("topic::text")
    assert channel.published() == [b"INFO.topic", b"text\n"]
    assert seen[0].getMessage() == "topic::text"


def test_bytes_as_root_topic(channel):
    channel.handler.root_topic = b"x"
    assert channel.handler.root_topic == "x"


def test_exceptions_are_published(channel):
    try:
        raise ZeroDivisionError("boom")
    except ZeroDivisionError:
        channel.logger.exception("failed")
    topic, text = channel.published()
    assert topic == b"ERROR" and b"Traceback" in text and b"boom" in text


def test_formatters(channel):
    channel.handler.setFormatter(logging.Formatter("all %(message)s"))
    channel.handler.setFormatter(logging.Formatter("debug %(message)s"), logging.DEBUG)
    channel.handler.setFormatter(logging.Formatter("25 %(message)s"), 25)
    for level, text in ((logging.DEBUG, b"debug x"), (logging.INFO, b"all x"), (25, b"25 x")):
        channel.logger.log(level, "x")
        assert channel.published()[1] == text


@pytest.mark.extension
def test_level_without_a_formatter(channel):
    channel.logger.log(5, "x")
    assert channel.published() == [b"Level 5", b"x\n"]
    channel.handler.setFormatter(None)
    channel.logger.error("x")
    assert channel.published() == [b"ERROR", b"x\n"]


@pytest.mark.extension
def test_closed_socket_does_not_stop_the_program(channel, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    channel.handler.socket.close()
    channel.logger.info("x")


def test_handler_binds_an_endpoint(context):
    handler = handlers.PUBHandler("tcp://127.0.0.1:*", context, "root")
    assert handler.ctx is context and handler.socket.type == zmq.PUB
    with context.socket(zmq.SUB) as reader:
        reader.subscribe(b"root.INFO")
        reader.connect(handler.socket.last_endpoint)
        logger = logging.Logger("x", level=1)
        logger.addHandler(handler)
        while not reader.poll(QUIET_MS):  # until the subscription has arrived
            logger.info("x")
        assert reader.recv_multipart() == [b"root.INFO", b"x\n"]
    handler.socket.close()
    own = handlers.PUBHandler("inproc://log")
    assert own.ctx is not zmq.Context.instance()
    own.socket.close()
    own.ctx.term()


def test_topic_logger_logs(channel):
    logger = handlers.TopicLogger("topics", 5)
    assert logger.level == 5
    logger.addHandler(channel.handler)
    logger.log(logging.INFO, "topic", "x %s", "y")
    assert channel.published() == [b"INFO.topic", b"x y\n"]
    logger.log(logging.INFO, "", 5)
    assert channel.published() == [b"INFO", b"5\n"]
    with pytest.raises(TypeError):
        logger.log(logging.INFO, "topic")


@pytest.mark.extension
@pytest.mark.parametrize("method", ["debug", "info", "warning", "warn", "error", "exception", "critical", "fatal"])
def test_methods_of_topic_logger(channel, method):
    logger = handlers.TopicLogger("topics", 5)
    logger.addHandler(channel.handler)
    level = {"warn": "WARNING", "exception": "ERROR", "fatal": "CRITICAL"}.get(method, method.upper())
    try:
        raise ZeroDivisionError("boom")
    except ZeroDivisionError:
        getattr(logger, method)("topic", "x %s", "y")
    topic, text = channel.published()
    assert topic.decode() == f"{level}.topic" and b"x y" in text
    assert (b"boom" in text) is (method == "exception")
    assert level == "INFO" or b"test_log.py" in text  # where it was called
    quiet = handlers.TopicLogger("quiet", 60)
    quiet.addHandler(channel.handler)
    getattr(quiet, method)("topic", "x")
    assert channel.published() is None


# ---- the watcher ----


@pytest.fixture
def watch(make):
    """watch(messages, option, ...) gives the lines that the watcher prints for them."""

    def run(messages, *options):
        publisher = make(zmq.XPUB, xpub_verbose=1)
        publisher.bind("tcp://127.0.0.1:*")
        command = [sys.executable, "-m", f"{aliasing.MODULE}.log", publisher.last_endpoint, *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=TESTS, env=dict(os.environ, PYTHONUTF8="1"))
        try:
            for _ in range(max(1, options.count("-t"))):
                publisher.recv()
            lines = []
            for message in messages:
                publisher.send_multipart(message)
            for _ in messages:
                lines.append(process.stdout.readline().decode().rstrip("\n"))
            process.send_signal(signal.SIGINT)
            process.wait(WAIT_MS / 1000)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        assert process.returncode == 0
        return lines

    return run


MESSAGES = [[b"r.DEBUG.sub", b"hello\n"], [b"WARNING", b"warn"], [b"x.Level 25", b"caf\xc3\xa9"]]


def test_watcher(watch):
    assert watch(MESSAGES) == ["r.DEBUG.sub | hello", "WARNING | warn", "x.Level 25 | café"]


def test_watcher_by_topic(watch):
    assert watch(MESSAGES[1:2], "-t", "W") == ["WARNING | warn"]


@pytest.mark.extension
def test_watcher_by_several_topics(watch):
    assert watch(MESSAGES[1::-1], "-t", "r.", "-t", "W") == ["WARNING | warn", "r.DEBUG.sub | hello"]


def test_watcher_with_time(watch):
    (line,) = watch(MESSAGES[:1], "--timestamp", "--dateformat", "%Y", "--separator", "!")
    assert re.fullmatch(r"\d{4} r\.DEBUG\.sub!hello", line)


def test_watcher_aligns(watch):
    assert watch(MESSAGES, "--align") == [
        "r.DEBUG.sub | hello",
        "WARNING.     .    | warn",
        "x      .Level 25.    | café",
    ]


@pytest.mark.extension
def test_watcher_colours(watch):
    assert watch([*MESSAGES[1:], [b"\xff", b"\xff"]], "--color") == [
        "\x1b[33mWARNING | warn\x1b[0m",
        "x.Level 25 | café",
        "� | �",
    ]
