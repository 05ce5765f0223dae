"""A stream of messages, and a limit of time for the whole of it, in anyio: on trio, asyncio or uvloop."""

import anyio

import zmqpy as zmq
import zmqpy.anyio


async def produce(push):
    for number in range(3):
        await push.send_string(f"message {number}")


async def main():
    async with zmqpy.anyio.Context() as context, context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
        push.connect("tcp://127.0.0.1:%d" % pull.bind_to_random_port("tcp://127.0.0.1"))
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                group.start_soon(produce, push)
                for _ in range(3):
                    print(await pull.recv_string())
        with anyio.move_on_after(0.01) as scope:
            await pull.recv()
        print("nothing more came:", scope.cancelled_caught)


anyio.run(main)
