"""Multicast between two networks: `unshare -rn python multicast.py IPv4|IPv6`, in a network namespace of its own.

The first process has one end of a veth pair and sends; it starts a second one in another namespace, which has the other end and joins
the group. `done` on standard output: all went as it should.
"""

import subprocess
import sys
import time

import zmqpy as zmq

WAIT_MS = 20000
QUIET_MS = 200
GROUPS = {"IPv4": "239.7.8.9", "IPv6": "[ff15::789]"}
PORT = 5670


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def set_up(interface, number):
    ip("link", "set", "lo", "up")
    ip("addr", "add", f"10.77.0.{number}/24", "dev", interface)
    ip("addr", "add", f"fd77::{number}/64", "dev", interface, "nodad")
    ip("link", "set", interface, "up")


def wait_for_link(interface):
    """Until the address may be used (IPv6 looks for others with the same first)."""
    for _ in range(WAIT_MS // 20):
        shown = subprocess.run(
            ["ip", "addr", "show", "dev", interface], check=True, capture_output=True, text=True
        ).stdout
        if "state UP" in shown and "tentative" not in shown:
            return
        time.sleep(0.02)
    raise TimeoutError(shown)


def dish_on(context, interface, family):
    dish = context.socket(zmq.DISH)
    dish.rcvtimeo, dish.ipv6 = WAIT_MS, family == "IPv6"
    dish.join("g")
    dish.bind(f"udp://{interface};{GROUPS[family]}:{PORT}")
    return dish


def radio_on(context, interface, family, **options):
    radio = context.socket(zmq.RADIO)
    radio.ipv6 = family == "IPv6"
    for name, value in options.items():
        setattr(radio, name, value)
    radio.connect(f"udp://{interface};{GROUPS[family]}:{PORT}")
    return radio


def member(family):
    """In the other namespace. Says "ready", then one line for each message, until a message says "end"."""
    sys.stdin.readline()  # the interface is there
    set_up("v1", 2)
    wait_for_link("v1")
    with zmq.Context() as context:
        # By name, and by address.
        dishes = [
            dish_on(context, "v1", family),
            dish_on(context, "10.77.0.2" if family == "IPv4" else "fd77::2", family),
        ]
        print("ready", flush=True)
        for body in iter(lambda: [dish.recv() for dish in dishes], [b"end", b"end"]):
            print(b" ".join(body).decode(), flush=True)
        for dish in dishes:
            dish.close()


def start_apart(*arguments):
    """A Python program in a network namespace of its own, with which ours is joined: v0 here, which is set up, and v1 there."""
    other = subprocess.Popen(
        ["unshare", "-n", sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # It has its own namespace as soon as that differs from ours.
        ours = subprocess.run(["readlink", "/proc/self/ns/net"], check=True, capture_output=True, text=True).stdout
        for _ in range(WAIT_MS // 20):
            theirs = subprocess.run(
                ["readlink", f"/proc/{other.pid}/ns/net"], check=False, capture_output=True, text=True
            ).stdout
            if theirs not in ("", ours):
                break
            time.sleep(0.02)
        ip("link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", str(other.pid))
        set_up("v0", 1)
    except BaseException:
        other.kill()
        other.wait()
        raise
    return other


def sender(family):
    other = start_apart(__file__, family, "member")
    other.stdin.write("go\n")
    other.stdin.flush()
    assert other.stdout.readline() == "ready\n"
    wait_for_link("v0")
    with zmq.Context() as context:
        here = dish_on(context, "v0", family)
        loud = radio_on(context, "v0", family)
        silent = radio_on(
            context, "10.77.0.1" if family == "IPv4" else "fd77::1", family, multicast_loop=0, multicast_hops=3
        )
        loud.send(b"loud", group="g")
        assert other.stdout.readline() == "loud loud\n"
        assert here.recv() == b"loud"
        silent.send(b"silent", group="g")
        assert other.stdout.readline() == "silent silent\n"
        assert not here.poll(QUIET_MS), "MULTICAST_LOOP 0 keeps it from this machine"
        loud.send(b"end", group="g")
        assert other.wait(timeout=20) == 0
        for each in (here, loud, silent):
            each.close(linger=0)
    print("done")


if __name__ == "__main__":
    if sys.argv[2:] == ["member"]:
        member(sys.argv[1])
    else:
        sender(sys.argv[1])
