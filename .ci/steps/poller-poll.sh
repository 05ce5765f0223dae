#!/usr/bin/env bash
# What of the package's tests waits, connects and ends, once more with the engine's other poller backend, poll(2).
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

ZMQ_EXT_POLLER=poll .venv/bin/pytest -q -n 4 "${backend_tests[@]}" tests/test_pattern_*.py tests/test_told_once.py tests/test_idle.py \
  tests/test_waiting.py tests/test_monitor.py tests/test_proxy.py tests/test_endpoints.py tests/test_events.py tests/test_server_restarts.py \
  tests/test_hostile_peers.py tests/test_socket_close.py tests/test_tls*.py tests/test_websocket*.py tests/test_green.py tests/test_zmqstream.py
