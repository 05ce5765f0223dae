import zmqpy as zmq

context = zmq.Context()
router = context.socket(zmq.ROUTER)
router.bind("tcp://localhost:5555")

print("Router is ready...")

while True:
    identity, msg = router.recv_multipart()
    print(f" From {identity}: {msg.decode()}")
    router.send_multipart([identity, f"Reply from Broker : Recieved your messages"])
