"""install_as_zmq: `import zmq`, and everything below it, gives zmqpy's modules: the same objects under another name.

Running whole programs so, and what child processes need for it, is as_zmq.py's and _startup's.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.metadata import Distribution, DistributionFinder
    from types import CodeType, ModuleType

_ALIAS = "zmq"
_DISTRIBUTION = "pyzmq"  # the name that importlib.metadata knows it by
_PACKAGE = __name__.partition(".")[0]
_STARTUP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_startup")


class _AliasLoader:
    """Loads zmqpy's module in place of zmq's."""

    def __init__(self, target: str):
        self._target = target
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._target)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has put the alias's there

    # For `python -m zmq.something`.

    def get_code(self, fullname: str) -> CodeType | None:
        code: CodeType | None = self._loader().get_code(self._target)
        return code

    def get_source(self, fullname: str) -> str | None:
        source: str | None = self._loader().get_source(self._target)
        return source

    def get_filename(self, fullname: str) -> str:
        name: str = self._loader().get_filename(self._target)
        return name

    def is_package(self, fullname: str) -> bool:
        return bool(self._loader().is_package(self._target))

    def _loader(self) -> Any:
        spec = _find_spec(self._target)
        if spec is None or spec.loader is None:
            raise ImportError(f"no module named {self._target}")
        return spec.loader


def _find_spec(name: str) -> ModuleSpec | None:
    from importlib.util import find_spec

    return find_spec(name)


class _AliasFinder:
    """Finds zmq and zmq.anything where zmqpy and zmqpy.anything are."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _ALIAS and not fullname.startswith(_ALIAS + "."):
            return None
        name = _PACKAGE + fullname[len(_ALIAS) :]
        found = None if name in sys.modules else _find_spec(name)
        if name not in sys.modules and found is None:
            return None  # nor does another finder: the parent's __path__ is zmqpy's
        is_package = (
            hasattr(sys.modules[name], "__path__") if found is None else found.submodule_search_locations is not None
        )
        spec = ModuleSpec(fullname, _AliasLoader(name), is_package=is_package)  # type: ignore[arg-type]
        if found is not None:
            spec.origin = found.origin
        return spec

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterable[Distribution]:
        """pyzmq, for those who ask for it by name: importlib.metadata.version("pyzmq")."""
        name = getattr(context, "name", None)
        if name is not None and name.lower().replace("_", "-") == _DISTRIBUTION:
            from zmqpy._distribution import AliasDistribution  # a heavy import, for those who ask

            return [AliasDistribution()]
        return []


_finder = _AliasFinder()


def install_as_zmq(force: bool = False, children: bool = False) -> None:
    """From now on `import zmq`, `import zmq.utils.monitor` and so on give zmqpy. Calling it again does nothing.

    force : replace a zmq (pyzmq) that has already been imported. Whoever imported it keeps it.
    children : also in processes that this one starts with the same Python, however it starts them: by multiprocessing (spawn,
    forkserver) or as programs of their own. Sets PYTHONPATH.

    importlib.metadata.version("pyzmq") and zmq.__version__ then give pyzmq_version(); zmqpy's own is zmqpy.version.__version__.

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
    from zmqpy.version import pyzmq_version

    setattr(package, "__version__", pyzmq_version())  # noqa: B010
    if children:
        inherit()


def inherit() -> None:
    """Lets child processes start with the alias: the folder of its sitecustomize goes to the front of PYTHONPATH."""
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != _STARTUP]
    os.environ["PYTHONPATH"] = os.pathsep.join([_STARTUP, *paths])


def is_installed() -> bool:
    """Whether `import zmq` gives zmqpy here."""
    present = sys.modules.get(_ALIAS)
    if present is not None:
        return present is sys.modules[_PACKAGE]
    return _finder in sys.meta_path or any(type(finder).__name__ == "_Bootstrap" for finder in sys.meta_path)


__all__ = ["install_as_zmq"]
