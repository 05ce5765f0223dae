import zmqpy as zmq

context = zmq.Context()
dealer = context.socket(zmq.DEALER)
dealer.identity = b"Client A"
dealer.connect("tcp://localhost:5555")

dealer.send(b"Hello from client A")
reply = dealer.recv()
print("Recieved: ", reply.decode())
