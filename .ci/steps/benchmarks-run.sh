#!/usr/bin/env bash
# Every benchmark runs to its end; how fast is not judged here, since the machine may be busy.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

.venv/bin/python benchmarks/run.py --libraries zmq,zmqpy,raw --rounds 1 --seconds 0.1 --warmup 0.05 --idle-seconds 1 \
  --ignore-floors --json "$ci_build/benchmarks.json"
.venv/bin/python benchmarks/scale.py --rounds 1 --largest 100 --json "$ci_build/scale.json"
