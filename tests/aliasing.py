"""Runs the suite against another module under the name ``zmqpy``.

Responsible for one thing: when the environment variable ZMQPY_TEST_MODULE names another package (``zmq``, the oracle), every
``import zmqpy`` and ``import zmqpy.anything`` gives that package's modules. Used by conftest.py in the test process and by
support.run_python in the programs that tests start. It leaves everything else to the import system.
"""

import importlib
import importlib.abc
import importlib.util
import os
import sys

MODULE = os.environ.get("ZMQPY_TEST_MODULE") or "zmqpy"
ON_PYZMQ = MODULE == "zmq"


class _AliasFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``zmqpy[.x]`` as ``MODULE[.x]``, the very same module object."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname == "zmqpy" or fullname.startswith("zmqpy."):
            return importlib.util.spec_from_loader(fullname, self)
        return None

    def create_module(self, spec):
        module = importlib.import_module(MODULE + spec.name[len("zmqpy") :])
        # The import system is about to write the alias's spec into the module: keep the module's own.
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self._own_spec


def install():
    """Makes ``import zmqpy`` give MODULE, if MODULE is another one."""
    if MODULE != "zmqpy":
        sys.meta_path.insert(0, _AliasFinder())
