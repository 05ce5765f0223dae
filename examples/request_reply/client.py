import zmqpy as zmq

context = zmq.Context()
socket = context.socket(zmq.REQ)
socket.connect("tcp://localhost:5555")

socket.send_string("Hello ZeroMQ")
print("Server says: ", socket.recv().decode())
