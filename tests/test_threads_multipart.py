"""Messages of several parts stay whole when threads share a socket: no form of sending or receiving lets another thread in between."""

import itertools
import threading

import pytest
from support import bind

import zmqpy as zmq

pytestmark = pytest.mark.own_engine

LARGE = 100_000  # bytes; from 64 KiB on sending lets other threads run, and copy=False does not copy
COUNT = 150  # messages of each sender


def letters(part):
    """The letters a part is made of: one, if it is whole and its sender's."""
    return set(bytes(part[:1]) + bytes(part[-1:]))


def send_copied(socket, letter, size):
    socket.send_multipart([letter, letter * size, letter])


def send_uncopied(socket, letter, size):
    socket.send_multipart([letter, letter * size, letter * size], copy=False)


def send_tracked(socket, letter, size):
    tracker = socket.send_multipart([letter * size, letter, letter * size], copy=False, track=True)
    assert isinstance(tracker, zmq.MessageTracker)


def send_frames(socket, letter, size):
    socket.send_multipart([zmq.Frame(letter), zmq.Frame(letter * size), zmq.Frame(letter * size)])


def send_uncopied_frames(socket, letter, size):
    socket.send_multipart([zmq.Frame(letter * size), zmq.Frame(letter), zmq.Frame(letter * size)], copy=False)


def send_mixed(socket, letter, size):
    parts = [letter.decode(), bytearray(letter * size), zmq.Frame(letter * size), memoryview(letter)]
    socket.send_multipart(parts, copy=False)


def send_mixed_copied(socket, letter, size):
    parts = [letter.decode(), bytearray(letter * size), zmq.Frame(letter * size), memoryview(letter)]
    socket.send_multipart(parts)


def send_serialized(socket, letter, size):
    socket.send_serialized(size, lambda number: [letter, letter * number, letter * number], copy=False)


def send_many_parts(socket, letter, size):
    socket.send_multipart([letter * max(1, size // 20)] * 40, copy=False)


def send_batch(socket, letter, size):
    message = [letter, letter * size, bytearray(letter)]
    assert socket.send_many([message, letter * size, tuple(message)]) == 3


def send_one(socket, letter, size):
    socket.send(letter * size)


SENDERS = [
    send_copied,
    send_uncopied,
    send_tracked,
    send_frames,
    send_uncopied_frames,
    send_mixed,
    send_mixed_copied,
    send_serialized,
    send_many_parts,
    send_batch,
    send_one,
]


def receive_copied(socket):
    return [socket.recv_multipart()]


def receive_frames(socket):
    return [[frame.buffer for frame in socket.recv_multipart(copy=False)]]


def receive_serialized(socket):
    return [socket.recv_serialized(list)]


def receive_serialized_frames(socket):
    return [socket.recv_serialized(lambda frames: [frame.bytes for frame in frames], copy=False)]


def receive_many(socket):
    return [[item] if isinstance(item, bytes) else item for item in socket.recv_many(3)]


def receive_iterating(socket):
    item = next(socket)
    return [[item] if isinstance(item, bytes) else item]


RECEIVERS = [
    receive_copied,
    receive_frames,
    receive_serialized,
    receive_serialized_frames,
    receive_many,
    receive_iterating,
]


@pytest.fixture
def shared(make, run_threads):
    """shared(transport, senders, receivers, size): how many parts each message had. No message had parts of two senders.

    Each sender runs in a thread of its own with a letter of its own, on one socket; each receiver too, on another.
    """

    def run(transport, senders, receivers, size):
        push, pull = make(zmq.PUSH, sndtimeo=20_000, sndhwm=8), make(zmq.PULL, rcvtimeo=100, rcvhwm=8)
        push.connect(bind(pull, transport))
        ended, lengths = threading.Semaphore(0), []

        def sender(send, letter):
            def work():
                try:
                    for _ in range(COUNT):
                        send(push, letter, size)
                finally:
                    ended.release()

            return work

        def receiver(receive):
            def work():
                while True:
                    try:
                        messages = receive(pull)
                    except zmq.Again:
                        if ended._value == len(senders):
                            return
                        continue
                    for parts in messages:
                        assert len(set().union(*map(letters, parts))) == 1, [bytes(part[:10]) for part in parts]
                        lengths.append(len(parts))

            return work

        run_threads(
            *[sender(send, bytes([97 + number])) for number, send in enumerate(senders)],
            *[receiver(receive) for receive in receivers],
        )
        return lengths

    return run


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize("send", SENDERS, ids=lambda function: function.__name__)
def test_two_threads_send_on_one_socket(shared, fast_switching, send, size):
    """The same form of sending in two threads, and single large messages from a third."""
    lengths = shared("tcp", [send, send, send_one], [receive_copied], size)
    assert len(lengths) == COUNT * (7 if send is send_batch else 3)


@pytest.mark.parametrize("transport", ["tcp", "inproc"])
def test_all_forms_at_once(shared, fast_switching, transport):
    lengths = shared(transport, SENDERS, [receive_copied, receive_frames], LARGE)
    assert sorted(lengths) == sorted([3] * 8 * COUNT + [4] * 2 * COUNT + [40] * COUNT + [1] * 2 * COUNT)


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize("receive", RECEIVERS, ids=lambda function: function.__name__)
def test_two_threads_receive_on_one_socket(shared, fast_switching, receive, size):
    lengths = shared("tcp", [send_copied, send_many_parts], [receive, receive, receive_many], size)
    assert sorted(lengths) == [3] * COUNT + [40] * COUNT


def test_a_batch_ends_with_a_whole_message(connected, run_threads, fast_switching):
    """Batches are taken in runs of frames; a message at the end of a run is not left for another thread to find."""
    push, pull = connected(zmq.PUSH, zmq.PULL, "inproc")
    push.sndhwm = pull.rcvhwm = 0
    count, sizes = 4000, itertools.cycle([1, 2, 3, 5, 7, 200])
    sent = [[b"%d" % number] * size for number, size in zip(range(count), sizes)]
    got = [[], []]

    def receive(into):
        def work():
            while True:
                for item in pull.recv_many(1000):
                    message = [item] if isinstance(item, bytes) else item
                    if message == [b"end"]:
                        push.send(b"end")
                        return
                    into.append(message)

        return work

    def send():
        for message in sent:
            push.send_multipart(message)
        push.send(b"end")

    run_threads(send, receive(got[0]), receive(got[1]))
    assert sorted(got[0] + got[1]) == sorted(sent)
