"""The program at the other end of the interoperability tests: real pyzmq, driven over its standard input and output.

A request is a length (4 bytes, big endian) and a pickle of (operation, arguments); so is an answer: ("ok", value) or
("error", text). Operations: the methods of Server. It never imports zmqpy, and its sockets' waits are bounded.
"""

import pickle
import struct
import sys

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

WAIT_MS = 10_000


class AllBut:
    """Lets in every key but these."""

    def __init__(self, strangers):
        self.strangers = strangers

    def callback(self, domain, key):
        return key not in self.strangers


class Server:
    def __init__(self):
        self.context = zmq.Context()
        self.sockets = {}
        self.authenticator = None
        self.next_id = 1

    def open(self, type_name, options):
        socket = self.context.socket(getattr(zmq, type_name))
        socket.linger = 0
        socket.rcvtimeo = socket.sndtimeo = WAIT_MS
        for name, value in options.items():
            setattr(socket, name, value)
        number, self.next_id = self.next_id, self.next_id + 1
        self.sockets[number] = socket
        return number

    def method(self, number, name, args, kwargs):
        result = getattr(self.sockets[number], name)(*args, **kwargs)
        return result if isinstance(result, (bytes, str, int, list, tuple, dict, type(None))) else None

    def attribute(self, number, name):
        return getattr(self.sockets[number], name)

    def monitor(self, number, events):
        monitor = self.sockets[number].get_monitor_socket(events)
        monitor.rcvtimeo = WAIT_MS
        number, self.next_id = self.next_id, self.next_id + 1
        self.sockets[number] = monitor
        return number

    def event(self, number):
        event = recv_monitor_message(self.sockets[number])
        return int(event["event"]), int(event["value"]), event["endpoint"]

    def close(self, number):
        self.sockets.pop(number).close(linger=0)

    def authenticate(self, passwords, strangers=()):
        """From now on these names and passwords are let in, and CURVE clients with any key but the strangers' (Z85)."""
        if not self.authenticator:
            self.authenticator = ThreadAuthenticator(self.context)
            self.authenticator.start()
        self.authenticator.configure_plain(domain="*", passwords=passwords)
        self.authenticator.configure_curve_callback(domain="*", credentials_provider=AllBut(strangers))

    def version(self):
        return zmq.__version__, zmq.zmq_version()


def main():
    server = Server()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        header = requests.read(4)
        if len(header) < 4:
            break
        operation, arguments = pickle.loads(requests.read(struct.unpack(">I", header)[0]))
        try:
            answer = ("ok", getattr(server, operation)(*arguments))
        except Exception as error:
            answer = ("error", f"{type(error).__name__}: {error}")
        data = pickle.dumps(answer, protocol=4)
        answers.write(struct.pack(">I", len(data)) + data)
        answers.flush()
    if server.authenticator:
        server.authenticator.stop()
    server.context.destroy(linger=0)


if __name__ == "__main__":
    main()
