"""See zmqpy/__init__.pxd."""
