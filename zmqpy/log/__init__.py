"""Logging over a PUB socket: `handlers` publishes, `python -m zmqpy.log` shows what is published."""
