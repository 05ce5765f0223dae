"""Names that programs written for older pyzmq use, and what other C and Cython modules need to be built."""

from __future__ import annotations

import os
from typing import Any

from zmqpy._core import device as _device_module
from zmqpy._core.device import proxy
from zmqpy._core.errors import has
from zmqpy.socket import Socket

_CORE = os.path.dirname(_device_module.__file__)  # where the compiled modules are, also of an editable installation


def device(device_type: int, frontend: Socket[Any], backend: Socket[Any]) -> int:
    """A proxy between two sockets until the context is terminated; `device_type` makes no difference. Use proxy."""
    return proxy(frontend, backend)


def get_includes() -> list[str]:
    """Directories for C and Cython modules that use zmqpy's sockets: headers, and the .pxd files of `cimport zmq`."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = [os.path.join(_CORE, "include"), os.path.join(here, "_core", "include"), os.path.join(here, "_cython")]
    return [path for path in dict.fromkeys(found) if os.path.isdir(path)]


def get_library_dirs() -> list[str]:
    """Directories with the engine's library, to link with and to look in at run time (runtime_library_dirs)."""
    return [_CORE]


def get_libraries() -> list[str]:
    """Names of the libraries to link such modules with."""
    return ["zmqpy_engine"] if has("zmqpy-engine") else ["zmq"]


__all__ = ["device", "get_includes", "get_libraries", "get_library_dirs"]
