"""Entry point of a worker process: `python -m harness.worker ROLE '{"library": ..., ...}'`.

ROLE is "module.function" below harness.roles; the function gets the JSON's items as keyword arguments.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys


def main() -> None:
    """Run the role that the command line names."""
    module, function = sys.argv[1].split(".")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    role = getattr(importlib.import_module(f"harness.roles.{module}"), function)
    role(**json.loads(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # the measurement is over; neither lingering nor threads should keep the process


if __name__ == "__main__":
    main()
