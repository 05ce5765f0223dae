#!/usr/bin/env bash
# The engine as macOS and the BSDs have it, on Linux: kqueue(2), which vendor/libzmq/tests/kqueue emulates, and no call that macOS lacks.
# The tests are those that an earlier step built for the engine with epoll (readme-run, readme-test); only the library is another one.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

need_engine_tests

# The package's modules call the engine by names of their own; this one has both.
names=$(sed -nE 's/^ZMQ_EXPORT [^(]*[ *]zmq_([a-z0-9_]+) ?\(.*/-Wl,--defsym=zmq_py_\1=zmq_\1/p' vendor/libzmq/include/zmq.h vendor/libzmq/include/zmq_ext.h)
folder=$ci_build/kqueue
cmake -S vendor/libzmq -B "$folder" "${unoptimised[@]}" -DZMQ_POLLER=kqueue -DZMQ_PORTABLE=ON -DZMQ_BUILD_TESTS=ON -DZMQ_UNIT_FOLDERS='platform;io;strand' \
  -DZMQ_BUILD_STATIC=OFF -DZMQ_INSTALL=OFF -DCMAKE_SHARED_LINKER_FLAGS="${names//$'\n'/ }" >/dev/null
cmake --build "$folder" --target libzmq unit_tests
ctest --test-dir "$folder" --output-on-failure --parallel 3 --no-tests=error -L unit

library=$PWD/$folder
ln -sf libzmq.so.5 "$folder/libzmqpy_engine.so"
export LD_LIBRARY_PATH=$library
ldd build/engine/tests/stress/stress | grep -F "$library/libzmq.so.5"
ctest --test-dir build/engine --output-on-failure --parallel 4 --no-tests=error -R '^(conformance|stress)'

module=$(.venv/bin/python -I -c 'import zmqpy._core.socket as m; print(m.__file__)')
ldd "$module" | grep -F "$library/libzmqpy_engine.so"
# (Left out: what loads the package's engine by its path, which is the other one.)
.venv/bin/pytest -q -n 4 -k 'not a_large_body_is_given_back' "${backend_tests[@]}"
