#!/usr/bin/env python3
"""Compares our zmq.h with another libzmq's through the compiler: every constant, type and function of theirs must be ours, and be declared
under the same circumstances: what theirs has with ZMQ_BUILD_DRAFT_API only, ours has not without.

Neither header is read as text; both are preprocessed and compiled. Exit status 1 with a list of what differs.
"""

from __future__ import annotations

import argparse

from probe import TYPES, Probe

# Theirs may be older: what changed on the way to 4.3.5.
VERSION = {"ZMQ_VERSION_MAJOR", "ZMQ_VERSION_MINOR", "ZMQ_VERSION_PATCH", "ZMQ_VERSION"}
CHANGED_IN_4_3_5 = {"ZMQ_RECONNECT_STOP_AFTER_DISCONNECT": ("3", "4")}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--ours", required=True, help="directory of our zmq.h")
    parser.add_argument("--theirs", required=True, help="directory of the zmq.h to compare with")
    arguments = parser.parse_args()
    ours, theirs = Probe(arguments.compiler, arguments.ours), Probe(arguments.compiler, arguments.theirs)

    problems = []
    their_macros, our_macros = theirs.macros() - VERSION, ours.macros()
    problems += [f"{name} is missing" for name in sorted(their_macros - our_macros)]
    their_values = theirs.values(their_macros, set(TYPES))
    our_values = ours.values(our_macros, set(TYPES))
    for name, value in their_values.items():
        ours_is = our_values.get(name)
        if ours_is is not None and ours_is != value and CHANGED_IN_4_3_5.get(name) != (value, ours_is):
            problems.append(f"{name} is {ours_is}, theirs {value}")

    their_functions, our_functions = theirs.functions(), ours.functions()
    for name, kind in their_functions.items():
        if our_functions.get(name) != kind:
            problems.append(f"{name}: {our_functions.get(name)}, theirs {kind}")

    problems += [f"{name} is missing" for name in sorted(theirs.markers() - ours.markers())]
    our_types = ours.function_types()
    for name, kind in theirs.function_types().items():
        if our_types.get(name) != kind:
            problems.append(f"{name} takes {our_types.get(name)}, theirs {kind}")

    our_stable = Probe(arguments.compiler, arguments.ours, draft=False)
    their_stable = Probe(arguments.compiler, arguments.theirs, draft=False)
    for ours_all, ours_is, theirs_all, theirs_is in (
        (our_macros, our_stable.macros(), their_macros, their_stable.macros() - VERSION),
        (set(our_functions), set(our_stable.functions()), set(their_functions), set(their_stable.functions())),
    ):
        problems += [f"{name} is missing without drafts" for name in sorted(theirs_is - ours_is)]
        drafts = theirs_all - theirs_is | (ours_all - theirs_all)  # what theirs is too old for came as a draft
        problems += [f"{name} is a draft" for name in sorted(ours_is & drafts - VERSION)]

    for problem in problems:
        print(problem)
    print(f"{len(their_values)} values and {len(their_functions)} functions compared, {len(problems)} differ")
    # A comparison of nothing would be no comparison.
    return 1 if problems or len(their_values) < 150 or len(their_functions) < 60 else 0


if __name__ == "__main__":
    raise SystemExit(main())
