"""Sphinx's settings: `sphinx-build -W docs build/docs` makes the documentation, the reference from docstrings included.

The pages of the reference are written here, one a module; a name that is public and on none of them ends the build.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import zmqpy

project = "zmqpy"
release = version = zmqpy.version.__version__
extensions = ["sphinx.ext.autodoc", "myst_parser"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_title = f"zmqpy {release}"
# Links out of this folder and to headings are tests/test_readme.py's.
# index.md has the table of contents.
suppress_warnings = ["myst.xref_missing", "myst.header", "toc.not_included"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"

#: The modules with a page of their own. What `zmqpy` exports is on its page, wherever it is defined.
MODULES = [
    "zmqpy",
    "zmqpy.anyio",
    "zmqpy.arrays",
    "zmqpy.asyncio",
    "zmqpy.auth",
    "zmqpy.auth.asyncio",
    "zmqpy.auth.thread",
    "zmqpy.constants",
    "zmqpy.decorators",
    "zmqpy.devices",
    "zmqpy.diagnosis",
    "zmqpy.error",
    "zmqpy.events",
    "zmqpy.eventloop.future",
    "zmqpy.eventloop.zmqstream",
    "zmqpy.green",
    "zmqpy.install",
    "zmqpy.log.handlers",
    "zmqpy.peers",
    "zmqpy.serialize",
    "zmqpy.ssh",
    "zmqpy.utils.jsonapi",
    "zmqpy.utils.monitor",
    "zmqpy.utils.win32",
    "zmqpy.utils.z85",
]
CONSTANTS = set(zmqpy.constants.__all__)


def documented(module: Any) -> list[str]:
    """The public names of a module that its page has; constants are on one page only, modules on their own."""
    own = (
        name
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", "") == module.__name__ and name[0] != "_"
    )
    names = dict.fromkeys(getattr(module, "__all__", None) or own)
    if module.__name__ != "zmqpy.constants":
        names = dict.fromkeys(name for name in names if name not in CONSTANTS)
    if module.__name__ not in ("zmqpy", "zmqpy.constants"):
        names = dict.fromkeys(name for name in names if getattr(module, name) is not getattr(zmqpy, name, None))
    things = {name: getattr(module, name) for name in names}
    return [name for name, thing in things.items() if not inspect.ismodule(thing) and not is_others(thing)]


def is_others(thing: Any) -> bool:
    """Whether it is another package's: tornado's IOLoop."""
    home = getattr(thing, "__module__", "") if inspect.isclass(thing) else ""
    return home.partition(".")[0] not in ("", "zmqpy", "builtins")


def directive(module: str, name: str, thing: Any) -> list[str]:
    """How autodoc is told of one name."""
    path = f"{module}.{name}"
    if inspect.isclass(thing):
        return [
            f".. autoclass:: {path}",
            "   :members:",
            *(["   :undoc-members:"] if module == "zmqpy.constants" else []),
            "",
        ]
    if callable(thing):
        return [f".. autofunction:: {path}", ""]
    return [f".. autodata:: {path}", "   :no-value:", ""]


def write_pages(folder: Path) -> None:
    """The reference's pages, those that differ."""
    folder.mkdir(exist_ok=True)
    pages = {"index": ["Reference", "=========", "", ".. toctree::", "   :maxdepth: 1", ""]}
    for name in MODULES:
        module = importlib.import_module(name)
        pages["index"].append(f"   {name}")
        lines = [name, "=" * len(name), "", f".. automodule:: {name}", "   :no-members:", ""]
        for public in documented(module):
            lines += directive(name, public, getattr(module, public))
        pages[name] = lines
    for stale in folder.glob("*.rst"):
        if stale.stem not in pages:
            stale.unlink()
    for name, lines in pages.items():
        path, text = folder / f"{name}.rst", "\n".join(lines) + "\n"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def in_rst(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text with `code` in backticks and programs indented."""
    text = inspect.cleandoc("\n".join(lines))
    found: list[str] = []
    for chunk in re.split(r"\n\s*\n", text):
        if all(line.startswith("    ") for line in chunk.splitlines()):
            found += [".. code-block:: python", "", *("   " + line for line in chunk.splitlines()), ""]
        else:
            found += [escaped(line.strip()) for line in chunk.splitlines()] + [""]
    lines[:] = found


def escaped(line: str) -> str:
    """A line of a paragraph."""
    parts = re.split(r"(`[^`]+`)", line)
    marked = [
        f"``{part[1:-1]}``" if part.startswith("`") and len(part) > 2 else re.sub(r"([\\*_|`])", r"\\\1", part)
        for part in parts
    ]
    # Without white space around it, markup is no markup.
    joined = "".join(part if not part.startswith("``") else f"\\ {part}\\ " for part in marked)
    return re.sub(r"^([-+#.]|\d+\.)(?=\s)", r"\\\1", joined.strip())


def check_names(app: Any, exception: Exception | None) -> None:
    """Every public name is on a page."""
    if exception is not None:
        return
    known = {entry[0] for entry in app.env.get_domain("py").get_objects()}
    missing = [
        f"{module}.{name}"
        for module in MODULES
        for name in documented(importlib.import_module(module))
        if f"{module}.{name}" not in known
    ]
    if missing:
        raise SystemExit(f"not documented: {', '.join(missing)}")


def setup(app: Any) -> None:
    write_pages(Path(app.srcdir) / "reference")
    app.connect("autodoc-process-docstring", in_rst)
    app.connect("build-finished", check_names)
