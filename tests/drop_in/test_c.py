"""czmq's library, and cppzmq's headers."""

import shutil
import subprocess

import pytest

pytestmark = pytest.mark.timeout(180)


def network_of_its_own():
    """The arguments in front of a program that give it a network with one interface that has broadcasts, and no other; or None."""
    setup = (
        "ip link set lo up && ip link add own type veth peer name other && ip address add 10.99.0.1/24 brd + dev own && "
        "ip link set own up && ip link set other up"
    )
    if not shutil.which("ip") or not shutil.which("unshare"):
        return None
    command = ["unshare", "--map-root-user", "--net", "sh", "-c", f'{setup} && exec "$@"', "sh"]
    return command if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else None


def test_czmq(needs, program, run, version):
    needs("/usr/include/czmq.h")
    assert run(program("with_czmq.c", "libczmq", "libzmq")).split()[-1] == version


def test_czmq_beacons(needs, program, run, version):
    """Beacons are broadcasts, so they are kept in a network of their own."""
    needs("/usr/include/czmq.h")
    built = program("with_czmq.c", "libczmq", "libzmq")
    network = network_of_its_own()
    if network is None:
        pytest.skip("no network of its own can be made")
    assert run(*network, built, ZSYS_INTERFACE="own").split()[-1] == version


def test_cppzmq(needs, program, run, version):
    needs("/usr/include/zmq.hpp")
    assert run(program("with_cppzmq.cpp", "libzmq")).split()[-1] == version
