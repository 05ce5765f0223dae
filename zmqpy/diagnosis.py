"""What this process does with ZeroMQ, for a human or a program to read (diagnose), and the engine's events as log records (ZMQPY_LOG)."""

from __future__ import annotations

import json
import logging
import os
import platform
import threading
from typing import Any

import zmqpy.context
from zmqpy._core import facts
from zmqpy._core.context import Context as _Context
from zmqpy._core.errors import has
from zmqpy._core.handle import owner_at, owners
from zmqpy.constants import ContextOption, Event
from zmqpy.error import ZMQError
from zmqpy.peers import counted, made_of, type_name
from zmqpy.version import __version__, zmq_version

logger: logging.Logger = logging.getLogger("zmqpy")


def diagnose(form: str = "text") -> Any:
    """Versions, threads, contexts, their sockets, endpoints, peers and queues, as they are now.

    form : "text" to be read, "json" for other programs, or "dict". Any thread may ask. With another libzmq only what Python knows of
    sockets: those must not be touched by other threads.
    """
    if form not in ("text", "json", "dict"):
        raise ValueError(f'form must be "text", "json" or "dict", not {form!r}')
    found = {
        "versions": versions(),
        "process": {"pid": os.getpid(), "threads": threads()},
        "contexts": [context_facts(item) for item in owners() if isinstance(item, _Context)],
    }
    if form == "dict":
        return found
    return json.dumps(found, indent=2) if form == "json" else in_text(found)


def versions() -> dict[str, Any]:
    return {
        "zmqpy": __version__,
        "engine": "zmqpy's own" if has("zmqpy-engine") else "another libzmq",
        "libzmq": zmq_version(),
        "has": [
            capability
            for capability in ("ipc", "curve", "gssapi", "norm", "pgm", "tipc", "vmci", "vsock", "draft")
            if has(capability)
        ],
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def threads() -> list[dict[str, Any]]:
    """All threads that the system knows of, with Python's names for those that are Python's."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    try:
        numbers = sorted(int(name) for name in os.listdir("/proc/self/task"))
    except OSError:
        numbers = sorted(number for number in names if number is not None)
    return [{"id": number, "name": system_name(number), "python": names.get(number)} for number in numbers]


def system_name(number: int) -> str:
    try:
        with open(f"/proc/self/task/{number}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def context_facts(context: Any) -> dict[str, Any]:
    """One context. What ends while it is looked at is left out."""
    address = context.underlying
    found: dict[str, Any] = {"address": address, "io_threads": None, "stats": None, "sockets": []}
    try:
        found["io_threads"] = _Context.get(context, ContextOption.IO_THREADS)
        if not has("zmqpy-engine"):
            found["sockets"] = [python_facts(socket) for socket in list(context._sockets)]
            return found
        found["stats"] = facts.context_stats(context)
        listed = facts.sockets(address)
    except (ZMQError, RuntimeError, AttributeError):
        return found
    for number, kind, closed, queued_in, unsent, endpoint in listed:
        try:
            peers = [made_of(fields) for fields in facts.peers_at(number)]
        except ZMQError:
            continue
        python = owner_at(number)
        found["sockets"].append(
            {
                "address": number,
                "type": type_name(kind),
                "class": f"{type(python).__module__}.{type(python).__qualname__}" if python is not None else None,
                "closed": closed,
                "endpoint": endpoint,
                "queued_in": queued_in,
                "unsent": unsent,
                "peers": [peer_facts(peer) for peer in peers],
            }
        )
    return found


def python_facts(socket: Any) -> dict[str, Any]:
    """What can be said of a socket without touching it."""
    return {
        "address": socket.underlying,
        "type": socket._type_name,
        "class": f"{type(socket).__module__}.{type(socket).__qualname__}",
        "closed": socket._closed,
    }


def peer_facts(peer: Any) -> dict[str, Any]:
    fields = peer._asdict()
    return {**fields, "state": str(peer.state), "routing_id": peer.routing_id.hex(), "text": str(peer)}


def in_text(found: dict[str, Any]) -> str:
    """The same to be read."""
    about = found["versions"]
    running = found["process"]["threads"]
    lines = [
        f"zmqpy {about['zmqpy']} on {about['engine']} ({about['libzmq']}; {', '.join(about['has'])})",
        f"Python {about['python']} on {about['platform']}",
        f"process {found['process']['pid']} with {counted(len(running), 'thread')}: "
        + ", ".join(thread["python"] or thread["name"] or str(thread["id"]) for thread in running),
    ]
    if not found["contexts"]:
        lines.append("no context")
    for context in found["contexts"]:
        lines.append(
            f"context {context['address']:#x}: {counted(len(context['sockets']), 'socket')}, io_threads {context['io_threads']}"
        )
        for socket in context["sockets"]:
            lines += socket_lines(socket)
        if context["stats"]:
            told = ", ".join(f"{name} {value}" for name, value in context["stats"].items() if value)
            lines.append(f"  in all: {told or 'nothing yet'}")
    return "\n".join(lines)


def socket_lines(socket: dict[str, Any]) -> list[str]:
    words = f"  {socket['type']} {socket['address']:#x} {socket['class'] or ''}".rstrip()
    if socket["closed"]:
        words += ", closed"
    if socket.get("endpoint"):
        words += f", last endpoint {socket['endpoint']}"
    if socket.get("queued_in") or socket.get("unsent"):
        words += f", {socket['queued_in']} received and unread, {socket['unsent']} unsent"
    return [words, *(f"    {peer['text']}" for peer in socket.get("peers", ()))]


# ---- the engine's log ----

_FAILURES = (
    Event.BIND_FAILED
    | Event.ACCEPT_FAILED
    | Event.CLOSE_FAILED
    | Event.HANDSHAKE_FAILED_NO_DETAIL
    | Event.HANDSHAKE_FAILED_PROTOCOL
    | Event.HANDSHAKE_FAILED_AUTH
)
_logged: dict[
    int, Any
] = {}  # address of a C context -> its Events, which are logged; None: a thread is about to make them
_lock = threading.RLock()  # of _logged


def _forked() -> None:
    """The threads are the parent's, the one that may have held the lock among them."""
    global _lock
    _lock = threading.RLock()
    _logged.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def start_logging(level: str) -> None:
    """From now on the events of all contexts are records of the logger "zmqpy": what ZMQPY_LOG=debug does.

    level : a name of logging's. Records that nobody handles go to stderr. The thread that logs a context's events keeps the context
    alive: it ends when it is terminated, and not when nobody refers to it any more.
    """
    number = logging.getLevelName(level.upper())
    if not isinstance(number, int):
        logger.warning("ZMQPY_LOG must be a level of logging, as debug, not %r", level)
        number = logging.DEBUG
    logger.setLevel(number)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
    about = versions()
    logger.debug("zmqpy %s on %s (%s)", about["zmqpy"], about["engine"], about["libzmq"])
    if has("zmqpy-engine"):
        zmqpy.context._log_events = log_events_of
    else:
        logger.warning("this libzmq has no log of all its sockets: ZMQPY_LOG needs zmqpy's own engine")


def log_events_of(context: Any) -> None:
    """A context gets a socket: its events are logged, by a thread that ends with it."""
    from zmqpy.events import read_all

    address = context.underlying
    with _lock:
        if address in _logged and (_logged[address] is None or not _logged[address]._closed):
            return
        _logged[address] = None
    try:
        events = read_all(context)
    except BaseException:
        with _lock:
            _logged.pop(address, None)
        raise
    with _lock:
        _logged[address] = events
    events.reader = threading.Thread(target=_log, args=(events,), name="zmqpy log", daemon=True)
    events.reader.start()


def _log(events: Any) -> None:
    for event in events:
        level = (
            logging.WARNING
            if event.event & _FAILURES
            else logging.INFO
            if event.event == Event.DISCONNECTED
            else logging.DEBUG
        )
        logger.log(level, "%s %s", event.socket_type or "socket", event, extra={"event": event})


__all__ = ["diagnose", "logger", "start_logging"]
