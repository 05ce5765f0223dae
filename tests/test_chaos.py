"""Messages through a proxy that ends, resets, cuts, stalls and delays connections (chaos.py): whole, once, and flowing again.

(Their order is each connection's: what an old one brought may be read after the first of the next. The stress program looks at that.)
"""

import pytest
from chaos import PATTERNS, TRANSPORTS, run_apart

import zmqpy as zmq

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_faults(pattern, transport):
    faults = 0
    for seed in (1, 2):
        found = run_apart(zmq.__name__, pattern, transport, seed, 0.7)  # ends only when everything flows again
        assert (found["doubled"], found["damaged"]) == (0, 0), (seed, found)
        assert found["received"] > 0
        # What a connection had under way when it ended; a PUB drops while nobody is there.
        assert found["lost"] < found["sent"], (seed, found)
        faults += found["faults"]
    assert faults > 0
