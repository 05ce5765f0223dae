"""Certificates for tests of TLS: made by the openssl program, which is not the library under test.

An `Authority` issues certificates; each comes as the PEM text of the certificate and of its key.
"""

import contextlib
import datetime
import itertools
import os
import shutil
import subprocess
import tempfile

OPENSSL = shutil.which("openssl")

# `openssl ca` dates a certificate as one likes, in every version; `openssl x509` takes no day that is over, or not every version does.
CONFIGURATION = """
[ca]
default_ca = authority
[authority]
database = {folder}/issued
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = anybody
unique_subject = no
[anybody]
commonName = supplied
"""
# What strict clients, such as Python's from 3.13 on, ask of a server's certificate.
EXTENSIONS = """
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {alternatives}
"""


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
    """Signs certificates. close() it: its folder goes away."""

    def __init__(self, name="authority"):
        self.folder = tempfile.mkdtemp(prefix="zmqpy-tls-")
        super().__init__(self.folder, "authority")
        self._numbers = itertools.count()
        self._run(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30",
            *("-subj", f"/CN={name}", "-keyout", self.key_file, "-out", self.certificate_file),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )
        self._configuration = os.path.join(self.folder, "configuration")
        with open(self._configuration, "w") as file:
            file.write(CONFIGURATION.format(folder=self.folder))
        open(os.path.join(self.folder, "issued"), "w").close()

    def issue(self, name, alternatives="DNS:localhost,IP:127.0.0.1,IP:::1", days=30):
        """An Identity with CN `name` and the alternative names as openssl writes them, until in so many days (or before today)."""
        made = Identity(self.folder, f"issued{next(self._numbers)}")
        request, extensions = made.key_file + ".csr", made.key_file + ".ext"
        with open(extensions, "w") as file:
            file.write(EXTENSIONS.format(alternatives=alternatives))
        self._run(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes",
            *("-subj", f"/CN={name}", "-keyout", made.key_file, "-out", request),
        )
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
        since = until - datetime.timedelta(days=abs(days) + 1)
        self._run(
            "ca -batch -notext",
            *("-config", self._configuration, "-cert", self.certificate_file, "-keyfile", self.key_file),
            *("-startdate", f"{since:%Y%m%d%H%M%SZ}", "-enddate", f"{until:%Y%m%d%H%M%SZ}", "-extfile", extensions),
            *("-in", request, "-out", made.certificate_file),
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
