import zmqpy as zmq

context = zmq.Context()
socket = context.socket(zmq.SUB)
socket.connect("tcp://localhost:5556")

# Subscribe to Topic "news"
socket.setsockopt_string(zmq.SUBSCRIBE, "news")

while True:
    message = socket.recv_string()
    print("Recieved: ", message)
