import zmqpy as zmq
import time

context = zmq.Context()
socket = context.socket(zmq.PUSH)
socket.bind("tcp://127.0.0.1:5555")

for i in range(5):
    msg = f"Task {i}"
    print("Sending:", msg)
    socket.send_string(msg)
    time.sleep(1)
