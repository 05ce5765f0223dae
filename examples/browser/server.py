"""A REP and a PUB that a web page talks to: serves index.html, answers its questions and publishes the time.

Open the address it prints in a browser. It runs until Ctrl-C.
"""

import functools
import http.server
import pathlib
import threading
import time

import zmqpy as zmq

HERE = pathlib.Path(__file__).resolve().parent


class Files(http.server.SimpleHTTPRequestHandler):
    """The files beside this one."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}

    def log_message(self, *args):
        pass


def main():
    context = zmq.Context()
    answers, news = context.socket(zmq.REP), context.socket(zmq.PUB)
    answers.bind("ws://127.0.0.1:5580/ask")
    news.bind("ws://127.0.0.1:5581/news")
    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), functools.partial(Files, directory=str(HERE)))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    print("http://127.0.0.1:8000/", flush=True)
    try:
        while True:
            if answers.poll(1000):
                question = answers.recv_multipart()
                print("asked:", *question, flush=True)
                answers.send_multipart([b"Echo", *question])
            news.send_multipart([b"time", time.strftime("%H:%M:%S").encode()])
    except KeyboardInterrupt:
        pass
    finally:
        pages.shutdown()
        context.destroy(linger=0)


if __name__ == "__main__":
    main()
