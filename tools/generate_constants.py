#!/usr/bin/env python3
"""Writes everything that lists ZeroMQ's constants from the one table in `constants_table.py`.

Outputs: the marked block in `vendor/libzmq/include/zmq.h`, `zmqpy/constants.py` (whole), `zmqpy/_core/constants.pxd`
(whole). Constants of `zmq_ext.h` are written by hand there; this tool verifies them.

    tools/generate_constants.py            rewrite what differs
    tools/generate_constants.py --check    change nothing; exit status 1 and a list if anything differs
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from constants_table import ERRNO, GROUPS, HAUSNUMERO, OWN_ERRNO, Group, Row

ROOT = Path(__file__).resolve().parent.parent
ZMQ_H = Path("vendor/libzmq/include/zmq.h")
ZMQ_EXT_H = Path("vendor/libzmq/include/zmq_ext.h")
CONSTANTS_PY = Path("zmqpy/constants.py")
CONSTANTS_PXD = Path("zmqpy/_core/constants.pxd")

BEGIN = "/* ---- constants: written by tools/generate_constants.py, do not edit ---- */"
END = "/* ---- end of constants ---- */"

ENUM_DOC = {
    "SocketType": "Types of sockets.",
    "Flag": "Flags of `Socket.send` and `Socket.recv`.",
    "PollEvent": "Events that a poller waits for and reports.",
    "SecurityMechanism": "Values of `SocketOption.MECHANISM`.",
    "SocketOption": "Options of `Socket.get` and `Socket.set`; each member knows the type of its value.",
    "ContextOption": "Options of `Context.get` and `Context.set`.",
    "MessageOption": "Options of `Frame.get`.",
    "Event": "Events of a socket monitor, and the protocol errors that `HANDSHAKE_FAILED_PROTOCOL` reports.",
    "RouterNotify": "Values of `SocketOption.ROUTER_NOTIFY`.",
    "ReconnectStop": "Values of `SocketOption.RECONNECT_STOP`.",
    "NormMode": "Values of `SocketOption.NORM_MODE`.",
    "DeviceType": "Types of `device`; they make no difference.",
}
FLAG_ENUMS = {"Flag", "PollEvent", "Event"}


# ---- zmq.h ----


def c_block() -> str:
    """The constants of zmq.h, from the opening to the closing marker."""
    lines = [
        BEGIN,
        "",
        "/* Error numbers: POSIX's where the platform has them. */",
        f"#define ZMQ_HAUSNUMERO {HAUSNUMERO}",
    ]
    for name, offset in ERRNO:
        if offset is not None:
            lines += [f"#ifndef {name}", f"#define {name} (ZMQ_HAUSNUMERO + {offset})", "#endif"]
    lines += ["", "/* Error numbers of ZeroMQ's own */"]
    lines += [f"#define {name} (ZMQ_HAUSNUMERO + {offset})" for name, offset in OWN_ERRNO]
    for group in GROUPS:
        if group.header != "zmq.h":
            continue
        rows = [row for row in group.rows if "python" not in row.words]
        stable = [row for row in rows if "draft" not in row.words]
        draft = [row for row in rows if "draft" in row.words]
        if stable:
            lines += ["", f"/* {group.title} */"]
        lines += [c_define(group, row) for row in stable]
        if draft:
            lines += [""] if not stable else []
            lines += ["#ifdef ZMQ_BUILD_DRAFT_API"]
            lines += [f"/* {group.title} */"] if not stable else []
            lines += [*(c_define(group, row) for row in draft), "#endif"]
    return "\n".join([*lines, "", END])


def c_define(group: Group, row: Row) -> str:
    value = group.prefix + row.alias if row.alias else row.text
    return f"#define {group.prefix}{row.name} {value}"


def header_text(old: str) -> str:
    """zmq.h with its block replaced. Raises ValueError if a marker is missing."""
    start, end = old.index(BEGIN), old.index(END) + len(END)
    return old[:start] + c_block() + old[end:]


def extension_errors(text: str) -> list[str]:
    """What zmq_ext.h says differently from the table."""
    errors = []
    for group in GROUPS:
        if group.header != "zmq_ext.h":
            continue
        for row in group.rows:
            found = re.search(rf"^#define {group.prefix}{row.name} (\S+)$", text, re.M)
            if not found or int(found[1], 0) != row.value:
                errors.append(f"{ZMQ_EXT_H}: {group.prefix}{row.name} should be {row.text}")
    return errors


# ---- constants.py ----


def enum_members(name: str) -> list[tuple[Group, Row]]:
    return [(g, r) for g in GROUPS if g.enum == name for r in g.rows if "c" not in r.words]


def member_name(group: Group, row: Row) -> str:
    if group.strip and row.name.startswith(group.strip):
        return row.name[len(group.strip) :]
    return row.name


def python_enum(name: str) -> list[str]:
    """Source of one enum class."""
    lines = [
        "",
        "",
        f"class {name}({'IntFlag' if name in FLAG_ENUMS else 'IntEnum'}):",
        f'    """{ENUM_DOC[name]}"""',
        "",
    ]
    if name == "SocketOption":
        lines += [
            "    _opt_type: _OptType",
            "",
            "    def __new__(cls, value: int, opt_type: _OptType = _OptType.int) -> SocketOption:",
            '        """A member with the number `value` whose value has the type `opt_type`."""',
            "        self = int.__new__(cls, value)",
            "        self._value_ = value",
            "        self._opt_type = opt_type",
            "        return self",
            "",
        ]
    for group, row in enum_members(name):
        kinds = [w for w in row.words if w in ("int64", "bytes", "fd")]
        value = f"{row.text}, _OptType.{kinds[0]}" if kinds else row.text
        lines.append(f"    {member_name(group, row)} = {value}")
    return lines


def python_errno() -> list[str]:
    lines = [
        "",
        "",
        "class Errno(IntEnum):",
        '    """Error numbers: the platform\'s where it has them, and ZeroMQ\'s own."""',
        "",
    ]
    for name, offset in ERRNO:
        value = f"errno.{name}" if offset is None else f'getattr(errno, "{name}", _HAUSNUMERO + {offset})'
        lines.append(f"    {name} = {value}")
    lines += [f"    {name} = _HAUSNUMERO + {offset}" for name, offset in OWN_ERRNO]
    return lines


def python_text() -> str:
    """The whole of zmqpy/constants.py."""
    enums = sorted({g.enum for g in GROUPS if g.enum})
    exports: list[str] = ["Errno", *enums]
    assignments = [f"{name}: int = Errno.{name}" for name, _ in (*ERRNO, *OWN_ERRNO)]
    exports += [name for name, _ in (*ERRNO, *OWN_ERRNO)]
    for enum in enums:
        assignments.append("")
        for group, row in enum_members(enum):
            assignments.append(f"{row.name}: int = {enum}.{member_name(group, row)}")
            exports.append(row.name)
    head = (
        '''"""ZeroMQ's constants: enums, and every member as a name of this module.

Written by tools/generate_constants.py from tools/constants_table.py; do not edit.
"""

from __future__ import annotations

import errno
from enum import Enum, IntEnum, IntFlag


class _OptType(Enum):
    """What the value of a socket option is, as Python sees it."""

    int = "int"
    int64 = "int64"
    bytes = "bytes"
    fd = "fd"


_HAUSNUMERO = %d'''
        % HAUSNUMERO
    )
    lines = head.splitlines() + python_errno()
    for enum in enums:
        lines += python_enum(enum)
    lines += ["", "", *assignments, "", "__all__ = ["]
    lines += [f'    "{name}",' for name in exports]
    return "\n".join([*lines, "]", ""])


# ---- constants.pxd ----


def pxd_text() -> str:
    """The whole of zmqpy/_core/constants.pxd.

    The numbers are written out, not taken from zmq.h, so that the bindings compile against any libzmq >= 4.3.
    """
    lines = [
        "# ZeroMQ's constants for Cython, with the numbers themselves: they do not depend on which zmq.h is used.",
        "# Written by tools/generate_constants.py from tools/constants_table.py; do not edit.",
        "",
        "cdef enum:",
        f"    ZMQ_HAUSNUMERO = {HAUSNUMERO}",
    ]
    lines += [f"    ZMQ_{name} = {HAUSNUMERO + offset}" for name, offset in OWN_ERRNO]
    for group in GROUPS:
        rows = [r for r in group.rows if r.value is not None]
        if rows:
            lines += ["", f"    # {group.title}"]
            lines += [f"    {group.prefix}{row.name} = {row.text}" for row in rows]
    return "\n".join([*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, fail if a file differs from the table")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: the one this tool is in)")
    arguments = parser.parse_args()

    problems = extension_errors((arguments.root / ZMQ_EXT_H).read_text(encoding="utf-8"))
    texts = {
        ZMQ_H: header_text((arguments.root / ZMQ_H).read_text(encoding="utf-8")),
        CONSTANTS_PY: python_text(),
        CONSTANTS_PXD: pxd_text(),
    }
    for name, text in texts.items():
        path = arguments.root / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if arguments.check:
            problems.append(f"{name}: differs from the table; run tools/generate_constants.py")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
