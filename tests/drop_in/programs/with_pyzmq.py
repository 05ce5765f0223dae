"""A program over pyzmq, whichever there is: messages without copies, polling, asyncio, CURVE with ZAP, a monitor, a proxy in a thread.

Prints the version of libzmq that it runs on. It is run by another Python than the tests' own, so it uses nothing of theirs.
"""

import asyncio
import threading

import zmq
import zmq.asyncio
import zmq.auth.thread
import zmq.utils.monitor


def opened(context, socket_type, **options):
    socket = context.socket(socket_type)
    socket.linger = 0
    socket.rcvtimeo = socket.sndtimeo = 20000
    for name, value in options.items():
        setattr(socket, name, value)
    return socket


def connect(bound, connected):
    connected.connect(f"tcp://127.0.0.1:{bound.bind_to_random_port('tcp://127.0.0.1')}")


def messages(context):
    push, pull = opened(context, zmq.PUSH), opened(context, zmq.PULL)
    connect(pull, push)
    body = b"x" * 1_000_000
    tracker = push.send(body, copy=False, track=True)
    frame = pull.recv(copy=False)
    assert bytes(frame) == body
    assert frame.get("Socket-Type") == "PUSH"
    tracker.wait(20)
    for i in range(1000):
        push.send_multipart([b"number", b"%d" % i])
    assert [int(pull.recv_multipart()[1]) for _ in range(1000)] == list(range(1000))
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    assert not poller.poll(0)
    push.send_json({"a": [1, 2]})
    assert poller.poll(20000) == [(pull, zmq.POLLIN)]
    assert pull.recv_json() == {"a": [1, 2]}
    push.close()
    pull.close()


async def loops():
    context = zmq.asyncio.Context()
    rep, req = opened(context, zmq.REP), opened(context, zmq.REQ)
    connect(rep, req)
    for i in range(100):
        await req.send(b"%d" % i)
        await rep.send(await rep.recv())
        assert await req.recv() == b"%d" % i
    context.destroy()


def security(context):
    authenticator = zmq.auth.thread.ThreadAuthenticator(context)
    authenticator.start()
    authenticator.configure_curve(domain="*", location=zmq.auth.CURVE_ALLOW_ANY)
    (server_public, server_secret), (public, secret) = zmq.curve_keypair(), zmq.curve_keypair()
    server = opened(context, zmq.PULL, curve_server=1, curve_secretkey=server_secret, curve_publickey=server_public)
    client = opened(context, zmq.PUSH, curve_serverkey=server_public, curve_publickey=public, curve_secretkey=secret)
    events = server.get_monitor_socket()
    connect(server, client)
    client.send(b"secret")
    frame = server.recv(copy=False)
    assert bytes(frame) == b"secret"
    assert frame.get("User-Id")
    heard = set()
    while zmq.EVENT_HANDSHAKE_SUCCEEDED not in heard:
        assert events.poll(20000)
        heard.add(zmq.utils.monitor.recv_monitor_message(events)["event"])
    server.disable_monitor()
    authenticator.stop()
    server.close()
    client.close()


def proxy(context):
    front, back = opened(context, zmq.ROUTER), opened(context, zmq.DEALER)
    req, rep = opened(context, zmq.REQ), opened(context, zmq.REP)
    connect(front, req)
    back.bind("inproc://back")
    rep.connect("inproc://back")

    def forward():
        try:
            zmq.proxy(front, back)
        except zmq.ContextTerminated:
            front.close()
            back.close()

    thread = threading.Thread(target=forward)
    thread.start()
    req.send(b"question")
    assert rep.recv() == b"question"
    rep.send(b"answer")
    assert req.recv() == b"answer"
    req.close()
    rep.close()
    context.term()
    thread.join()


def main():
    context = zmq.Context()
    messages(context)
    asyncio.run(loops())
    security(context)
    proxy(context)
    print(zmq.zmq_version())


main()
