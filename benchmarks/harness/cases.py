"""Every measurement: which processes it takes, how its result is read and what floor the project has set for it.

CASES is the one table; a row's `measure` starts the processes in a Session and returns a Sample.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import cache, partial
from typing import Callable

from harness import capi
from harness.session import Sample, Session, Worker

BASELINE = "zmq"  # pyzmq's module
RAW = "raw"  # plain sockets

LATENCY, RATE, DURATION, IDLE = "us", "msg/s", "ms", "cpu ms/min"


@dataclass(frozen=True)
class Case:
    """One row.

    unit: LATENCY, DURATION and IDLE are better when lower, RATE when higher.
    floor: how many times better than `against` zmqpy has to be; None where there is no floor.
    ceiling: a bound on the value itself, in `unit`, instead of a ratio.
    cpu_floor: how many times less processor time a message than `against`.
    ends: for the README's table.
    number: the number of the Sample's `extra` that is the value, where it is not what the unit says.
    extra_floors: the same for other numbers of the Sample, all of them better when lower; None: only shown.
    """

    name: str
    title: str
    unit: str
    measure: Callable[[Session, str], Sample]
    floor: float | None = None
    against: str = BASELINE
    ceiling: float | None = None
    cpu_floor: float | None = 2.0
    raw: bool = False  # plain sockets can do it too
    in_c: bool = False  # measures the library behind the module
    minimum_seconds: float = 0.0
    extra_floors: tuple[tuple[str, float | None], ...] = ()
    number: str = ""
    ends: str = "both"  # which ends are the library that the column names
    module: str = ""  # a submodule that the library needs for it
    curve: bool = False  # CURVE, which a library may not have
    needs: str = ""  # a package without which nothing is measured

    def applies(self, library: str) -> bool:
        """Whether the case can be measured for a library at all."""
        if self.in_c:
            return capi.engine(library) is not None
        if self.curve and not _has_curve(library):
            return False
        if self.needs and importlib.util.find_spec(self.needs) is None:
            return False
        if self.module and (library == RAW or importlib.util.find_spec(f"{library}.{self.module}") is None):
            return False
        return self.raw or library != RAW

    def value(self, sample: Sample) -> float:
        """The sample in the case's unit."""
        if self.number:
            return sample.extra[self.number]
        if self.unit == RATE:
            return sample.rate
        if self.unit == IDLE:
            return sample.cpu / sample.elapsed * 60e3
        return (1e6 if self.unit == LATENCY else 1e3) / sample.rate

    def ratio(self, value: float, baseline: float) -> float:
        """How many times better `value` is than `baseline`."""
        return value / baseline if self.unit == RATE else baseline / value


@cache
def _has_curve(library: str) -> bool:
    if library == RAW:
        return False
    module = importlib.import_module(library)
    return hasattr(module, "has") and bool(module.has("curve"))


def _round_trip(
    session: Session,
    library: str,
    transport: str,
    clients: int = 1,
    server_library: str = "",
    client_library: str = "",
    curve: bool = False,
) -> Sample:
    raw = library == RAW
    secured = {"curve": True} if curve else {}
    server = session.start(
        "raw.echo" if raw else "roundtrip.server",
        library=server_library or library,
        endpoint=session.endpoint(transport),
        **secured,
    )
    endpoint = server.answer("ready")["endpoint"]
    askers = [
        session.start(
            "raw.client" if raw else "roundtrip.client",
            library=client_library or library,
            endpoint=endpoint,
            size=64,
            **secured,
        )
        for _ in range(clients)
    ]
    return session.measure(_ready(askers), [server])


def _inproc_pair(session: Session, library: str) -> Sample:
    return session.measure(_ready([session.start("roundtrip.inproc_pair", library=library, size=64)]))


def _stream(
    session: Session,
    library: str,
    size: int,
    many: int = 0,
    curve: bool = False,
    server_library: str = "",
    client_library: str = "",
) -> Sample:
    """Messages of `size` bytes, sent and received `many` a call by a library that can, else one by one. The receiver is the server."""
    batch = max(2, min(500, 2_000_000 // size))
    many = many if library in BATCHING else 0
    module = "raw" if library == RAW else "stream"
    about_size = {"size": size} if library == RAW else {}
    secured = {"curve": True} if curve else {}
    receiver = session.start(
        f"{module}.receiver",
        library=server_library or library,
        endpoint=session.endpoint("tcp"),
        batch=batch,
        many=many,
        **about_size,
        **secured,
    )
    endpoint = receiver.answer("ready")["endpoint"]
    sender = session.start(
        f"{module}.sender", library=client_library or library, endpoint=endpoint, size=size, many=many, **secured
    )
    sender.answer("ready")
    return session.measure([receiver], [sender])


def _inproc_stream(session: Session, library: str, size: int, many: int = 0) -> Sample:
    many = many if library in BATCHING else 0
    return session.measure(
        _ready([session.start("stream.inproc", library=library, size=size, batch=500, many=many)]),
    )


def _fan_out(session: Session, library: str, subscribers: int, size: int = 32, curve: bool = False) -> Sample:
    secured = {"curve": True} if curve else {}
    publisher = session.start(
        "fanout.publisher", library=library, endpoint=session.endpoint("tcp"), size=size, **secured
    )
    endpoint = publisher.answer("ready")["endpoint"]
    receivers = [
        session.start("fanout.subscriber", library=library, endpoint=endpoint, batch=50, **secured)
        for _ in range(subscribers)
    ]
    return session.measure(_ready(receivers), [publisher])


def _router_echo(session: Session, library: str) -> Sample:
    router = session.start("router.echo", library=library, endpoint=session.endpoint("tcp"))
    endpoint = router.answer("ready")["endpoint"]
    dealers = session.start("router.dealers", library=library, endpoint=endpoint, size=64, count=8)
    return session.measure(_ready([dealers]), [router])


def _event_loop(session: Session, library: str) -> Sample:
    server = session.start("event_loop.server", library=library, endpoint=session.endpoint("tcp"))
    endpoint = server.answer("ready")["endpoint"]
    client = session.start("event_loop.client", library=library, endpoint=endpoint, size=64)
    return session.measure(_ready([client]), [server])


def _coroutines(session: Session, library: str, uvloop: bool = False) -> Sample:
    server = session.start("coroutines.server", library=library, endpoint=session.endpoint("tcp"), uvloop=uvloop)
    endpoint = server.answer("ready")["endpoint"]
    client = session.start("coroutines.client", library=library, endpoint=endpoint, size=64, uvloop=uvloop)
    return session.measure(_ready([client]), [server])


def _coroutine_stream(session: Session, library: str) -> Sample:
    receiver = session.start("coroutines.receiver", library=library, endpoint=session.endpoint("tcp"), batch=100)
    endpoint = receiver.answer("ready")["endpoint"]
    sender = session.start("coroutines.sender", library=library, endpoint=endpoint, size=64)
    sender.answer("ready")
    return session.measure([receiver], [sender])


def _many_tasks(session: Session, library: str, count: int, busy: int = 0) -> Sample:
    """One loop's tasks, each awaiting a socket of its own; messages come to `busy` of them (all) at random."""
    sender = session.start(
        "many_tasks.sender",
        library=library,
        endpoint=session.endpoint("tcp"),
        count=count,
        busy=busy or count,
        size=64,
    )
    endpoint = sender.answer("ready")["endpoint"]
    receivers = session.start("many_tasks.receivers", library=library, endpoint=endpoint, count=count)
    sample = session.measure(_ready([receivers]), [sender])
    sample.extra["us of the loop's processor a message"] = sample.cpus[0] / session.seconds / sample.rate * 1e6
    return sample


def _service(
    session: Session, library: str, transport: str, streams: int, steps: int = 128, buffers: bool = False
) -> Sample:
    """An LLM's front end and its engine: requests answered a second, and how long a step is under way."""
    front = session.start(
        "service.front",
        library=library,
        endpoint=session.endpoint(transport),
        answers=session.endpoint(transport, "answers"),
        streams=streams,
        steps=steps,
        buffers=buffers,
    )
    reached = front.answer("ready")
    engine = session.start("service.engine", library=library, **reached)
    engine.answer("ready")
    sample = session.measure([front], [engine])
    front_cpu, engine_cpu = (cpu / session.seconds * 1e3 for cpu in sample.cpus)
    sample.extra.update({FRONT: front_cpu, ENGINE: engine_cpu, REQUESTS: sample.rate})
    return sample


def _connections(session: Session, library: str, count: int = 1000) -> Sample:
    """Time until `count` new connections are greeted; processor time and memory of the ROUTER's process a connection."""
    router = session.start("router.echo", library=library, endpoint=session.endpoint("tcp"), backlog=4 * count)
    endpoint = router.answer("ready")["endpoint"]
    dealers = session.start_command([capi.program("greet"), endpoint, str(count)], "capi greet")
    dealers.answer("ready")
    memory, cpu = router.resident(), router.cpu()
    sample = session.measure([dealers], [router])
    sample.cpu = router.cpu() - cpu
    sample.cpu_per_message = sample.cpu / count
    sample.extra["KiB a connection"] = (router.resident() - memory) / count / 1024
    return sample


def _imports(session: Session, library: str) -> Sample:
    """Time of an import in a fresh interpreter; how many modules it brings, and memory."""
    worker = session.start("imports.importer", library=library)
    facts = worker.answer("ready")
    sample = session.measure([worker])
    sample.extra["modules"] = facts["modules"]
    sample.extra["MiB"] = facts["pages"] * os.sysconf("SC_PAGE_SIZE") / 2**20
    return sample


def _curve_storm(session: Session, library: str, count: int = 1000) -> Sample:
    """Time until `count` DEALERs of one process have shaken hands by CURVE with one ROUTER and have had an answer; memory of the
    ROUTER's process a connection."""
    router = session.start(
        "router.echo", library=library, endpoint=session.endpoint("tcp"), backlog=4 * count, curve=True
    )
    endpoint = router.answer("ready")["endpoint"]
    dealers = session.start("router.storm", library=library, endpoint=endpoint, count=count, curve=True)
    dealers.answer("ready")
    memory, cpu_router, cpu_dealers = router.resident(), router.cpu(), dealers.cpu()
    sample = session.measure([dealers], [router])
    cpu_router, cpu_dealers = router.cpu() - cpu_router, dealers.cpu() - cpu_dealers
    sample.cpu = cpu_router + cpu_dealers
    sample.cpu_per_message = sample.cpu / count
    sample.extra["us of the server's processor a connection"] = cpu_router / count * 1e6
    sample.extra["KiB a connection"] = (router.resident() - memory) / count / 1024
    return sample


def _idle(session: Session, library: str) -> Sample:
    router = session.start("router.echo", library=library, endpoint=session.endpoint("tcp"))
    endpoint = router.answer("ready")["endpoint"]
    dealers = session.start("router.idle_dealers", library=library, endpoint=endpoint, count=100)
    return session.measure(_ready([dealers]), [router])


def _c_loop(session: Session, library: str, pattern: str, transport: str, size: int) -> Sample:
    """The same loops in C, on the shared library that stands behind the Python module."""
    program, engine = capi.program("loops"), capi.engine(library)
    assert engine is not None, library  # see Case.applies

    def start(role: str, endpoint: str) -> Worker:
        return session.start_command([program, engine, role, endpoint, str(size)], f"capi {role}")

    if transport == "inproc":
        return session.measure(_ready([start(f"{pattern}-inproc", "inproc://capi")]))
    bound, connected = ("echo", "ask") if pattern == "latency" else ("receive", "send")
    first = start(bound, session.endpoint(transport))
    second = start(connected, first.answer("ready")["endpoint"])
    second.answer("ready")
    counting, other = (second, first) if pattern == "latency" else (first, second)
    return session.measure([counting], [other])


def _ready(workers: list[Worker]) -> list[Worker]:
    for worker in workers:
        worker.answer("ready")
    return workers


FRONT, ENGINE, REQUESTS = "front end, cpu ms/s", "engine, cpu ms/s", "requests/s"  # numbers of a service
BATCHING = ("zmqpy",)  # libraries with send_many and recv_many

CASES: tuple[Case, ...] = (
    Case(
        "reqrep-tcp",
        "REQ/REP round trip, 64 B, tcp",
        LATENCY,
        partial(_round_trip, transport="tcp"),
        6.0,
        raw=True,
    ),
    Case(
        "reqrep-ipc",
        "REQ/REP round trip, 64 B, ipc",
        LATENCY,
        partial(_round_trip, transport="ipc"),
        6.0,
        raw=True,
    ),
    Case(
        "reqrep-to-pyzmq",
        "REQ/REP round trip, 64 B, tcp, to pyzmq",
        LATENCY,
        partial(_round_trip, transport="tcp", server_library=BASELINE),
        1.4,
        ends="REQ; REP is pyzmq",
    ),
    Case(
        "reqrep-from-pyzmq",
        "REQ/REP round trip, 64 B, tcp, from pyzmq",
        LATENCY,
        partial(_round_trip, transport="tcp", client_library=BASELINE),
        1.4,
        ends="REP; REQ is pyzmq",
    ),
    Case("pair-inproc", "PAIR round trip, 64 B, inproc, two threads", LATENCY, _inproc_pair, 4.0),
    Case("pushpull-10", "PUSH/PULL 10 B, tcp", RATE, partial(_stream, size=10), 5.0, raw=True),
    Case(
        "pushpull-10-many",
        "PUSH/PULL 10 B, tcp, batches of 100 (pyzmq: single)",
        RATE,
        partial(_stream, size=10, many=100),
        10.0,
    ),
    Case("pushpull-1k", "PUSH/PULL 1 KiB, tcp", RATE, partial(_stream, size=1024), 3.0, raw=True),
    Case("pushpull-64k", "PUSH/PULL 64 KiB, tcp", RATE, partial(_stream, size=65536), 1.5, raw=True),
    Case("pushpull-1m", "PUSH/PULL 1 MiB, tcp", RATE, partial(_stream, size=1 << 20), 1.5, raw=True),
    Case("pushpull-inproc", "PUSH/PULL 10 B, inproc, two threads", RATE, partial(_inproc_stream, size=10), 4.0),
    Case("pub-1", "PUB to 1 SUB, 32 B, tcp, delivered", RATE, partial(_fan_out, subscribers=1), 3.0),
    Case("pub-16", "PUB to 16 SUBs, 32 B, tcp, delivered", RATE, partial(_fan_out, subscribers=16), 3.0),
    Case("router-8", "ROUTER echo with 8 DEALERs, 64 B, tcp", RATE, _router_echo, 6.0),
    Case(
        "reqrep-8", "8 REQ processes to one REP, 64 B, tcp", RATE, partial(_round_trip, transport="tcp", clients=8), 1.5
    ),
    Case(
        "event-loop",
        "asyncio add_reader on ZMQ_FD, round trip, 64 B, tcp",
        LATENCY,
        _event_loop,
        1 / 1.3,
        against=RAW,
        cpu_floor=None,
        raw=True,
    ),
    Case(
        "asyncio",
        "asyncio sockets, awaited round trip, 64 B, tcp",
        LATENCY,
        _coroutines,
        1.5,
        module="asyncio",
    ),
    Case(
        "asyncio-uvloop",
        "the same on uvloop",
        LATENCY,
        partial(_coroutines, uvloop=True),
        1.5,
        module="asyncio",
        needs="uvloop",
    ),
    Case("asyncio-stream", "asyncio sockets, PUSH/PULL 64 B, tcp", RATE, _coroutine_stream, 2.0, module="asyncio"),
    *(
        Case(
            f"asyncio-{count}-tasks",
            f"{count:,} tasks, each awaiting its own socket, messages at random, 64 B, tcp",
            RATE,
            partial(_many_tasks, count=count),
            3.0,
            cpu_floor=None,
            extra_floors=(("us of the loop's processor a message", 3.0),),
            module="asyncio",
        )
        for count in (400, 1000)
    ),
    *(
        Case(
            f"service-{transport}-{streams}{'-buffers' if buffers else ''}",
            f"LLM service, {streams} streams, {transport}{', 4 MiB with one request in 8' if buffers else ''}: a step's delivery, p99",
            LATENCY,
            partial(_service, transport=transport, streams=streams, steps=steps, buffers=buffers),
            2.0,
            number="p99",
            extra_floors=(("p50", None), (FRONT, None), (ENGINE, None), (REQUESTS, None)),
            module="asyncio",
        )
        for transport in ("ipc", "tcp")
        for streams, steps, buffers in ((64, 128, False), (256, 128, False), (64, 128, True), (256, 512, True))
    ),
    Case(
        "connections",
        "1,000 connections to one ROUTER, accept and greet",
        DURATION,
        _connections,
        2.0,
        minimum_seconds=1.5,
        extra_floors=(("KiB a connection", 2.0),),
    ),
    *(
        Case(
            f"curve-pushpull-{name}",
            f"CURVE PUSH/PULL {title}, tcp",
            RATE,
            partial(_stream, size=size, curve=True),
            floor,
            cpu_floor=None,
            curve=True,
        )
        for name, title, size, floor in (
            ("10", "10 B", 10, 3.0),
            ("1k", "1 KiB", 1024, 1.8),
            ("64k", "64 KiB", 65536, 1.5),
        )
    ),
    Case(
        "curve-reqrep",
        "CURVE REQ/REP round trip, 64 B, tcp",
        LATENCY,
        partial(_round_trip, transport="tcp", curve=True),
        4.0,
        cpu_floor=None,
        curve=True,
    ),
    Case(
        "curve-pub-16",
        "CURVE PUB to 16 SUBs, 1 KiB, tcp, delivered",
        RATE,
        partial(_fan_out, subscribers=16, size=1024, curve=True),
        1.5,
        cpu_floor=None,
        curve=True,
    ),
    Case(
        "curve-connections",
        "1,000 CURVE DEALERs to one ROUTER, until each has an answer",
        DURATION,
        _curve_storm,
        1.5,
        minimum_seconds=1.5,
        cpu_floor=None,
        extra_floors=(("KiB a connection", 2.0),),
        curve=True,
    ),
    Case(
        "curve-1k-to-pyzmq",
        "CURVE PUSH/PULL 1 KiB, tcp, to a server of pyzmq",
        RATE,
        partial(_stream, size=1024, curve=True, server_library=BASELINE),
        1.2,
        cpu_floor=None,
        ends="PUSH, the client; PULL is pyzmq",
        curve=True,
    ),
    Case(
        "curve-1k-from-pyzmq",
        "CURVE PUSH/PULL 1 KiB, tcp, from a client of pyzmq",
        RATE,
        partial(_stream, size=1024, curve=True, client_library=BASELINE),
        1.2,
        cpu_floor=None,
        ends="PULL, the server; PUSH is pyzmq",
        curve=True,
    ),
    Case(
        "import",
        "import, in a fresh interpreter",
        DURATION,
        _imports,
        1.0,
        cpu_floor=None,
        ends="-",
        extra_floors=(("modules", 1.0), ("MiB", 1.0)),
    ),
    Case("idle", "100 connected sockets, idle", IDLE, _idle, ceiling=5.0, cpu_floor=None),
    *(
        Case(
            f"c-{pattern}-{transport}-{size}",
            f"C API, {'REQ/REP round trip' if pattern == 'latency' else 'PUSH/PULL'}, {size} B, {transport}",
            LATENCY if pattern == "latency" else RATE,
            partial(_c_loop, pattern=pattern, transport=transport, size=size),
            1.0,
            cpu_floor=None,
            in_c=True,
        )
        for pattern, transport, size in (
            ("latency", "tcp", 64),
            ("latency", "ipc", 64),
            ("latency", "inproc", 64),
            ("throughput", "tcp", 10),
            ("throughput", "tcp", 1024),
            ("throughput", "tcp", 65536),
            ("throughput", "tcp", 1048576),
            ("throughput", "ipc", 10),
            ("throughput", "inproc", 10),
        )
    ),
)
