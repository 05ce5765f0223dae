"""A backlog's memory goes back to the system: when its socket and context end, and, but for inproc, soon after it was read.

A few megabytes stay: code that was used, and, while there is a context, buffers for the next messages.
"""

import pytest
from support import endpoint, run_python

pytestmark = pytest.mark.own_engine

PROGRAM = """
    import time
    import zmqpy as zmq

    def megabytes():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6

    def soon_below(limit):
        deadline = time.monotonic() + 10
        while megabytes() > limit and time.monotonic() < deadline:
            time.sleep(0.01)
        return megabytes()

    context = zmq.Context()
    push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    push.sndhwm = pull.rcvhwm = push.linger = 0
    {bind}
    push.connect({address})
    if {read}:
        push.send(b"first")
        pull.recv()
    before = megabytes()
    for _ in range(30):
        push.send_many([bytes(100)] * 10_000)
    full = megabytes()
    if {read}:
        for _ in range(300_000):
            pull.recv()
        if {address}[:6] != "inproc":
            print(full - before, soon_below(before + 20) - before, 20)
    push.close()
    pull.close()
    context.term()
    print(full - before, megabytes() - before, 12)
"""


@pytest.mark.parametrize("read", [False, True], ids=["dropped", "read"])
@pytest.mark.parametrize("transport", ["tcp", "ipc", "inproc"])
def test_a_backlog_leaves_nothing_behind(transport, read):
    place = endpoint(transport)
    if read:
        bind, address = f"pull.bind({place!r})", "pull.last_endpoint.decode()"
    else:
        bind, address = "", repr(place.replace("*", "9"))
    output = run_python(PROGRAM.format(bind=bind, address=address, read=read)).stdout
    for line in output.splitlines():
        most, left, limit = map(float, line.split())
        assert most > 20, "no backlog to speak of"
        assert left < limit, output
