"""Names that programs written for older pyzmq use."""

from __future__ import annotations

import os
from typing import Any

from zmqpy._core import device as _device_module
from zmqpy._core.device import proxy
from zmqpy.socket import Socket

_CORE = os.path.dirname(_device_module.__file__)  # where the compiled modules are, also of an editable installation


def device(device_type: int, frontend: Socket[Any], backend: Socket[Any]) -> int:
    """A proxy between two sockets until the context is terminated; `device_type` makes no difference. Use proxy."""
    return proxy(frontend, backend)


def get_includes() -> list[str]:
    """Directories with the C headers of the engine, for modules that use its sockets."""
    return [path for path in [os.path.join(_CORE, "include")] if os.path.exists(os.path.join(path, "zmq.h"))]


def get_library_dirs() -> list[str]:
    """Directories with the engine's library."""
    return [_CORE]


__all__ = ["device", "get_includes", "get_library_dirs"]
