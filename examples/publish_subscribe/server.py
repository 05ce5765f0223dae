import time
import zmqpy as zmq

context = zmq.Context()
socket = context.socket(zmq.PUB)
socket.bind("tcp://*:5556")

while True:
    topic = "news"
    message = f"Breaking news at time {time.time}"
    socket.send_string(f"{topic} {message}")
    print("Published:", message)
    time.sleep(2)
