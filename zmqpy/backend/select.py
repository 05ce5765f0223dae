"""pyzmq's choice of a backend: what a module with the names of `public_api` offers. zmqpy has one, `zmqpy.backend.cython`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

public_api: list[str] = [
    "Context",
    "Socket",
    "Frame",
    "Message",
    "proxy",
    "proxy_steerable",
    "zmq_poll",
    "strerror",
    "zmq_errno",
    "has",
    "curve_keypair",
    "curve_public",
    "zmq_version_info",
    "IPC_PATH_MAX_LEN",
    "PYZMQ_DRAFT_API",
]


def select_backend(name: str) -> dict[str, Any]:
    """The names of a backend module, by name. Raises ImportError if there is no such module, AttributeError if names are missing."""
    module = import_module(name)
    return {key: getattr(module, key) for key in ["monitored_queue", *public_api]}
