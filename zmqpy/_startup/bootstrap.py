"""The alias without zmqpy: an import hook that fetches zmqpy, and the alias proper, when something first imports zmq.

Stands alone: it runs in every Python that starts, before anything else, and must cost it nothing.
"""

from __future__ import annotations

import importlib.util
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Bootstrap:
    """Finds zmq by installing zmqpy in its place, and then is gone."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.partition(".")[0] != "zmq":
            return None
        self._withdraw()
        if importlib.util.find_spec("zmqpy") is None:
            return None  # another Python than the one that set this up
        import zmqpy.install

        zmqpy.install.install_as_zmq()
        return zmqpy.install._finder.find_spec(fullname)

    def find_distributions(self, context: Any = None) -> Any:
        """For importlib.metadata.version("pyzmq") before zmq is imported."""
        name = getattr(context, "name", None)
        if name is None or name.lower().replace("_", "-") != "pyzmq" or importlib.util.find_spec("zmqpy") is None:
            return ()
        import zmqpy.install

        return zmqpy.install._finder.find_distributions(context)

    def _withdraw(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


_bootstrap = _Bootstrap()


def install() -> None:
    """From now on `import zmq` gives zmqpy; what has been imported stays what it is."""
    if "zmq" not in sys.modules and not any(type(finder).__name__ == "_Bootstrap" for finder in sys.meta_path):
        sys.meta_path.insert(0, _bootstrap)
