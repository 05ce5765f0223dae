"""Requests of several tasks to one server, in asyncio."""

import asyncio

import zmqpy as zmq
import zmqpy.asyncio


async def serve(router):
    async for client, _, question in router:
        await router.send_multipart([client, b"", question.upper()])


async def ask(context, address, question):
    with context.socket(zmq.REQ) as req:
        req.connect(address)
        await req.send_string(question)
        return await asyncio.wait_for(req.recv_string(), 10)


async def main():
    with zmqpy.asyncio.Context() as context, context.socket(zmq.ROUTER) as router:
        address = "tcp://127.0.0.1:%d" % router.bind_to_random_port("tcp://127.0.0.1")
        server = asyncio.create_task(serve(router))
        print(await asyncio.gather(*[ask(context, address, name) for name in ("one", "two", "three")]))
        server.cancel()


asyncio.run(main())
