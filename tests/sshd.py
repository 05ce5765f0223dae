"""An ssh server for tests: Debian's sshd, started on loopback with a configuration and keys of its own, and a client's `ssh` that
knows them.

`find()` says why there cannot be one here, or None. Nothing of the machine's own ssh configuration is used or changed.
"""

import getpass
import os
import shutil
import socket
import stat
import subprocess

from support import wait_until

PASSPHRASE = "a passphrase"


def find():
    for program in ("ssh", "ssh-keygen", "/usr/sbin/sshd"):
        if shutil.which(program) is None:
            return f"needs {program}"
    return None


class Server:
    """sshd with two keys that let this user in: `key`, and `locked_key`, which has a passphrase. `stranger` does not."""

    def __init__(self, folder):
        self.folder = folder
        self.key = self._make_key("key")
        self.locked_key = self._make_key("locked_key", PASSPHRASE)
        self.stranger = self._make_key("stranger")
        host_key = self._make_key("host_key")
        keys = [open_text(f"{key}.pub") for key in (self.key, self.locked_key)]
        self._write("authorized_keys", "".join(keys))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = self._write(
            "sshd_config",
            f"Port {self.port}\nListenAddress 127.0.0.1\nListenAddress 127.0.0.2\nHostKey {host_key}\nPidFile none\nUsePAM no\nStrictModes no\n"
            f"PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\n",
        )
        known = f"[127.0.0.1]:{self.port} {open_text(f'{host_key}.pub')}"
        self.known_hosts = self._write("known_hosts", known)
        self._client(f"UserKnownHostsFile {self.known_hosts}\nIdentitiesOnly yes\nIdentityFile none\n")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        # -D: not in the background; the log is read when it ends.
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", config], stderr=subprocess.PIPE)
        wait_until(self._listens, "sshd to listen")

    @property
    def address(self):
        return f"{getpass.getuser()}@127.0.0.1:{self.port}"

    def stop(self):
        self.process.terminate()
        self.process.communicate()

    def _listens(self):
        assert self.process.poll() is None, self.process.stderr.read().decode()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _client(self, settings):
        """A program `ssh` in a folder of its own that reads these settings and no others."""
        config = self._write("ssh_config", settings)
        os.mkdir(os.path.join(self.folder, "bin"))
        program = self._write("bin/ssh", f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
        os.chmod(program, stat.S_IRWXU)
        self.path = os.path.dirname(program)

    def _make_key(self, name, passphrase=""):
        path = os.path.join(self.folder, name)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path], check=True)
        return path

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path


def open_text(path):
    with open(path) as file:
        return file.read()
