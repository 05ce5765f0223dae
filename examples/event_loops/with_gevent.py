"""A server and its client as greenlets."""

import gevent

import zmqpy.green as zmq

context = zmq.Context()
rep = context.socket(zmq.REP)
req = context.socket(zmq.REQ)
req.connect("tcp://127.0.0.1:%d" % rep.bind_to_random_port("tcp://127.0.0.1"))


def serve():
    while True:
        rep.send(rep.recv().upper())


def ask():
    for question in ("one", "two", "three"):
        req.send_string(question)
        print(req.recv_string())


server = gevent.spawn(serve)
with gevent.Timeout(10):
    gevent.spawn(ask).get()
server.kill()
context.destroy()
