import zmqpy as zmq

context = zmq.Context()
socket = context.socket(zmq.REP)   # Reply socket
socket.bind("tcp://*:5555")

while True:
    msg = socket.recv().decode()
    print("Recieved:", msg)
    socket.send_string(f"Echo: {msg}")
