"""install_as_zmq: `import zmq`, and everything below it, gives zmqpy's modules: the same objects under another name."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_ALIAS = "zmq"
_PACKAGE = __name__.partition(".")[0]


class _AliasLoader:
    """Loads zmqpy's module in place of zmq's."""

    def __init__(self, target: str):
        self._target = target
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._target)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has put the alias's there


class _AliasFinder:
    """Finds zmq and zmq.anything where zmqpy and zmqpy.anything are."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _ALIAS and not fullname.startswith(_ALIAS + "."):
            return None
        name = _PACKAGE + fullname[len(_ALIAS) :]
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            return None  # nor does another finder: the parent's __path__ is zmqpy's
        is_package = name in sys.modules and hasattr(sys.modules[name], "__path__")
        return ModuleSpec(fullname, _AliasLoader(name), is_package=is_package)  # type: ignore[arg-type]


_finder = _AliasFinder()


def install_as_zmq(force: bool = False) -> None:
    """From now on `import zmq`, `import zmq.utils.monitor` and so on give zmqpy. Calling it again does nothing.

    force : replace a zmq (pyzmq) that has already been imported. Whoever imported it keeps it.

    Raises RuntimeError if pyzmq has already been imported and `force` is not given.
    """
    package = sys.modules[_PACKAGE]
    present = sys.modules.get(_ALIAS)
    if present is not None and present is not package:
        if not force:
            raise RuntimeError(
                "another zmq is already imported: call zmqpy.install_as_zmq() before anything imports zmq, or with force=True"
            )
        for name in [name for name in sys.modules if name == _ALIAS or name.startswith(_ALIAS + ".")]:
            del sys.modules[name]
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    sys.modules[_ALIAS] = package
    for name, module in list(sys.modules.items()):
        if name.startswith(_PACKAGE + ".") and "._core" not in name:
            sys.modules[_ALIAS + name[len(_PACKAGE) :]] = module


__all__ = ["install_as_zmq"]
