"""The Cython layer: one module a C handle of libzmq. Everything public is reached through `zmqpy`."""
