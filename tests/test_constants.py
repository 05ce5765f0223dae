"""Constants: enums with the values of zmq.h, also as module attributes; the same names and values as pyzmq's."""

import enum
import subprocess
import sys

import pytest

import zmqpy as zmq
from zmqpy import constants

ENUMS = {
    "SocketType": dict(
        PAIR=0, PUB=1, SUB=2, REQ=3, REP=4, DEALER=5, ROUTER=6, PULL=7, PUSH=8, XPUB=9, XSUB=10, STREAM=11
    ),
    "Flag": dict(DONTWAIT=1, SNDMORE=2),
    "PollEvent": dict(POLLIN=1, POLLOUT=2, POLLERR=4, POLLPRI=8),
    "DeviceType": dict(STREAMER=1, FORWARDER=2, QUEUE=3),
    "SecurityMechanism": dict(NULL=0, PLAIN=1, CURVE=2, GSSAPI=3),
    "MessageOption": dict(MORE=1, SHARED=3, SRCFD=2),
    "RouterNotify": dict(CONNECT=1, DISCONNECT=2),
    "ContextOption": dict(
        IO_THREADS=1,
        MAX_SOCKETS=2,
        SOCKET_LIMIT=3,
        THREAD_PRIORITY=3,
        THREAD_SCHED_POLICY=4,
        MAX_MSGSZ=5,
        MSG_T_SIZE=6,
        THREAD_AFFINITY_CPU_ADD=7,
        THREAD_AFFINITY_CPU_REMOVE=8,
        THREAD_NAME_PREFIX=9,
    ),
    "Event": dict(
        CONNECTED=1,
        CONNECT_DELAYED=2,
        CONNECT_RETRIED=4,
        LISTENING=8,
        BIND_FAILED=16,
        ACCEPTED=32,
        ACCEPT_FAILED=64,
        CLOSED=128,
        CLOSE_FAILED=256,
        DISCONNECTED=512,
        MONITOR_STOPPED=1024,
        HANDSHAKE_FAILED_NO_DETAIL=2048,
        HANDSHAKE_SUCCEEDED=4096,
        HANDSHAKE_FAILED_PROTOCOL=8192,
        HANDSHAKE_FAILED_AUTH=16384,
        PIPES_STATS=65536,
        ALL_V1=0xFFFF,
        ALL_V2=0x1FFFF,
    ),
    "SocketOption": dict(
        AFFINITY=4,
        ROUTING_ID=5,
        SUBSCRIBE=6,
        UNSUBSCRIBE=7,
        RATE=8,
        RECOVERY_IVL=9,
        SNDBUF=11,
        RCVBUF=12,
        RCVMORE=13,
        FD=14,
        EVENTS=15,
        TYPE=16,
        LINGER=17,
        RECONNECT_IVL=18,
        BACKLOG=19,
        RECONNECT_IVL_MAX=21,
        MAXMSGSIZE=22,
        SNDHWM=23,
        RCVHWM=24,
        MULTICAST_HOPS=25,
        RCVTIMEO=27,
        SNDTIMEO=28,
        LAST_ENDPOINT=32,
        ROUTER_MANDATORY=33,
        TCP_KEEPALIVE=34,
        TCP_KEEPALIVE_CNT=35,
        TCP_KEEPALIVE_IDLE=36,
        TCP_KEEPALIVE_INTVL=37,
        IMMEDIATE=39,
        XPUB_VERBOSE=40,
        ROUTER_RAW=41,
        IPV6=42,
        MECHANISM=43,
        PLAIN_SERVER=44,
        PLAIN_USERNAME=45,
        PLAIN_PASSWORD=46,
        CURVE_SERVER=47,
        CURVE_PUBLICKEY=48,
        CURVE_SECRETKEY=49,
        CURVE_SERVERKEY=50,
        PROBE_ROUTER=51,
        REQ_CORRELATE=52,
        REQ_RELAXED=53,
        CONFLATE=54,
        ZAP_DOMAIN=55,
        ROUTER_HANDOVER=56,
        TOS=57,
        CONNECT_ROUTING_ID=61,
        HANDSHAKE_IVL=66,
        SOCKS_PROXY=68,
        XPUB_NODROP=69,
        BLOCKY=70,
        XPUB_MANUAL=71,
        XPUB_WELCOME_MSG=72,
        STREAM_NOTIFY=73,
        INVERT_MATCHING=74,
        HEARTBEAT_IVL=75,
        HEARTBEAT_TTL=76,
        HEARTBEAT_TIMEOUT=77,
        XPUB_VERBOSER=78,
        CONNECT_TIMEOUT=79,
        TCP_MAXRT=80,
        THREAD_SAFE=81,
        MULTICAST_MAXTPDU=84,
        USE_FD=89,
        BINDTODEVICE=92,
        TOPICS_COUNT=116,
    ),
    "Errno": dict(EFSM=156384763, ENOCOMPATPROTO=156384764, ETERM=156384765, EMTHREAD=156384766, EAGAIN=11, EINVAL=22),
}
ALIASES = [
    ("XREQ", "DEALER"),
    ("XREP", "ROUTER"),
    ("NOBLOCK", "DONTWAIT"),
    ("IDENTITY", "ROUTING_ID"),
    ("CONNECT_RID", "CONNECT_ROUTING_ID"),
    ("DELAY_ATTACH_ON_CONNECT", "IMMEDIATE"),
    ("FAIL_UNROUTABLE", "ROUTER_MANDATORY"),
    ("ROUTER_BEHAVIOR", "ROUTER_MANDATORY"),
]

# Runs in a process that imports real pyzmq: prints its constants, one a line, with the class of each.
PYZMQ_CONSTANTS = """
import enum, zmq
for name in sorted(dir(zmq)):
    value = getattr(zmq, name)
    if name.isupper() and isinstance(value, int):
        print(name, int(value), type(value).__name__)
    elif isinstance(value, type) and issubclass(value, enum.Enum) and value.__module__ == "zmq.constants":
        for member, item in value.__members__.items():
            print(f"{name}.{member}", int(item.value), "member")
"""

#: What describes a build rather than the interface.
OF_THE_BUILD = {"DRAFT_API", "PYZMQ_DRAFT_API"}


@pytest.mark.parametrize("name", ENUMS)
def test_values(name):
    kind = getattr(zmq, name)
    assert kind is getattr(constants, name)
    for member, value in ENUMS[name].items():
        assert kind[member].value == value
        assert isinstance(kind[member], int)


@pytest.mark.parametrize(("alias", "name"), ALIASES)
def test_aliases(alias, name):
    assert getattr(zmq, alias) == getattr(zmq, name)


def test_flags_combine():
    both = zmq.POLLIN | zmq.POLLOUT
    assert both == 3 and isinstance(both, zmq.PollEvent)
    assert zmq.DONTWAIT | zmq.SNDMORE == 3
    assert issubclass(zmq.PollEvent, enum.IntFlag) and issubclass(zmq.Event, enum.IntFlag)
    assert issubclass(zmq.SocketType, enum.IntEnum)


#: How a member's name appears in the module where it is not the member's own.
PREFIXES = {"Event": "EVENT_", "RouterNotify": "NOTIFY_"}


@pytest.mark.parametrize("name", ENUMS)
def test_members_are_module_attributes(name):
    for member in ENUMS[name]:
        attribute = getattr(zmq, PREFIXES.get(name, "") + member)
        assert attribute == ENUMS[name][member]
        assert type(attribute) is getattr(zmq, name)


def test_every_name_and_value_of_pyzmq():
    output = subprocess.run([sys.executable, "-c", PYZMQ_CONSTANTS], check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in output.splitlines()]
    assert len(lines) > 300
    wrong = []
    for name, value, kind in lines:
        if name in OF_THE_BUILD:
            continue
        try:
            mine = getattr(getattr(zmq, name.split(".")[0]), name.split(".")[1]) if "." in name else getattr(zmq, name)
        except AttributeError:
            wrong.append(f"{name} is missing")
            continue
        if int(mine) != int(value):
            wrong.append(f"{name} is {int(mine)}, not {value}")
        if kind not in ("member", type(mine).__name__):
            wrong.append(f"{name} is a {type(mine).__name__}, not a {kind}")
    assert wrong == []


def test_copy_threshold_is_a_plain_number():
    assert zmq.COPY_THRESHOLD == 65536


def test_ipc_path_limit():
    assert zmq.IPC_PATH_MAX_LEN == 107
