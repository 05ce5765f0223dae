#!/usr/bin/env python3
"""Compares zmqpy's public names, signatures and defaults with those of an installed pyzmq; prints what differs.

Both are only looked at from outside. What is missing here is listed as "missing", other arguments or defaults as "signature";
additions are not differences. Exit status 0 whatever is found.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

MODULES = [
    "",
    "error",
    "constants",
    "decorators",
    "sugar",
    "backend",
    "utils.jsonapi",
    "utils.monitor",
    "utils.z85",
    "utils.strtypes",
    "utils.interop",
    "utils.win32",
]
CLASSES = [
    "Context",
    "Socket",
    "Frame",
    "MessageTracker",
    "Poller",
    "ZMQError",
    "Again",
    "ContextTerminated",
    "InterruptedSystemCall",
    "NotDone",
    "ZMQBaseError",
    "ZMQBindError",
    "ZMQVersionError",
    "DraftFDWarning",
    "Stopwatch",
]


def parameters(thing: Any) -> list[tuple[str, str, str]] | None:
    """Name, kind and default of each parameter; None if it has no signature."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    return [
        (parameter.name, parameter.kind.name, "" if parameter.default is parameter.empty else repr(parameter.default))
        for parameter in signature.parameters.values()
    ]


def compare(label: str, theirs: Any, ours: Any) -> list[str]:
    """Differences between the public names of two modules or classes."""
    found = []
    for name in sorted(dir(theirs)):
        if name.startswith("_"):
            continue
        original = inspect.getattr_static(theirs, name, None)
        if inspect.ismodule(original) or getattr(original, "__module__", "").partition(".")[0] in ("typing", "enum"):
            continue
        if not hasattr(ours, name):
            found.append(f"missing    {label}{name}")
            continue
        original, replacement = getattr(theirs, name), getattr(ours, name)
        if callable(original) and not isinstance(original, type):
            wanted, present = parameters(original), parameters(replacement)
            if wanted is not None and wanted != present:
                found.append(f"signature  {label}{name}: {inspect.signature(original)}\n           here: {present}")
        elif isinstance(original, int) and not isinstance(original, bool) and original != replacement:
            found.append(f"value      {label}{name}: {original!r}, here {replacement!r}")
    return found


def main() -> None:
    """Prints the differences."""
    import zmq

    import zmqpy

    found = []
    for suffix in MODULES:
        dotted = f".{suffix}" if suffix else ""
        theirs = importlib.import_module(f"zmq{dotted}")
        ours = importlib.import_module(f"zmqpy{dotted}")
        found += compare(f"{suffix or 'zmq'}.", theirs, ours)
    for name in CLASSES:
        theirs, ours = getattr(zmq, name), getattr(zmqpy, name)
        found += compare(f"{name}.", theirs, ours)
        wanted, present = parameters(theirs), parameters(ours)
        if wanted is not None and wanted != present:
            found.append(f"signature  {name}{inspect.signature(theirs)}\n           here: {present}")
        bases = {base.__name__ for base in theirs.__mro__ if base.__module__.startswith(("zmq", "builtins"))}
        gone = bases - {base.__name__ for base in ours.__mro__} - {"AttributeSetter"}
        if gone:
            found.append(f"bases      {name} is not a {', '.join(sorted(gone))}")
    context, other = zmq.Context(), zmqpy.Context()
    with context, other, context.socket(zmq.PAIR) as theirs, other.socket(zmq.PAIR) as ours:
        found += [f"missing    Socket().{name}" for name in sorted(set(dir(theirs)) - set(dir(ours))) if name[0] != "_"]
        found += [
            f"missing    Context().{name}" for name in sorted(set(dir(context)) - set(dir(other))) if name[0] != "_"
        ]
    print("\n".join(found) if found else "no differences")


if __name__ == "__main__":
    main()
