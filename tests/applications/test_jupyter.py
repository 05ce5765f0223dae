"""Jupyter: a kernel under jupyter_client, cells, interrupt, restart; a notebook; engines of ipyparallel."""

import json

import pytest

import zmqpy as zmq

pytestmark = pytest.mark.timeout(180)

KERNEL = """
import queue, time
from jupyter_client import KernelManager

manager = KernelManager(kernel_name="python3"{options})
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)

def run(code):
    request = client.execute(code)
    out, status = [], None
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != request:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "execute_result":
            out.append(content["data"]["text/plain"])
        elif kind == "stream":
            out.append(content["text"])
        elif kind == "error":
            out.append(content["ename"])
        elif kind == "status" and content["execution_state"] == "idle":
            return "".join(out)

assert run("6 * 7") == "42"
assert run("import zmq; print(zmq.Context.__module__)").startswith("zmqpy"), "the kernel's own zmq"
assert "".join(run("for i in range(300): print(i)").split()) == "".join(map(str, range(300)))
assert run("1 / 0") == "ZeroDivisionError"
client.execute("import time; print('sleeping', flush=True); time.sleep(60)")
while True:
    message = client.get_iopub_msg(timeout=60)
    if message["msg_type"] == "stream" and "sleeping" in message["content"]["text"]:
        break
began = time.monotonic()
manager.interrupt_kernel()
while True:
    message = client.get_iopub_msg(timeout=60)
    if message["msg_type"] == "error":
        assert message["content"]["ename"] == "KeyboardInterrupt"
        break
assert time.monotonic() - began < 40
run("x = 5")
manager.restart_kernel(now=True)
client.wait_for_ready(timeout=60)
assert run("x") == "NameError"
assert run("2 + 2") == "4"
client.stop_channels()
manager.shutdown_kernel()
print("done")
"""


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_kernel(needs, run_code, transport):
    needs("jupyter_client", "ipykernel")
    assert "done" in run_code(KERNEL.format(options=f", transport={transport!r}"))


@pytest.mark.skipif(not zmq.has("curve"), reason="needs CURVE")
@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_kernel_under_curve(needs, run_code, transport):
    """The manager makes the keys, kernel and client use them on every channel; who has none is not let in."""
    needs("jupyter_client", "ipykernel")
    knows = "from jupyter_client.manager import KernelManager; print(hasattr(KernelManager, 'transport_encryption'))"
    if run_code(knows).strip() != "True":
        pytest.skip("this jupyter_client knows no CURVE")
    stranger = """
info = client.get_connection_info()
assert info["curve_publickey"]
stranger = zmq.Context.instance().socket(zmq.DEALER)
stranger.linger = 0
watched = stranger.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
stranger.connect(client._make_url("shell"))
from zmq.utils.monitor import recv_monitor_message
assert recv_monitor_message(watched)["event"] == zmq.EVENT_DISCONNECTED
stranger.close()
"""
    source = KERNEL.format(options=f", transport={transport!r}, transport_encryption='required'")
    assert "done" in run_code(source.replace('run("x = 5")', stranger + 'run("x = 5")'))


def test_threaded_client(needs, run_code):
    """The client that front ends in terminals and Qt use: its channels are ZMQStreams in a thread."""
    needs("jupyter_client", "ipykernel")
    source = """
import threading
from jupyter_client.threaded import ThreadedKernelClient
from jupyter_client import KernelManager

class Client(ThreadedKernelClient):
    pass

manager = KernelManager(kernel_name="python3", client_class="jupyter_client.blocking.BlockingKernelClient")
manager.start_kernel()
blocking = manager.client()
blocking.start_channels(); blocking.wait_for_ready(timeout=60); blocking.stop_channels()
client = ThreadedKernelClient()
client.load_connection_info(manager.get_connection_info())
replied = threading.Event()
client.start_channels()
client.shell_channel.call_handlers = lambda message: replied.set()
client.kernel_info()
assert replied.wait(60)
client.stop_channels()
manager.shutdown_kernel(now=True)
print("done")
"""
    assert "done" in run_code(source)


def test_notebook(needs, run, tmp_path):
    needs("nbclient", "ipykernel")
    cells = [
        {"cell_type": "code", "id": str(n), "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(["import zmq; zmq.Context.__module__", "6 * 7"])
    ]
    path = tmp_path / "book.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    run("-c", "from nbclient.cli import main; main()", "--inplace", path).finish()  # `jupyter execute`
    done = json.loads(path.read_text())["cells"]
    assert ["".join(cell["outputs"][0]["data"]["text/plain"]) for cell in done] == ["'zmqpy.context'", "42"]


def test_ipyparallel(needs, run_code):
    needs("ipyparallel")
    source = """
import ipyparallel as ipp

if __name__ == "__main__":
    with ipp.Cluster(n=4, log_level=30) as client:
        client.wait_for_engines(4, timeout=90)
        view = client[:]
        assert sorted(view.apply_sync(lambda: __import__("zmq").Context.__module__.partition(".")[0])) == ["zmqpy"] * 4
        assert view.map_sync(lambda x: x * x, range(40)) == [x * x for x in range(40)]
        balanced = client.load_balanced_view()
        assert sum(balanced.map_sync(lambda x: x + 1, range(50))) == sum(range(1, 51))
        data = bytes(2_000_000)
        assert view.apply_sync(len, data) == [2_000_000] * 4
    print("done")
"""
    assert "done" in run_code(source, timeout=170)
