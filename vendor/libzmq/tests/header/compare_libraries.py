#!/usr/bin/env python3
"""Compares our libzmq with another as the dynamic linker sees them, so that a program linked with theirs runs on ours.

Every function of theirs is ours, under the same soname and without symbol versions, in a file named as upstream names its own. And ours
reaches its own functions without the dynamic linker, which would hand it another libzmq's where that was loaded first.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def exports(nm: str, library: str) -> dict[str, str]:
    """The C functions that a library gives, each with its kind as nm shows it. (Upstream's leave some of C++ visible as well.)"""
    lines = output(nm, "--dynamic", "--defined-only", "--format=posix", library).splitlines()
    return {line.split()[0]: line.split()[1] for line in lines if line.startswith("zmq_")}


def soname(objdump: str, library: str) -> str:
    return re.findall(r"SONAME\s+(\S+)", output(objdump, "-p", library))[0]


def bound_by_the_linker(objdump: str, library: str) -> set[str]:
    """Functions of the C API that the library looks up at run time."""
    return set(re.findall(r"R_\w+\s+(zmq_\w+)", output(objdump, "-R", library)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("--theirs", help="the libzmq to compare with; without it ours alone is looked at")
    parser.add_argument("--file-name", default="libzmq.so.5.2.5", help="what our file must be called")
    parser.add_argument("ours")
    arguments = parser.parse_args()

    ours = exports(arguments.nm, arguments.ours)
    problems = [f"{name} has a version" for name in ours if "@" in name]
    problems += [f"{name} is found by the linker" for name in bound_by_the_linker(arguments.objdump, arguments.ours)]
    if soname(arguments.objdump, arguments.ours) != "libzmq.so.5":
        problems.append(f"the soname is {soname(arguments.objdump, arguments.ours)}")
    if Path(arguments.ours).resolve().name != arguments.file_name:
        problems.append(f"the file is {Path(arguments.ours).resolve().name}")
    compared = 0
    if arguments.theirs:
        theirs = exports(arguments.nm, arguments.theirs)
        compared = len(theirs)
        problems += [f"{name} is missing" for name in theirs if name not in ours]
        problems += [
            f"{name} is {ours[name]}, theirs {kind}" for name, kind in theirs.items() if ours.get(name, kind) != kind
        ]
        if soname(arguments.objdump, arguments.theirs) != soname(arguments.objdump, arguments.ours):
            problems.append(f"the soname of theirs is {soname(arguments.objdump, arguments.theirs)}")
        # A comparison of nothing would be no comparison.
        if compared < 60:
            problems.append(f"theirs has {compared} functions")

    for problem in sorted(problems):
        print(problem)
    print(f"{len(ours)} functions, compared with {compared}, {len(problems)} problems")
    return 1 if problems or not ours else 0


if __name__ == "__main__":
    raise SystemExit(main())
