"""An echo server by callbacks, in tornado."""

import asyncio

import zmqpy as zmq
from zmqpy.eventloop.zmqstream import ZMQStream


async def main():
    context = zmq.Context()
    rep, req = context.socket(zmq.REP), context.socket(zmq.REQ)
    req.connect("tcp://127.0.0.1:%d" % rep.bind_to_random_port("tcp://127.0.0.1"))
    server, client = ZMQStream(rep), ZMQStream(req)
    answered = asyncio.Event()

    def answer(parts):
        print(parts)
        answered.set()

    server.on_recv(server.send_multipart)
    client.on_recv(answer)
    client.send_multipart([b"Hello", b"tornado"])
    await asyncio.wait_for(answered.wait(), 10)
    server.close()
    client.close()
    context.term()


asyncio.run(main())
