"""What importlib.metadata says of pyzmq while zmqpy is in its place: the release whose interface zmqpy has."""

from __future__ import annotations

import os
from importlib.metadata import Distribution
from typing import Any

from zmqpy.version import pyzmq_version


class AliasDistribution(Distribution):
    """pyzmq, without files."""

    def read_text(self, filename: str) -> str | None:
        if filename in ("METADATA", "PKG-INFO"):
            summary = "Summary: zmqpy under pyzmq's name (zmqpy.install_as_zmq)"
            return f"Metadata-Version: 2.1\nName: pyzmq\nVersion: {pyzmq_version()}\n{summary}\n"
        return None

    def locate_file(self, path: Any) -> Any:
        return os.path.join(os.path.dirname(os.path.abspath(__file__)), path)
