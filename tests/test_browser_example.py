"""examples/browser: its JavaScript client under Node against sockets of ours. (In a browser: tests/applications/test_browser.py.)"""

import json
import pathlib
import shutil
import subprocess

import pytest
from support import WAIT_MS

import zmqpy as zmq

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent / "examples" / "browser"

pytestmark = pytest.mark.own_engine


def node_command():
    """Node with a WebSocket, or None: 22 has one, 20 behind a flag."""
    node = shutil.which("node")
    if not node:
        return None
    for flags in ([], ["--experimental-websocket"]):
        result = subprocess.run([node, *flags, "-p", "typeof WebSocket"], capture_output=True, text=True, timeout=60)
        if result.returncode == 0 and result.stdout.strip() == "function":
            return [node, *flags, "--no-warnings"]
    return None


NODE = node_command()
needs_node = pytest.mark.skipif(NODE is None, reason="no Node with a WebSocket")


@pytest.fixture
def script(tmp_path):
    """script(text): runs it as a module with the client's names; gives the process."""
    running = []
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(EXAMPLE / "zws.js", tmp_path)

    def start(body, **values):
        program = tmp_path / f"program{len(running)}.js"
        names = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
        program.write_text('import { ZwsSocket, text } from "./zws.js";\n' + names + body)
        running.append(
            subprocess.Popen([*NODE, str(program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def bound(socket):
    socket.bind("ws://127.0.0.1:*/path")
    return socket.last_endpoint.decode()


def patient(make, socket_type, **options):
    """Node takes its time to start on a loaded machine."""
    socket = make(socket_type, **options)
    socket.rcvtimeo = 3 * WAIT_MS
    return socket


@needs_node
@pytest.mark.timeout(60)
def test_req(make, script):
    rep = patient(make, zmq.REP)
    process = script(
        """
        const req = new ZwsSocket("REQ", url);
        req.onmessage = (parts) => { console.log(JSON.stringify(parts.map(text))); req.close(); };
        req.send(["täxt", new Uint8Array(70000).fill(7)]);
        """,
        url=bound(rep),
    )
    assert rep.recv_multipart() == ["täxt".encode(), b"\7" * 70_000]
    rep.send_multipart([b"answer", b""])
    assert process.communicate(timeout=30)[0].strip() == '["answer",""]'


@needs_node
@pytest.mark.timeout(60)
def test_sub_and_its_return(make, script):
    xpub = patient(make, zmq.XPUB)
    endpoint = bound(xpub)
    process = script(
        """
        const sub = new ZwsSocket("SUB", url, { reconnect: [20, 100] });
        const heard = [];
        sub.subscribe("a"); sub.subscribe("a"); sub.subscribe("b"); sub.unsubscribe("a"); sub.unsubscribe("b");
        sub.onmessage = (parts) => {
          heard.push(text(parts[0]));
          if (heard.length === 2) { console.log(heard.join()); sub.close(); }
        };
        """,
        url=endpoint,
    )
    assert xpub.recv() == b"\1a"
    xpub.send(b"a1")
    xpub.unbind(endpoint)
    xpub.close(linger=WAIT_MS)
    again = patient(make, zmq.XPUB)
    again.bind(endpoint)
    assert again.recv() == b"\1a"
    again.send(b"a2")
    assert process.communicate(timeout=30)[0].strip() == "a1,a2"


@needs_node
@pytest.mark.timeout(60)
def test_dealer_pub_push_pull(make, script):
    router, sub, pull, push = (patient(make, t) for t in (zmq.ROUTER, zmq.SUB, zmq.PULL, zmq.PUSH))
    sub.subscribe(b"news")
    process = script(
        """
        const dealer = new ZwsSocket("DEALER", urls[0], { routingId: "page" });
        const pub = new ZwsSocket("PUB", urls[1]);
        const push = new ZwsSocket("PUSH", urls[2]);
        const pull = new ZwsSocket("PULL", urls[3]);
        dealer.send("hello");
        push.send(["a", "b"]);
        const timer = setInterval(() => { pub.send("old"); pub.send(["news", "x"]); }, 5);
        dealer.onmessage = (parts) => {
          console.log(parts.map(text).join());
          clearInterval(timer);
          for (const socket of [dealer, pub, push, pull]) socket.close();
        };
        pull.onmessage = (parts) => { dealer.send(["pulled", parts[0]]); };
        """,
        urls=[bound(s) for s in (router, sub, pull, push)],
    )
    assert router.recv_multipart() == [b"page", b"hello"]
    assert pull.recv_multipart() == [b"a", b"b"]
    assert sub.recv_multipart() == [b"news", b"x"]
    push.send(b"work")
    assert router.recv_multipart() == [b"page", b"pulled", b"work"]
    router.send_multipart([b"page", b"good", b"bye"])
    assert process.communicate(timeout=30)[0].strip() == "good,bye"


def test_the_readme_names_what_is_there():
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLE.iterdir():
        if path.is_file() and path.name != "README.md":
            assert f"`{path.name}`" in text
