"""rsyslogd with its czmq modules: log messages come in by PULL and leave by PUSH."""

import subprocess
from pathlib import Path

import pytest

import zmqpy as zmq

pytestmark = pytest.mark.timeout(60)

CONFIGURATION = """
global(workDirectory="{folder}")
module(load="imczmq")
module(load="omczmq")
template(name="raw" type="string" string="%rawmsg%")
ruleset(name="through") {{
    action(type="omczmq" socktype="PUSH" endpoints=">{out}" template="raw")
}}
input(type="imczmq" socktype="PULL" endpoints="@{into}" ruleset="through")
"""


def test_messages_go_through(needs, environment, prefix, make, tmp_path):
    needs("rsyslogd", "/usr/share/doc/rsyslog-czmq")
    into, out = f"ipc://{tmp_path}/into", f"ipc://{tmp_path}/out"
    configuration = tmp_path / "rsyslog.conf"
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, into=into, out=out))
    push, pull = make(zmq.PUSH), make(zmq.PULL)
    pull.bind(out)
    push.connect(into)
    with open(tmp_path / "output", "w+") as output:
        command = ["rsyslogd", "-n", "-f", str(configuration), "-i", str(tmp_path / "pid")]
        daemon = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            for i in range(100):
                push.send(b"<13>Jan  1 00:00:00 here test: message %d" % i)
            for i in range(100):
                assert pull.recv().rstrip(b"\n\0").endswith(b"test: message %d" % i)
            assert str(prefix) in Path(f"/proc/{daemon.pid}/maps").read_text()
        finally:
            daemon.terminate()
            status = daemon.wait(20)
        output.seek(0)
        assert status == 0, output.read()
