"""Interpreters of one process (PEP 734): the first that imports zmqpy has it, the others get an error that says so."""

import pytest
from support import run_python

pytestmark = pytest.mark.extension

PROGRAM = """
    import sys
    try:
        import _interpreters as interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            print("none")
            sys.exit()
    run = getattr(interpreters, "run_string", None) or interpreters.exec
    first = {first}
    if first:
        import zmqpy
    code = '''if True:
        try:
            import zmqpy
        except ImportError as error:
            print("ImportError", error, flush=True)
        else:
            with zmqpy.Context() as context, context.socket(zmqpy.PAIR) as a, context.socket(zmqpy.PAIR) as b:
                a.bind("inproc://x")
                b.connect("inproc://x")
                a.send(b"x")
                print("works", b.recv(), flush=True)
        '''
    other = interpreters.create()
    run(other, code)
    run(other, code)
    interpreters.destroy(other)
    if first:
        with zmqpy.Context() as context, context.socket(zmqpy.PAIR) as socket:
            print("still works", flush=True)
"""


@pytest.mark.parametrize("first", [True, False])
def test_one_interpreter(first):
    lines = run_python(PROGRAM.format(first=first)).stdout.splitlines()
    if lines == ["none"]:
        pytest.skip("this Python has no interpreters to be made from Python")
    refused = [line for line in lines if line.startswith("ImportError")]
    if first:
        assert len(refused) == 2 and lines[-1] == "still works"
    assert refused or lines == ["works b'x'"] * 2
    for line in refused:
        assert "zmqpy works in one interpreter of a process" in line
