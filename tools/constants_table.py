"""The one table of ZeroMQ's public constants.

`generate_constants.py` turns it into the constants block of `vendor/libzmq/include/zmq.h`, into `zmqpy/constants.py` and
into `zmqpy/_core/constants.pxd`. Add or change a constant here and nowhere else, then run that tool.

A row is `NAME value [words...]`; blank lines and lines that start with `#` mean nothing. Words:

    int, int64, bytes, fd   type of a socket option (enum SocketOption only; int if none is given)
    draft                   part of libzmq's draft API: zmq.h declares it if ZMQ_BUILD_DRAFT_API is defined
    alias=NAME              another, often older, name of NAME: the C macro refers to it, no enum entry of its own value
    python                  exists in Python only
    c                       exists in C only, although its group has a Python enum
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One constant. `value` is its number; `text` the number as it was written in the table, or a quoted string."""

    name: str
    value: int | None
    text: str
    words: tuple[str, ...]

    @property
    def alias(self) -> str | None:
        for word in self.words:
            if word.startswith("alias="):
                return word[len("alias=") :]
        return None


class Group(NamedTuple):
    """Constants that belong together.

    `prefix` stands in front of each name in C; `enum` is the Python enum (None: no Python names) and `strip` what its members lose
    of the name; `header` is the C header that has them.
    """

    title: str
    enum: str | None
    prefix: str
    strip: str
    header: str
    rows: tuple[Row, ...]


def _group(
    title: str, rows: str, enum: str | None = None, prefix: str = "ZMQ_", strip: str = "", header: str = "zmq.h"
) -> Group:
    parsed = []
    for line in rows.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        name, text = words[0], words[1]
        value = None if text.startswith('"') else int(text, 0)
        parsed.append(Row(name, value, text, tuple(words[2:])))
    return Group(title, enum, prefix, strip, header, tuple(parsed))


HAUSNUMERO = 156384712

GROUPS: tuple[Group, ...] = (
    _group(
        "Socket types",
        """
        PAIR 0
        PUB 1
        SUB 2
        REQ 3
        REP 4
        DEALER 5
        ROUTER 6
        PULL 7
        PUSH 8
        XPUB 9
        XSUB 10
        STREAM 11
        XREQ 5 alias=DEALER
        XREP 6 alias=ROUTER
        SERVER 12 draft
        CLIENT 13 draft
        RADIO 14 draft
        DISH 15 draft
        GATHER 16 draft
        SCATTER 17 draft
        DGRAM 18 draft
        PEER 19 draft
        CHANNEL 20 draft
        """,
        enum="SocketType",
    ),
    _group(
        "Flags of send and receive",
        """
        DONTWAIT 1
        SNDMORE 2
        NOBLOCK 1 alias=DONTWAIT
        """,
        enum="Flag",
    ),
    _group(
        "Events of a poll item",
        """
        POLLIN 1
        POLLOUT 2
        POLLERR 4
        POLLPRI 8
        """,
        enum="PollEvent",
    ),
    _group(
        "Security mechanisms",
        """
        NULL 0
        PLAIN 1
        CURVE 2
        GSSAPI 3
        """,
        enum="SecurityMechanism",
    ),
    _group(
        "Socket options",
        """
        HWM 1 int python
        AFFINITY 4 int64
        ROUTING_ID 5 bytes
        SUBSCRIBE 6 bytes
        UNSUBSCRIBE 7 bytes
        RATE 8
        RECOVERY_IVL 9
        SNDBUF 11
        RCVBUF 12
        RCVMORE 13
        FD 14 fd
        EVENTS 15
        TYPE 16
        LINGER 17
        RECONNECT_IVL 18
        BACKLOG 19
        RECONNECT_IVL_MAX 21
        MAXMSGSIZE 22 int64
        SNDHWM 23
        RCVHWM 24
        MULTICAST_HOPS 25
        RCVTIMEO 27
        SNDTIMEO 28
        LAST_ENDPOINT 32 bytes
        ROUTER_MANDATORY 33
        TCP_KEEPALIVE 34
        TCP_KEEPALIVE_CNT 35
        TCP_KEEPALIVE_IDLE 36
        TCP_KEEPALIVE_INTVL 37
        IMMEDIATE 39
        XPUB_VERBOSE 40
        ROUTER_RAW 41
        IPV6 42
        MECHANISM 43
        PLAIN_SERVER 44
        PLAIN_USERNAME 45 bytes
        PLAIN_PASSWORD 46 bytes
        CURVE_SERVER 47
        CURVE_PUBLICKEY 48 bytes
        CURVE_SECRETKEY 49 bytes
        CURVE_SERVERKEY 50 bytes
        PROBE_ROUTER 51
        REQ_CORRELATE 52
        REQ_RELAXED 53
        CONFLATE 54
        ZAP_DOMAIN 55 bytes
        ROUTER_HANDOVER 56
        TOS 57
        CONNECT_ROUTING_ID 61 bytes
        GSSAPI_SERVER 62
        GSSAPI_PRINCIPAL 63 bytes
        GSSAPI_SERVICE_PRINCIPAL 64 bytes
        GSSAPI_PLAINTEXT 65
        HANDSHAKE_IVL 66
        SOCKS_PROXY 68 bytes
        XPUB_NODROP 69
        # a context option, in libzmq's headers and in Python listed among those of sockets
        BLOCKY 70
        XPUB_MANUAL 71
        XPUB_WELCOME_MSG 72 bytes
        STREAM_NOTIFY 73
        INVERT_MATCHING 74
        HEARTBEAT_IVL 75
        HEARTBEAT_TTL 76
        HEARTBEAT_TIMEOUT 77
        XPUB_VERBOSER 78
        CONNECT_TIMEOUT 79
        TCP_MAXRT 80
        THREAD_SAFE 81
        MULTICAST_MAXTPDU 84
        VMCI_BUFFER_SIZE 85 int64
        VMCI_BUFFER_MIN_SIZE 86 int64
        VMCI_BUFFER_MAX_SIZE 87 int64
        VMCI_CONNECT_TIMEOUT 88
        USE_FD 89
        GSSAPI_PRINCIPAL_NAMETYPE 90
        GSSAPI_SERVICE_PRINCIPAL_NAMETYPE 91
        BINDTODEVICE 92 bytes

        IDENTITY 5 bytes alias=ROUTING_ID
        CONNECT_RID 61 bytes alias=CONNECT_ROUTING_ID
        TCP_ACCEPT_FILTER 38 bytes
        IPC_FILTER_PID 58
        IPC_FILTER_UID 59
        IPC_FILTER_GID 60
        IPV4ONLY 31
        DELAY_ATTACH_ON_CONNECT 39 alias=IMMEDIATE
        FAIL_UNROUTABLE 33 alias=ROUTER_MANDATORY
        ROUTER_BEHAVIOR 33 alias=ROUTER_MANDATORY

        ZAP_ENFORCE_DOMAIN 93 draft
        LOOPBACK_FASTPATH 94 draft
        METADATA 95 bytes draft
        MULTICAST_LOOP 96 draft
        ROUTER_NOTIFY 97 draft
        XPUB_MANUAL_LAST_VALUE 98 draft
        SOCKS_USERNAME 99 bytes draft
        SOCKS_PASSWORD 100 bytes draft
        IN_BATCH_SIZE 101 draft
        OUT_BATCH_SIZE 102 draft
        WSS_KEY_PEM 103 bytes draft
        WSS_CERT_PEM 104 bytes draft
        WSS_TRUST_PEM 105 bytes draft
        WSS_HOSTNAME 106 bytes draft
        WSS_TRUST_SYSTEM 107 draft
        ONLY_FIRST_SUBSCRIBE 108 draft
        RECONNECT_STOP 109 draft
        HELLO_MSG 110 bytes draft
        DISCONNECT_MSG 111 bytes draft
        PRIORITY 112 draft
        BUSY_POLL 113 draft
        HICCUP_MSG 114 bytes draft
        XSUB_VERBOSE_UNSUBSCRIBE 115 draft
        TOPICS_COUNT 116 draft
        NORM_MODE 117 draft
        NORM_UNICAST_NACK 118 draft
        NORM_BUFFER_SIZE 119 draft
        NORM_SEGMENT_SIZE 120 draft
        NORM_BLOCK_SIZE 121 draft
        NORM_NUM_PARITY 122 draft
        NORM_NUM_AUTOPARITY 123 draft
        NORM_PUSH 124 draft
        """,
        enum="SocketOption",
    ),
    _group(
        "Context options; ZMQ_IPV6 and ZMQ_BLOCKY are context options too",
        """
        IO_THREADS 1
        MAX_SOCKETS 2
        SOCKET_LIMIT 3
        THREAD_PRIORITY 3
        THREAD_SCHED_POLICY 4
        MAX_MSGSZ 5
        MSG_T_SIZE 6
        THREAD_AFFINITY_CPU_ADD 7
        THREAD_AFFINITY_CPU_REMOVE 8
        THREAD_NAME_PREFIX 9
        ZERO_COPY_RECV 10 draft
        """,
        enum="ContextOption",
    ),
    _group(
        "Socket options of zmq_ext.h",
        """
        EXT_MAX_MESSAGE_SIZE 23044 int64
        EXT_MAX_MESSAGE_PARTS 23045
        EXT_MAX_HANDSHAKES 23046
        EXT_UNREACHABLE 23047
        EXT_FD 23048 fd
        EXT_TLS_CERT_PEM 23049 bytes
        EXT_TLS_KEY_PEM 23050 bytes
        EXT_TLS_KEY_PASSWORD 23051 bytes
        EXT_TLS_TRUST_PEM 23052 bytes
        EXT_TLS_TRUST_SYSTEM 23053
        EXT_TLS_CRL_PEM 23054 bytes
        EXT_TLS_HOSTNAME 23055 bytes
        EXT_TLS_VERIFY 23056
        EXT_TLS_CHECK_HOSTNAME 23057
        EXT_TLS_ALPN 23058 bytes
        EXT_TLS_FAILURE 23059 bytes
        """,
        enum="SocketOption",
        header="zmq_ext.h",
    ),
    _group(
        "Context options of zmq_ext.h",
        """
        EXT_SPIN_US 23041
        EXT_ATTEND 23042
        EXT_POLLER 23043
        """,
        enum="ContextOption",
        header="zmq_ext.h",
    ),
    _group(
        "Defaults of context options",
        """
        IO_THREADS_DFLT 1
        MAX_SOCKETS_DFLT 1023
        THREAD_PRIORITY_DFLT -1
        THREAD_SCHED_POLICY_DFLT -1
        """,
    ),
    _group(
        "Message options",
        """
        MORE 1
        SHARED 3
        SRCFD 2
        """,
        enum="MessageOption",
    ),
    _group(
        "Names of message properties",
        """
        MSG_PROPERTY_ROUTING_ID "Routing-Id" draft
        MSG_PROPERTY_SOCKET_TYPE "Socket-Type" draft
        MSG_PROPERTY_USER_ID "User-Id" draft
        MSG_PROPERTY_PEER_ADDRESS "Peer-Address" draft
        """,
    ),
    _group(
        "Limits and other numbers",
        """
        POLLITEMS_DFLT 16
        GROUP_MAX_LENGTH 255
        HAS_CAPABILITIES 1
        """,
    ),
    _group(
        "Kinds of GSSAPI names",
        """
        GSSAPI_NT_HOSTBASED 0
        GSSAPI_NT_USER_NAME 1
        GSSAPI_NT_KRB5_PRINCIPAL 2
        """,
    ),
    _group(
        "Events of a socket monitor",
        """
        PROTOCOL_ERROR_WS_UNSPECIFIED 0x30000000
        PROTOCOL_ERROR_ZMTP_UNSPECIFIED 0x10000000
        PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND 0x10000001
        PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE 0x10000002
        PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE 0x10000003
        PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED 0x10000011
        PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE 0x10000012
        PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO 0x10000013
        PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE 0x10000014
        PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR 0x10000015
        PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY 0x10000016
        PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME 0x10000017
        PROTOCOL_ERROR_ZMTP_INVALID_METADATA 0x10000018
        PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC 0x11000001
        PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH 0x11000002
        PROTOCOL_ERROR_ZAP_UNSPECIFIED 0x20000000
        PROTOCOL_ERROR_ZAP_MALFORMED_REPLY 0x20000001
        PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID 0x20000002
        PROTOCOL_ERROR_ZAP_BAD_VERSION 0x20000003
        PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE 0x20000004
        PROTOCOL_ERROR_ZAP_INVALID_METADATA 0x20000005
        EVENT_CONNECTED 0x0001
        EVENT_CONNECT_DELAYED 0x0002
        EVENT_CONNECT_RETRIED 0x0004
        EVENT_LISTENING 0x0008
        EVENT_BIND_FAILED 0x0010
        EVENT_ACCEPTED 0x0020
        EVENT_ACCEPT_FAILED 0x0040
        EVENT_CLOSED 0x0080
        EVENT_CLOSE_FAILED 0x0100
        EVENT_DISCONNECTED 0x0200
        EVENT_MONITOR_STOPPED 0x0400
        EVENT_HANDSHAKE_FAILED_NO_DETAIL 0x0800
        EVENT_HANDSHAKE_SUCCEEDED 0x1000
        EVENT_HANDSHAKE_FAILED_PROTOCOL 0x2000
        EVENT_HANDSHAKE_FAILED_AUTH 0x4000
        EVENT_ALL_V1 0xFFFF draft
        EVENT_ALL 0xFFFF
        EVENT_PIPES_STATS 0x10000 draft
        EVENT_ALL_V2 0x1FFFF draft
        """,
        enum="Event",
        strip="EVENT_",
    ),
    _group(
        "Versions of a monitor event's layout",
        """
        CURRENT_EVENT_VERSION 1 draft
        CURRENT_EVENT_VERSION_DRAFT 2 draft
        """,
    ),
    _group(
        "What ZMQ_ROUTER_NOTIFY reports",
        """
        NOTIFY_CONNECT 1 draft
        NOTIFY_DISCONNECT 2 draft
        """,
        enum="RouterNotify",
        strip="NOTIFY_",
    ),
    _group(
        "When ZMQ_RECONNECT_STOP gives up",
        """
        RECONNECT_STOP_CONN_REFUSED 0x1 draft
        RECONNECT_STOP_HANDSHAKE_FAILED 0x2 draft
        RECONNECT_STOP_AFTER_DISCONNECT 0x4 draft
        """,
        enum="ReconnectStop",
        strip="RECONNECT_STOP_",
    ),
    _group(
        "Values of ZMQ_NORM_MODE",
        """
        NORM_FIXED 0 draft
        NORM_CC 1 draft
        NORM_CCL 2 draft
        NORM_CCE 3 draft
        NORM_CCE_ECNONLY 4 draft
        """,
        enum="NormMode",
        strip="NORM_",
    ),
    _group(
        "Device types (deprecated)",
        """
        STREAMER 1
        FORWARDER 2
        QUEUE 3
        """,
        enum="DeviceType",
    ),
)

# Errors by their POSIX names; the second number is the offset from HAUSNUMERO where a platform lacks the name
# (None: every platform has it, so C needs no definition).
ERRNO: tuple[tuple[str, int | None], ...] = (
    ("EAGAIN", None),
    ("EFAULT", None),
    ("EINVAL", None),
    ("ENOTSUP", 1),
    ("EPROTONOSUPPORT", 2),
    ("ENOBUFS", 3),
    ("ENETDOWN", 4),
    ("EADDRINUSE", 5),
    ("EADDRNOTAVAIL", 6),
    ("ECONNREFUSED", 7),
    ("EINPROGRESS", 8),
    ("ENOTSOCK", 9),
    ("EMSGSIZE", 10),
    ("EAFNOSUPPORT", 11),
    ("ENETUNREACH", 12),
    ("ECONNABORTED", 13),
    ("ECONNRESET", 14),
    ("ENOTCONN", 15),
    ("ETIMEDOUT", 16),
    ("EHOSTUNREACH", 17),
    ("ENETRESET", 18),
)

# Errors that only ZeroMQ has, as offsets from HAUSNUMERO.
OWN_ERRNO: tuple[tuple[str, int], ...] = (
    ("EFSM", 51),
    ("ENOCOMPATPROTO", 52),
    ("ETERM", 53),
    ("EMTHREAD", 54),
)
