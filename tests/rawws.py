"""A WebSocket peer (RFC 6455) made of a plain TCP socket, for tests that look at or bend the bytes on the wire.

Both sides: `RawClient` asks a socket of ours for a connection, `RawServer` answers one that connects. Frames are made and read
here by hand; whether they make sense is the test's affair.
"""

import base64
import hashlib
import itertools
import os
import socket as posix
import struct

from support import WAIT_MS

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MORE, COMMAND = 1, 2

#: Statuses of a close.
GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED, NOT_UTF8, POLICY, TOO_BIG = 1001, 1002, 1003, 1007, 1008, 1009


def mask(key, payload):
    return bytes(a ^ b for a, b in zip(payload, itertools.cycle(key), strict=False))


def frame(opcode, payload=b"", *, fin=True, reserved=0, key=None, length_bytes=None, length=None):
    """One frame. key: four bytes to mask it with. length_bytes: 0, 2 or 8 instead of as few as do; length: instead of the true one."""
    size = len(payload) if length is None else length
    if length_bytes is None:
        length_bytes = 0 if size <= 125 else 2 if size <= 0xFFFF else 8
    code = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([fin << 7 | reserved << 4 | opcode, (0x80 if key is not None else 0) | code])
    head += {0: b"", 2: struct.pack(">H", size & 0xFFFF), 8: struct.pack(">Q", size)}[length_bytes]
    if key is None:
        return head + payload
    return head + key + mask(key, payload)


def ready(socket_type):
    """The READY command as the payload of a frame."""
    name = socket_type.encode()
    return bytes([COMMAND]) + b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(name)) + name


def close_payload(status, reason=b""):
    return struct.pack(">H", status) + reason


def accept_key(key):
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())


def address_of(endpoint):
    host, _, rest = endpoint.partition("://")[2].rpartition(":")
    return host, int(rest.split("/")[0])


class RawPeer:
    """What both sides do once they are connected."""

    masks = True

    def __init__(self, connection):
        self.connection = connection
        self.connection.settimeout(WAIT_MS / 1000)
        self.connection.setsockopt(posix.IPPROTO_TCP, posix.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send_bytes(self, data):
        self.connection.sendall(data)

    def send(self, opcode, payload=b"", **how):
        """One frame, masked if that is this side's to do. key=None and the like bend it."""
        if self.masks:
            how.setdefault("key", os.urandom(4))
        self.send_bytes(frame(opcode, payload, **how))

    def send_message(self, body, flags=0):
        self.send(BINARY, bytes([flags]) + body)

    def read(self, count):
        while len(self.buffer) < count:
            data = self.connection.recv(65536)
            if not data:
                raise EOFError(self.buffer)
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read_head(self):
        """An HTTP head: its lines."""
        while b"\r\n\r\n" not in self.buffer:
            data = self.connection.recv(65536)
            if not data:
                raise EOFError(self.buffer)
            self.buffer += data
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return head.split(b"\r\n")

    def recv(self):
        """The next frame: (opcode, payload unmasked). Fails unless it is whole and masked as that side must."""
        first, second = self.read(2)
        assert first & 0xF0 == 0x80, f"not whole, or reserved bits: {first:02x}"
        assert bool(second & 0x80) != self.masks, "masked by the wrong side"
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self.read(2))
            assert size > 125
        elif size == 127:
            (size,) = struct.unpack(">Q", self.read(8))
            assert size > 0xFFFF
        if second & 0x80:
            key = self.read(4)
            return first & 0x0F, mask(key, self.read(size))
        return first & 0x0F, self.read(size)

    def recv_message(self):
        opcode, payload = self.recv()
        assert opcode == BINARY
        return payload[0], payload[1:]

    def at_end(self):
        """Waits for the end of the connection; nothing may come before it."""
        try:
            rest = self.buffer + self.connection.recv(65536)
        except ConnectionResetError:
            return True
        assert rest == b"", rest
        return True

    def recv_close(self):
        """The status of the next frame, which must be a close (None: it has none), and then the end."""
        opcode, payload = self.recv()
        assert opcode == CLOSE, (opcode, payload)
        self.at_end()
        return struct.unpack(">H", payload)[0] if payload else None


class RawClient(RawPeer):
    def __init__(self, endpoint):
        super().__init__(posix.create_connection(address_of(endpoint), WAIT_MS / 1000))
        self.key = base64.b64encode(os.urandom(16))

    def request(self, protocol="ZWS2.0/NULL", fields=(), first="GET / HTTP/1.1"):
        lines = [
            first.encode(),
            b"Host: localhost",
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Key: " + self.key,
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Protocol: " + protocol.encode(),
            *fields,
        ]
        self.send_bytes(b"\r\n".join(lines) + b"\r\n\r\n")
        head = self.read_head()
        assert head[0] == b"HTTP/1.1 101 Switching Protocols", head
        assert b"Sec-WebSocket-Accept: " + accept_key(self.key) in head
        return head

    def become(self, socket_type, protocol="ZWS2.0/NULL"):
        """Asks, and shakes hands as this type (a str). Gives the peer's READY, or its routing id if there is no mechanism."""
        self.request(protocol)
        self.send(BINARY, ready(socket_type) if protocol.endswith("/NULL") else b"\0")
        _flags, body = self.recv_message()
        return body


class RawServer(RawPeer):
    """Takes the next connection of a listening TCP socket."""

    masks = False

    def __init__(self, listener):
        listener.settimeout(WAIT_MS / 1000)
        super().__init__(listener.accept()[0])

    def answer(self, protocol="ZWS2.0/NULL"):
        head = self.read_head()
        fields = dict(line.split(b": ", 1) for line in head[1:])
        self.send_bytes(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept_key(fields[b"Sec-WebSocket-Key"])
            + b"\r\nSec-WebSocket-Protocol: "
            + protocol.encode()
            + b"\r\n\r\n"
        )
        return head[0], fields

    def become(self, socket_type, protocol="ZWS2.0/NULL"):
        self.answer(protocol)
        self.send(BINARY, ready(socket_type) if protocol.endswith("/NULL") else b"\0")
        _flags, body = self.recv_message()
        return body


def listen():
    listener = posix.create_server(("127.0.0.1", 0))
    listener.settimeout(WAIT_MS / 1000)
    return listener, f"ws://127.0.0.1:{listener.getsockname()[1]}"
