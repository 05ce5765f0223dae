#!/usr/bin/env python3
"""Records whole connections between two sockets of the system's libzmq: `record_connections.py > recorded_connections.def`.

Client and server are processes of their own, between them a proxy that keeps what passes. All keys are fixed, and what libsodium
draws is fixed too (randombytes_set_implementation, which a libzmq that is linked with the shared libsodium goes through) and
written down. So a replay can be asked for the same bytes in either role. recorded_connections_test.cpp is that replay.
"""

import ctypes
import hashlib
import json
import select
import socket
import subprocess
import sys
import threading

ZMQ_PUB, ZMQ_SUB, ZMQ_REQ, ZMQ_REP, ZMQ_DEALER, ZMQ_ROUTER, ZMQ_PULL, ZMQ_PUSH, ZMQ_XPUB = 1, 2, 3, 4, 5, 6, 7, 8, 9
NAMES = {1: "PUB", 2: "SUB", 3: "REQ", 4: "REP", 5: "DEALER", 6: "ROUTER", 7: "PULL", 8: "PUSH", 9: "XPUB"}
ROUTING_ID, SUBSCRIBE, LINGER, SNDMORE = 5, 6, 17, 2
PLAIN_SERVER, PLAIN_USERNAME, PLAIN_PASSWORD, LAST_ENDPOINT = 44, 45, 46, 32
CURVE_SERVER, CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY, HANDSHAKE_IVL = 47, 48, 49, 50, 66
SECONDS = 10

LONG = bytes(range(256)) * 2
# (title, mechanism, client's type and routing id, server's type, ZAP's status, what the client says then, what the server says)
# Frames: "+" more follow, "-" the last of its message, "S" a subscription.
SCENARIOS = [
    (
        "PLAIN, DEALER to ROUTER",
        "PLAIN",
        (ZMQ_DEALER, b"the client"),
        ZMQ_ROUTER,
        200,
        [(b"+", b"one"), (b"-", LONG)],
        [(b"-", b"answer")],
    ),
    ("PLAIN, refused", "PLAIN", (ZMQ_DEALER, b""), ZMQ_DEALER, 400, [], []),
    ("PLAIN, SUB to XPUB", "PLAIN", (ZMQ_SUB, b""), ZMQ_XPUB, 200, [(b"S", b"topic")], [(b"-", b"topic and more")]),
    (
        "CURVE, DEALER to DEALER",
        "CURVE",
        (ZMQ_DEALER, b""),
        ZMQ_DEALER,
        0,
        [(b"+", b"one"), (b"+", b""), (b"-", LONG)],
        [(b"-", b""), (b"-", b"x" * 31), (b"-", b"y" * 222), (b"-", b"z" * 223)],
    ),
    ("CURVE, PUSH to PULL, asked", "CURVE", (ZMQ_PUSH, b""), ZMQ_PULL, 200, [(b"-", b"pushed")], []),
    ("CURVE, refused", "CURVE", (ZMQ_DEALER, b"the client"), ZMQ_ROUTER, 400, [], []),
    (
        "CURVE, SUB to XPUB",
        "CURVE",
        (ZMQ_SUB, b""),
        ZMQ_XPUB,
        0,
        [(b"S", b"topic")],
        [(b"-", b"topic and more"), (b"-", b"topic" + LONG * 20)],
    ),
]


def drawn(label, size):
    """Bytes that stand for random ones."""
    blocks = (hashlib.sha256(f"{label} {number}".encode()).digest() for number in range(size // 32 + 1))
    return b"".join(blocks)[:size]


# ---- one end ----


class Randomness(ctypes.Structure):
    """libsodium's randombytes_implementation."""

    _fields_ = [
        ("name", ctypes.CFUNCTYPE(ctypes.c_char_p)),
        ("random", ctypes.CFUNCTYPE(ctypes.c_uint32)),
        ("stir", ctypes.CFUNCTYPE(None)),
        ("uniform", ctypes.c_void_p),
        ("buf", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)),
        ("close", ctypes.c_void_p),
    ]


def fix_randomness(role):
    """libsodium's draws from now on, which are also collected."""
    sodium = ctypes.CDLL("libsodium.so.23")
    sodium.sodium_init()
    draws = []

    def fill(to, size):
        value = drawn(f"{role} {len(draws)}", size)
        draws.append(value)
        ctypes.memmove(to, value, size)

    fixed = Randomness(
        Randomness._fields_[0][1](lambda: b"fixed"),
        Randomness._fields_[1][1](lambda: 4),
        Randomness._fields_[2][1](lambda: None),
        None,
        Randomness._fields_[4][1](fill),
        None,
    )
    sodium.randombytes_set_implementation(ctypes.byref(fixed))
    return draws, fixed


def keys(role):
    """(public, secret), 32 bytes each."""
    sodium = ctypes.CDLL("libsodium.so.23")
    secret, public = drawn(f"long-term key of the {role}", 32), ctypes.create_string_buffer(32)
    sodium.crypto_scalarmult_base(public, secret)
    return public.raw, secret


class End:
    """A socket of the system's libzmq."""

    def __init__(self, kind):
        self.zmq = ctypes.CDLL("libzmq.so.5")
        for name in ("zmq_ctx_new", "zmq_socket"):
            getattr(self.zmq, name).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.zmq.zmq_ctx_new())
        self.socket = self.open(kind)

    def open(self, kind):
        return ctypes.c_void_p(self.zmq.zmq_socket(self.context, kind))

    def must(self, result):
        if result == -1:
            raise RuntimeError(self.zmq.zmq_errno())
        return result

    def set(self, option, value):
        value = value if isinstance(value, bytes) else ctypes.string_at(ctypes.byref(ctypes.c_int(value)), 4)
        self.must(self.zmq.zmq_setsockopt(self.socket, option, value, ctypes.c_size_t(len(value))))

    def send(self, body, more, socket=None):
        self.must(self.zmq.zmq_send(socket or self.socket, body, ctypes.c_size_t(len(body)), SNDMORE if more else 0))

    def receive(self, socket=None):
        buffer = ctypes.create_string_buffer(65536)
        size = self.must(self.zmq.zmq_recv(socket or self.socket, buffer, ctypes.c_size_t(len(buffer)), 0))
        return buffer.raw[:size]

    def answer_zap(self, status):
        """A handler in a thread, which says this to everybody."""
        handler = self.open(ZMQ_REP)
        self.must(self.zmq.zmq_bind(handler, b"inproc://zeromq.zap.01"))

        def serve():
            while True:
                request = [self.receive(handler) for _ in range(6)]
                for _ in range({b"PLAIN": 2, b"CURVE": 1}[request[5]]):
                    self.receive(handler)
                reply = [b"1.0", request[1], str(status).encode(), b"text", b"the user", b""]
                for number, frame in enumerate(reply):
                    self.send(frame, number < len(reply) - 1, handler)

        threading.Thread(target=serve, daemon=True).start()


def run_end(role, number, port):
    """One end of a scenario, in a process of its own; says its draws when it has had what it waits for, or its input ends."""
    _, mechanism, (client_type, routing_id), server_type, status, client_says, server_says = SCENARIOS[number]
    draws, _alive = fix_randomness(f"{number} {role}")
    end = End(client_type if role == "client" else server_type)
    (server_public, server_secret), (public, secret) = keys("server"), keys("client")
    end.set(HANDSHAKE_IVL, SECONDS * 1000)
    end.set(LINGER, 0)
    if role == "server":
        if mechanism == "PLAIN":
            end.set(PLAIN_SERVER, 1)
        else:
            end.set(CURVE_SERVER, 1)
            end.set(CURVE_SECRETKEY, server_secret)
        if status:
            end.answer_zap(status)
        end.must(end.zmq.zmq_bind(end.socket, b"tcp://127.0.0.1:*"))
        where, size = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
        end.must(end.zmq.zmq_getsockopt(end.socket, LAST_ENDPOINT, where, ctypes.byref(size)))
        print(where.value.decode(), flush=True)
        says, hears = server_says, client_says
    else:
        if routing_id:
            end.set(ROUTING_ID, routing_id)
        if mechanism == "PLAIN":
            end.set(PLAIN_USERNAME, b"admin")
            end.set(PLAIN_PASSWORD, b"secret")
        else:
            end.set(CURVE_SERVERKEY, server_public)
            end.set(CURVE_PUBLICKEY, public)
            end.set(CURVE_SECRETKEY, secret)
        end.must(end.zmq.zmq_connect(end.socket, f"tcp://127.0.0.1:{port}".encode()))
        says, hears = client_says, server_says
    if role == "server" and hears:
        # Only then is the client known to be there; a ROUTER hears its name first.
        for _ in range(len(hears) + (server_type == ZMQ_ROUTER)):
            end.receive()
    if says and role == "server" and server_type == ZMQ_ROUTER:
        end.send(routing_id, True)
    for kind, body in says:
        if kind == b"S":
            end.set(SUBSCRIBE, body)
        else:
            end.send(body, kind == b"+")
    if role == "client":
        for _ in hears:
            end.receive()
    print("done", flush=True)
    sys.stdin.read()
    print(json.dumps([draw.hex() for draw in draws]), flush=True)


# ---- the recording ----


def record(number):
    """(what the client said, what the server said, the client's draws, the server's)"""

    def start(role, port=0):
        command = [sys.executable, __file__, role, str(number), str(port)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    server = start("server")
    server_port = int(server.stdout.readline().rpartition(":")[2])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = start("client", listener.getsockname()[1])
        near, _ = listener.accept()
    far = socket.create_connection(("127.0.0.1", server_port))
    said = {near: b"", far: b""}
    refused = SCENARIOS[number][4] == 400
    while True:
        # Over when nothing has come for a while.
        readable, _, _ = select.select([near, far], [], [], 1)
        chunks = [(end, end.recv(65536)) for end in readable]
        for end, chunk in chunks:
            said[end] += chunk
            (far if end is near else near).sendall(chunk)
        if not any(chunk for _, chunk in chunks):
            break
    draws = []
    for process in (client, server):
        if not refused:
            assert process.stdout.readline() == "done\n", f"{process.args}: {said}"
        process.stdin.close()
        draws.append(json.loads(process.stdout.read().splitlines()[-1]))
        process.wait(SECONDS)
    return said[near], said[far], *draws


def text(data):
    """Hexadecimal digits as C++ has them, several lines if they are many."""
    digits = data.hex()
    lines = [f'"{digits[at : at + 128]}"' for at in range(0, len(digits), 128)] or ['""']
    return "\n     ".join(lines)


def frames(said):
    return ", ".join(f"{{'{kind.decode()}', {text(body)}}}" for kind, body in said)


def main():
    if len(sys.argv) > 1:
        run_end(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
        return
    print("// Written by record_connections.py, which says what this is. Bytes are hexadecimal digits.")
    for number, (title, mechanism, client, server_type, status, client_says, server_says) in enumerate(SCENARIOS):
        said = record(number)
        secrets = (
            [text(part) for role in ("client", "server") for part in keys(role)] if mechanism == "CURVE" else ['""'] * 4
        )
        draws = [", ".join(f'"{draw}"' for draw in of_end) for of_end in said[2:]]
        print(f'{{"{title}", ZMQ_{mechanism}, {status},')
        print(f"  // client\n  {{ZMQ_{NAMES[client[0]]}, {text(client[1])}, {secrets[0]}, {secrets[1]},")
        print(f"    {{{draws[0]}}},\n    {{{frames(client_says)}}},\n    {text(said[0])}}},")
        print(f'  // server\n  {{ZMQ_{NAMES[server_type]}, "", {secrets[2]}, {secrets[3]},')
        print(f"    {{{draws[1]}}},\n    {{{frames(server_says)}}},\n    {text(said[1])}}}}},")


if __name__ == "__main__":
    main()
