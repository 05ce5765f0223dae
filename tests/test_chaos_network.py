"""Messages between two networks whose link goes down, becomes slow and worse (chaos_network.py): what TCP mends costs nothing, and what it
cannot mend costs whole messages only."""

import subprocess

import pytest
from chaos import PATTERNS
from chaos_network import MENDED, run_apart
from support import why_no_namespaces

import zmqpy as zmq

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", autouse=True)
def namespaces():
    if reason := why_no_namespaces("tc", "ss"):
        pytest.skip(f"needs network namespaces joined by veth: {reason}")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_tcp_mends_costs_nothing(pattern):
    found = run_apart(zmq.__name__, pattern, 1, 1.0)  # ends only when everything flows again
    lost = {name: found[name] for name in ("lost", "doubled", "disordered", "damaged")}
    assert not any(lost.values()), found
    assert found["faults"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_connections_aborted_behind_both_ends(pattern):
    found = run_apart(zmq.__name__, pattern, 2, 1.0, ["kill", "down"])
    if "kill" not in found["faults"]:
        pytest.skip("this kernel closes no connections for `ss -K`")
    assert (found["doubled"], found["damaged"]) == (0, 0), found
    assert found["received"] > 0, found


@pytest.mark.parametrize("kind", [kind for kind in MENDED if kind not in ("down", "slow")])
def test_each_of_netem(kind):
    tried = subprocess.run(
        ["unshare", "-rn", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode != 0:
        pytest.skip(f"this kernel is without netem (sch_netem): {tried.stderr.strip()}")
    found = run_apart(zmq.__name__, "push", 3, 1.0, [kind])
    assert found["lost"] == found["doubled"] == found["disordered"] == found["damaged"] == 0, found
