#!/usr/bin/env python3
"""Checks that the library exports exactly the functions that zmq.h and zmq_ext.h declare, without symbol versions."""

from __future__ import annotations

import argparse
import subprocess

from probe import Probe


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--include", required=True, help="directory of zmq.h and zmq_ext.h")
    parser.add_argument("library")
    arguments = parser.parse_args()

    declared = set(Probe(arguments.compiler, arguments.include).functions("zmq_ext.h"))
    command = [arguments.nm, "--dynamic", "--defined-only", "--format=posix", arguments.library]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    exported = {line.split()[0] for line in output.splitlines()}
    # Sanitizer runtimes put names of theirs into everything they instrument.
    exported = {name for name in exported if not name.startswith(("__asan", "__tsan", "__ubsan", "__sanitizer", "___"))}

    for name in sorted(declared - exported):
        print(f"declared but not exported: {name}")
    for name in sorted(exported - declared):
        print(f"exported but not declared: {name}")
    print(f"{len(declared)} declared, {len(exported)} exported")
    return 0 if declared == exported and declared else 1


if __name__ == "__main__":
    raise SystemExit(main())
