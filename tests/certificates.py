"""Certificates for tests of TLS: made by the openssl program, which is not the library under test.

An `Authority` issues certificates; each comes as the PEM text of the certificate and of its key.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile

OPENSSL = shutil.which("openssl")


class Identity:
    """A certificate and its key, as PEM (bytes) and as files."""

    def __init__(self, folder, name):
        self.certificate_file = os.path.join(folder, f"{name}.pem")
        self.key_file = os.path.join(folder, f"{name}.key")

    @property
    def certificate(self):
        with open(self.certificate_file, "rb") as file:
            return file.read()

    @property
    def key(self):
        with open(self.key_file, "rb") as file:
            return file.read()


class Authority(Identity):
    """Signs certificates. `with` it, or close() it: its folder goes away."""

    def __init__(self, name="authority"):
        self.folder = tempfile.mkdtemp(prefix="zmqpy-tls-")
        super().__init__(self.folder, "authority")
        self._numbers = itertools.count()
        self._run(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30",
            *("-subj", f"/CN={name}", "-keyout", self.key_file, "-out", self.certificate_file),
        )

    def issue(self, name, alternatives="DNS:localhost,IP:127.0.0.1,IP:::1", days=30):
        """An Identity with CN `name` and the alternative names as openssl writes them."""
        made = Identity(self.folder, f"issued{next(self._numbers)}")
        request, extensions = made.key_file + ".csr", made.key_file + ".ext"
        with open(extensions, "w") as file:
            file.write(f"subjectAltName={alternatives}\n")
        self._run(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes",
            *("-subj", f"/CN={name}", "-keyout", made.key_file, "-out", request),
        )
        self._run(
            "x509 -req -CAcreateserial",
            *("-in", request, "-CA", self.certificate_file, "-CAkey", self.key_file),
            *("-out", made.certificate_file, "-days", str(days), "-extfile", extensions),
        )
        return made

    def encrypted_key(self, identity, password):
        """The PEM of the identity's key under a password."""
        path = identity.key_file + ".enc"
        self._run("pkey -aes256", "-in", identity.key_file, "-out", path, "-passout", f"pass:{password}")
        with open(path, "rb") as file:
            return file.read()

    def _run(self, words, *more):
        subprocess.run([OPENSSL, *words.split(), *more], check=True, capture_output=True, timeout=60)

    def close(self):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)
