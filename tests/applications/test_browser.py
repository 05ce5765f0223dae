"""examples/browser in headless Chromium: the page asks a REP and hears a PUB, over ws://."""

import functools
import http.server
import pathlib
import shutil
import subprocess
import threading

import pytest

import zmqpy as zmq

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "browser"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Files(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}

    def log_message(self, *args):
        pass


@pytest.fixture
def pages():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(EXAMPLE)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
@pytest.mark.timeout(180)
def test_the_page(pages, tmp_path):
    context = zmq.Context()
    rep, pub = context.socket(zmq.REP), context.socket(zmq.PUB)
    ports = [s.bind_to_random_port("ws://127.0.0.1") for s in (rep, pub)]
    browser = subprocess.Popen(
        [
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            f"--user-data-dir={tmp_path}",
            "--remote-debugging-port=0",  # so that it stays
            f"{pages}?selftest&ask={ports[0]}&news={ports[1]}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(1500):
            pub.send_multipart([b"time", b"now"])
            if rep.poll(100):
                break
        heard, topic, body, agent = rep.recv_multipart(zmq.DONTWAIT)
        assert (heard, topic, body) == (b"heard", b"time", b"now")
        assert b"Chrome" in agent
        rep.send(b"thanks")
    finally:
        browser.terminate()
        browser.wait(30)
        context.destroy(linger=0)
