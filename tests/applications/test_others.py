"""zerorpc under gevent, Circus, a Locust master with workers, and Parsl's executor."""

import os
import sys

import pytest
from support import free_port, wait_until

import zmqpy as zmq

pytestmark = pytest.mark.timeout(150)


def test_zerorpc(needs, run_code):
    needs("zerorpc", "gevent")
    source = """
import gevent, zerorpc

class Service:
    def double(self, x):
        return x * 2

    @zerorpc.stream
    def count(self, n):
        return iter(range(n))

    def fail(self):
        raise ValueError("broken")

server = zerorpc.Server(Service())
server.bind("ipc://zerorpc")
gevent.spawn(server.run)
client = zerorpc.Client(timeout=30)
client.connect("ipc://zerorpc")
assert [client.double(x) for x in range(20)] == [x * 2 for x in range(20)]
assert list(client.count(500)) == list(range(500))
try:
    client.fail()
except zerorpc.RemoteError as error:
    assert error.name == "ValueError"
else:
    raise AssertionError
many = [gevent.spawn(client.double, x) for x in range(50)]
gevent.joinall(many)
assert [each.value for each in many] == [x * 2 for x in range(50)]
client.close()
server.close()
print("done")
"""
    assert "done" in run_code(source)


def test_circus(needs, run, run_code, tmp_path):
    needs("circus")
    (tmp_path / "run").mkdir()
    settings = tmp_path / "circus.ini"
    settings.write_text(
        "[circus]\n"
        f"endpoint = ipc://{tmp_path}/endpoint\npubsub_endpoint = ipc://{tmp_path}/pubsub\nstats_endpoint = ipc://{tmp_path}/stats\n"
        "[watcher:sleeper]\ncmd = sleep 1000\nnumprocesses = 2\n"
    )
    daemon = run("-m", "circus.circusd", settings)
    wait_until(lambda: "Arbiter now waiting" in daemon.output(), f"circusd to start: {daemon.output()}", 60)
    source = f"""
from circus.client import CircusClient

client = CircusClient(endpoint="ipc://{tmp_path}/endpoint", timeout=30)
assert client.send_message("numprocesses", name="sleeper")["numprocesses"] == 2
assert client.send_message("incr", name="sleeper", waiting=True)["numprocesses"] == 3
assert client.send_message("status", name="sleeper")["status"] == "active"
assert client.send_message("stop", name="sleeper", waiting=True)["status"] == "ok"
assert client.send_message("status", name="sleeper")["status"] == "stopped"
assert client.send_message("quit", waiting=False)["status"] == "ok"
print("done")
"""
    assert "done" in run_code(source)
    daemon.finish()


LOCUSTFILE = """
from locust import HttpUser, constant, task

class User(HttpUser):
    wait_time = constant(0.05)

    @task
    def get(self):
        self.client.get("/")
"""

SERVER = """
import http.server, threading

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_port, flush=True)
server.serve_forever()
"""


def test_locust(needs, run, tmp_path):
    needs("locust")
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    (tmp_path / "server.py").write_text(SERVER)
    server = run(tmp_path / "server.py")
    wait_until(lambda: "port" in server.output(), "the web server", 30)
    port = int(server.output().split()[1])
    common = ["-m", "locust", "-f", tmp_path / "locustfile.py", "--headless", "--host", f"http://127.0.0.1:{port}"]
    bus = ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(free_port())]
    at = ["--master-host", "127.0.0.1", "--master-port", bus[3]]
    master = run(
        *common, "--master", *bus, "--expect-workers", "2", "-u", "4", "-r", "4", "-t", "4s", "--csv", tmp_path / "out"
    )
    workers = [run(*common[:4], "--worker", *at) for _ in range(2)]
    output = master.finish(120)
    for worker in workers:
        worker.finish(30)
    rows = [line.split(",") for line in (tmp_path / "out_stats.csv").read_text().splitlines()]
    total = dict(zip(rows[0], rows[-1]))
    assert int(total["Request Count"]) > 20 and int(total["Failure Count"]) == 0, output


@pytest.mark.parametrize("encrypted", [False, True])
def test_parsl(needs, run_code, tmp_path, encrypted):
    """The high-throughput executor: an interchange and a pool of workers in processes of their own."""
    needs("parsl")
    if encrypted and not zmq.has("curve"):
        pytest.skip("needs CURVE")
    source = f"""
import parsl
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

@parsl.python_app
def double(x):
    import zmq
    return 2 * x, zmq.Context.__module__.partition(".")[0]

if __name__ == "__main__":
    executor = HighThroughputExecutor(
        label="local", address="127.0.0.1", max_workers_per_node=2, encrypted={encrypted},
        provider=LocalProvider(init_blocks=1, max_blocks=1),
    )
    with parsl.load(Config(executors=[executor], run_dir={str(tmp_path / "parsl")!r}, strategy="none")):
        futures = [double(x) for x in range(40)]
        assert [future.result(60) for future in futures] == [(2 * x, "zmqpy") for x in range(40)]
    print("done")
"""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    assert "done" in run_code(source, timeout=140, PATH=path)
