#!/usr/bin/env python3
"""Compares every public module, name, signature, default and docstring of zmqpy with those of an installed pyzmq.

    python tools/compare_with_pyzmq.py           prints what differs, with its reason if one is given below
    python tools/compare_with_pyzmq.py --check   fails if something differs without a reason, or a reason or the table is out of date
    python tools/compare_with_pyzmq.py --write   writes the table of docs/compatibility.md from it

Both packages are only looked at from outside. tests/test_compare_with_pyzmq.py holds the result: everything is equal, or is
listed in REASONS. Additions are not differences.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
import warnings
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "compatibility.md"
BEGIN = "<!-- names that differ: tools/compare_with_pyzmq.py --write -->"
END = "<!-- end of names that differ -->"

#: Of pyzmq's package, what is not its interface.
NOT_PUBLIC = ("zmq.tests", "zmq.backend.cffi", "zmq.backend.cython._zmq", "zmq.utils.getpid_compat")

#: The reason of what docs/compatibility.md lists as still to come; it may come without a change here.
NOT_YET = "not there yet"
#: Of what the libzmq in use has, ours or another.
OF_THE_LIBRARY = "true where the library has drafts"
#: Those that need not match, and are not in the table.
UNLISTED = {NOT_YET, OF_THE_LIBRARY}

#: Why something differs: pattern of "kind name", reason. Every pattern must match something.
REASONS: list[tuple[str, str]] = [
    ("value zmq.*DRAFT_API*", OF_THE_LIBRARY),
    (
        "base zmq.* is no AttributeSetter",
        "options are descriptors of the classes; `isinstance` and `issubclass` say that they are AttributeSetters",
    ),
    ("missing zmq.*Enum", "of the standard library's `enum`; import it from there"),
    ("missing zmq.*IntFlag", "of the standard library's `enum`; import it from there"),
    ("value zmq.backend.*", "there is one backend, named after its package"),
    (
        "base zmq.eventloop.future.CancelledError is no Exception",
        "it is asyncio's, so that `except Exception` lets a cancellation pass",
    ),
    ("missing zmq.green.core.TIMEOS", "of no use outside pyzmq's own waiting"),
]


def modules(package: ModuleType) -> list[str]:
    """Names of a package's public modules, without the package's own, "" first."""
    found = [""]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecated packages, which are imported for it
        below = list(pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=lambda name: None))
    for module in below:
        parts = module.name.split(".")[1:]
        if not any(part.startswith("_") for part in parts) and not module.name.startswith(NOT_PUBLIC):
            found.append(".".join(parts))
    return found


def load(package: str, suffix: str) -> ModuleType | None:
    """A module, without its warnings; None if it is not there, or needs another package that is not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(f"{package}.{suffix}" if suffix else package)
        except ImportError:
            return None


def belongs(thing: Any) -> bool:
    """Whether a name of a pyzmq module is pyzmq's, not one of the standard library or a submodule that it imported."""
    if inspect.ismodule(thing):
        return False
    module = getattr(thing, "__module__", None)
    if isinstance(module, str):
        return module.partition(".")[0] == "zmq"
    return not type(thing).__module__.startswith(("typing", "__future__"))


def is_for_own_use(module: ModuleType, name: str) -> bool:
    """Whether a plain module has only imported a name, and does not offer it in its __all__."""
    import zmq

    thing = getattr(module, name)
    if name == "TYPE_CHECKING":
        return True
    if hasattr(module, "__path__") or module is zmq.constants or name in getattr(module, "__all__", ()):
        return False
    home = getattr(thing, "__module__", None)
    if isinstance(home, str) and not isinstance(thing, int):
        return home != module.__name__
    return getattr(zmq, name, None) is thing


def shown(value: Any) -> str:
    """A default value, without what differs by package or process."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    return repr(value).replace("zmqpy", "zmq").partition(" at 0x")[0]


def parameters(thing: Any) -> list[str] | None:
    """Parameters with their kinds and defaults; None if the callable does not say."""
    try:
        found = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    return [
        str(parameter.replace(annotation=parameter.empty, default=parameter.empty))
        + ("" if parameter.kind.name == "POSITIONAL_OR_KEYWORD" else f"<{parameter.kind.name.lower()}>")
        + ("" if parameter.default is parameter.empty else f"={shown(parameter.default)}")
        for parameter in found
    ]


def accepts(present: list[str], wanted: list[str]) -> bool:
    """Whether parameters are the wanted ones, and perhaps optional ones more, which may also take the place of **kwargs."""
    named = [parameter for parameter in wanted if "<var_keyword>" not in parameter]
    rest = present[len(named) :]
    return present[: len(named)] == named and all("=" in parameter or "<var_" in parameter for parameter in rest)


def compare(label: str, theirs: Any, ours: Any, inside: bool = False) -> list[str]:
    """Differences of one thing: its kind, its signature or value, its docstring."""
    is_class = inspect.isclass(theirs)
    if is_class != inspect.isclass(ours) or (callable(theirs) and not callable(ours)):
        return [f"kind {label}"]
    found = []
    if callable(theirs):
        wanted, present = parameters(theirs), parameters(ours)
        if wanted is not None and present is not None and not accepts(present, wanted):
            found.append(f"signature {label}({', '.join(wanted)}) -> ({', '.join(present)})")
        if inspect.getdoc(theirs) and not inspect.getdoc(ours):
            found.append(f"docstring {label}")
    elif isinstance(theirs, (int, str, bytes, float)) and not inside and theirs != ours:
        found.append(f"value {label}: {theirs!r} -> {ours!r}")
    if is_class and not inside:
        found += compare_classes(label, theirs, ours)
    return found


def compare_classes(label: str, theirs: type, ours: type) -> list[str]:
    """Differences of two classes' bases and public members."""
    bases = {base.__name__ for base in theirs.__mro__} - {base.__name__ for base in ours.__mro__}
    found = [f"base {label} is no {name}" for name in sorted(bases) if not name.startswith("_")]
    for name in sorted(dir(theirs)):
        if name.startswith("_"):
            continue
        if not hasattr(ours, name):
            found.append(f"missing {label}.{name}")
            continue
        member = inspect.getattr_static(theirs, name)
        if isinstance(member, property) or not callable(getattr(theirs, name)):
            continue
        found += compare(f"{label}.{name}", getattr(theirs, name), getattr(ours, name), inside=True)
    return found


@cache
def differences() -> list[str]:
    """Everything that differs, as "kind name" with details behind it."""
    import zmq

    found = []
    for suffix in modules(zmq):
        theirs = load("zmq", suffix)
        if theirs is None:
            continue
        ours = load("zmqpy", suffix)
        label = f"zmq.{suffix}" if suffix else "zmq"
        if ours is None:
            found.append(f"module {label}")
            continue
        if theirs.__doc__ and not ours.__doc__:
            found.append(f"docstring {label}")
        for name, thing in sorted(vars(theirs).items()):
            if name.startswith("_") or not belongs(thing) or is_for_own_use(theirs, name):
                continue
            if not hasattr(ours, name):
                found.append(f"missing {label}.{name}")
                continue
            # A name that is only imported is compared where it is defined.
            home = getattr(thing, "__module__", theirs.__name__)
            if home == theirs.__name__ or not isinstance(home, str) or not callable(thing) or "._" in home:
                found += compare(f"{label}.{name}", thing, getattr(ours, name))
        found += [f"missing {label}.{name}" for name in getattr(theirs, "__all__", ()) if not hasattr(ours, name)]
    found += instances()
    return sorted(set(found))


def instances() -> list[str]:
    """What sockets and contexts have that their classes do not show."""
    import zmq

    import zmqpy

    context, other = zmq.Context(), zmqpy.Context()
    with context, other, context.socket(zmq.PAIR) as theirs, other.socket(zmqpy.PAIR) as ours:
        found = [f"missing Socket().{name}" for name in sorted(set(dir(theirs)) - set(dir(ours))) if name[0] != "_"]
        found += [f"missing Context().{name}" for name in sorted(set(dir(context)) - set(dir(other))) if name[0] != "_"]
    return found


def reason(difference: str) -> str | None:
    """Why it differs, if a reason is given."""
    for pattern, why in REASONS:
        if fnmatchcase(difference, pattern):
            return why
    return None


def stale() -> list[str]:
    """Patterns that match nothing any more."""
    found = differences()
    return [
        pattern
        for pattern, why in REASONS
        if why not in UNLISTED and not any(fnmatchcase(difference, pattern) for difference in found)
    ]


def table() -> str:
    """The differences as a Markdown table, one row a reason."""
    rows: dict[str, list[str]] = {}
    for difference in differences():
        if reason(difference) not in UNLISTED:
            rows.setdefault(reason(difference) or "?", []).append(difference)
    lines = ["| name | why it differs |", "| --- | --- |"]
    for why, found in sorted(rows.items(), key=lambda row: row[1]):
        names = []
        for difference in found:
            kind, _, rest = difference.partition(" ")
            name = rest.partition("(")[0].partition(":")[0]
            names.append(f"`{name}`" + ("" if kind in ("missing", "module") else f" ({kind})"))
        lines.append(f"| {', '.join(dict.fromkeys(names))} | {why} |")
    return "\n".join(lines)


def documented() -> str:
    """The table as docs/compatibility.md has it."""
    return DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def problems() -> list[str]:
    """What must be mended, here or in the documentation."""
    found = [f"no reason is given: {difference}" for difference in differences() if reason(difference) is None]
    found += [f"matches nothing: {pattern}" for pattern in stale()]
    if documented() != table():
        found.append(f"out of date: {DOCUMENT.name}; run this with --write")
    return found


def main() -> None:
    """Prints the differences, or writes their table, or checks all that."""
    if "--check" in sys.argv:
        sys.exit("\n".join(problems()) or 0)
    if "--write" in sys.argv:
        before, _, rest = DOCUMENT.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}")
        return
    for difference in differences():
        print(f"{difference}\n    {reason(difference) or 'NO REASON GIVEN'}")


if __name__ == "__main__":
    main()
