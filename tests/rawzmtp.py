"""ZMTP spoken by hand over a plain TCP socket: greetings, READY commands and frames as bytes.

For tests that need a peer which misbehaves, or which stops at an exact byte. It knows the NULL mechanism of ZMTP 3.0 and
no more, on purpose: the engine's own codec must not check itself.
"""

import contextlib
import socket
import struct
import time

GREETING = b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + b"\0" * 31


def ready(socket_type, **metadata):
    """A READY command with the socket type and further properties (names with - written as _)."""
    properties = {"Socket-Type": socket_type.encode(), **{k.replace("_", "-"): v for k, v in metadata.items()}}
    body = b"\x05READY"
    for name, value in properties.items():
        body += bytes([len(name)]) + name.encode() + struct.pack(">I", len(value)) + value
    return command(body)


def command(body):
    return (b"\x04" + bytes([len(body)]) if len(body) < 256 else b"\x06" + struct.pack(">Q", len(body))) + body


def frame(body, more=False):
    if len(body) < 256:
        return bytes([1 if more else 0, len(body)]) + body
    return bytes([3 if more else 2]) + struct.pack(">Q", len(body)) + body


def dial(endpoint, timeout=10.0):
    """A TCP connection to a bound tcp endpoint."""
    host, port = endpoint[len("tcp://") :].rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=timeout)


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise EOFError(f"closed after {len(data)} of {size} bytes")
        data += chunk
    return data


def read_frame(connection):
    """The next frame or command: (flags, body)."""
    flags = read_exactly(connection, 1)[0]
    size = struct.unpack(">Q", read_exactly(connection, 8))[0] if flags & 2 else read_exactly(connection, 1)[0]
    return flags, read_exactly(connection, size)


def handshake(connection, socket_type, **metadata):
    """Greets as a peer of the given type; returns the other end's READY body."""
    connection.sendall(GREETING)
    greeting = read_exactly(connection, 64)
    assert greeting[0] == 0xFF and greeting[9] & 1 and greeting[10] >= 3, greeting
    assert greeting[12:32].rstrip(b"\0") == b"NULL", greeting
    connection.sendall(ready(socket_type, **metadata))
    flags, body = read_frame(connection)
    assert flags & 4 and body.startswith(b"\x05READY"), body
    return body


def half_close(connection):
    """Says that no more bytes follow; the other end may have closed the connection already."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def wait_closed(connection, timeout=10.0, meanwhile=None):
    """Waits until the other end closes the connection; what it still sends is discarded. False if it stays open.

    meanwhile: called now and then, for an engine that closes only as the socket's owner makes calls.
    """
    deadline = time.monotonic() + timeout
    connection.settimeout(0.02)
    while time.monotonic() < deadline:
        try:
            if not connection.recv(65536):
                return True
        except socket.timeout:
            if meanwhile:
                meanwhile()
        except ConnectionError:
            return True
    return False
