"""An installed zmqpy works: one round trip over tcp, ipc and inproc. With --beside-others, together with pyzmq and the
system's libzmq in this process, each with an engine of its own."""

import ctypes
import ctypes.util
import os
import sys
import tempfile


def round_trip(zmq, endpoint):
    """REQ to REP and back."""
    with zmq.Context() as context, context.socket(zmq.REP) as server, context.socket(zmq.REQ) as client:
        server.rcvtimeo = client.rcvtimeo = 5000
        server.bind(endpoint)
        client.connect(server.last_endpoint.decode().rstrip("\0"))
        client.send(b"question")
        assert server.recv() == b"question"
        server.send(b"answer")
        assert client.recv() == b"answer"


def main():
    """Import what is to be tested and use it."""
    import zmqpy

    assert "site-packages" in zmqpy.__file__ or "--beside-others" not in sys.argv, zmqpy.__file__
    modules = [zmqpy]
    if "--beside-others" in sys.argv:
        import zmq

        modules.append(zmq)
        system = ctypes.CDLL(ctypes.util.find_library("zmq"))
        system.zmq_ctx_new.restype = ctypes.c_void_p
        context = system.zmq_ctx_new()
        assert context
        assert system.zmq_ctx_term(ctypes.c_void_p(context)) == 0
    with tempfile.TemporaryDirectory() as folder:
        for number, module in enumerate(modules):
            for endpoint in ("tcp://127.0.0.1:*", f"ipc://{os.path.join(folder, str(number))}", "inproc://smoke"):
                round_trip(module, endpoint)
            print(f"{module.__name__} {module.__version__} on libzmq API {module.zmq_version()}: ok")


main()
