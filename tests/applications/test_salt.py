"""Salt: a master and a minion on loopback, a command, and a file of several pieces."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support import free_port

pytestmark = pytest.mark.timeout(240)

MASTER = """
user: root
interface: 127.0.0.1
publish_port: {publish}
ret_port: {reply}
root_dir: {root}
auto_accept: True
worker_threads: 2
file_roots: {{base: [{root}/srv]}}
"""
MINION = """
user: root
master: 127.0.0.1
publish_port: {publish}
master_port: {reply}
id: ann
root_dir: {root}
tcp_keepalive: True
"""


@pytest.fixture
def root():
    """A folder whose name leaves room for those of ipc sockets below it."""
    with tempfile.TemporaryDirectory(prefix="salt", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="the master wants to be root")
def test_master_and_minion(needs, run, root):
    needs("salt")
    (root / "etc").mkdir()
    (root / "srv").mkdir()
    publish, reply = free_port(), free_port()
    (root / "etc" / "master").write_text(MASTER.format(publish=publish, reply=reply, root=root))
    (root / "etc" / "minion").write_text(MINION.format(publish=publish, reply=reply, root=root))
    programs = os.path.dirname(sys.executable)

    def ask(*command):
        """What the minion answers, None if there is no answer."""
        output = run(f"{programs}/salt", "-c", root / "etc", "--out=json", "-t", "20", "ann", *command)
        output.process.wait(90)
        text = output.output()
        try:
            return json.loads(text[text.index("{") :]).get("ann")
        except ValueError:
            return None

    master = run(f"{programs}/salt-master", "-c", root / "etc")
    minion = run(f"{programs}/salt-minion", "-c", root / "etc")
    until = time.monotonic() + 120
    while ask("test.ping") is not True:
        assert time.monotonic() < until, master.output() + minion.output()
    for number in range(5):
        assert ask("test.echo", f"message {number}") == f"message {number}"
    assert ask("cmd.run", "echo $((6 * 7))") in ("42", 42)
    content = os.urandom(3_000_000)
    (root / "srv" / "file").write_bytes(content)
    assert ask("cp.get_file", "salt://file", root / "copy") == str(root / "copy")
    assert (root / "copy").read_bytes() == content
