"""Certificate files: a CURVE key as Z85 text, and notes about whose it is. NAME.key is public, NAME.key_secret is not."""

from __future__ import annotations

import glob
import os
from datetime import datetime
from typing import Union

from zmqpy._core.crypto import curve_keypair

_Path = Union[str, "os.PathLike[str]"]

_PUBLIC_HEAD = """\
#   Public CURVE certificate, written by zmqpy on {date}.
#   Give it to peers over a channel that nobody else can change.
"""
_SECRET_HEAD = """\
#   SECRET CURVE certificate, written by zmqpy on {date}.
#   For its owner only: show it to nobody, and keep the file's mode.
"""


def _certificate(head: str, keys: dict[str, bytes], metadata: dict[str, str]) -> str:
    def text(value: object) -> str:
        return value.decode("utf-8") if isinstance(value, bytes) else str(value)

    lines = [head.format(date=datetime.now().isoformat(" ", "seconds")), "metadata"]
    lines += [f"    {text(name)} = {text(value)}" for name, value in metadata.items()]
    lines += ["curve", *(f'    {name} = "{text(key)}"' for name, key in keys.items())]
    return "\n".join(lines) + "\n"


def _write(path: str, content: str, mode: int) -> None:
    """Replaces the file. A secret is never in a file that others may read, not even for a moment."""
    if os.path.exists(path):
        os.unlink(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


def create_certificates(key_dir: _Path, name: str, metadata: dict[str, str] | None = None) -> tuple[str, str]:
    """Makes a key pair and writes its two certificates to a folder; files of that name are replaced.

    metadata : notes that are written into the secret one.

    Returns the paths of the public certificate and of the secret one, which only its owner may read (mode 0600).
    Raises OSError, ZMQError (ENOTSUP: this engine has no CURVE).
    """
    public, secret = curve_keypair()
    base = os.path.join(key_dir, name)
    paths = f"{base}.key", f"{base}.key_secret"
    keys = {"public-key": public, "secret-key": secret}
    _write(paths[0], _certificate(_PUBLIC_HEAD, {"public-key": public}, {}), 0o666)
    _write(paths[1], _certificate(_SECRET_HEAD, keys, metadata or {}), 0o600)
    return paths


def _value(text: str) -> bytes:
    """What stands behind the `=`: within its quotation marks, or without spaces."""
    text = text.strip()
    if text[:1] in ("'", '"'):
        return text[1:].partition(text[0])[0].strip().encode("utf-8")
    return text.encode("utf-8")


def load_certificate(filename: _Path) -> tuple[bytes, bytes | None]:
    """The public key and, from a secret certificate, the secret key, as Z85; else None.

    Raises OSError if there is no such file, ValueError if there is no public key in it.
    """
    keys: dict[str, bytes] = {}
    if not os.path.exists(filename):
        raise OSError(f"Invalid certificate file: {filename}")
    with open(filename, encoding="utf-8", errors="replace") as file:
        for line in file:
            name, sign, value = line.partition("=")
            if sign and name.strip() in ("public-key", "secret-key"):
                keys[name.strip()] = _value(value)
    if not keys.get("public-key"):
        raise ValueError(f"No public key found in {filename}")
    return keys["public-key"], keys.get("secret-key")


def load_certificates(directory: _Path = ".") -> dict[bytes, bool]:
    """The public keys, each with True, of all certificates NAME.key in a folder.

    Raises OSError if there is no such folder, ValueError if a certificate has no public key.
    """
    if not os.path.isdir(directory):
        raise OSError(f"Invalid certificate directory: {directory}")
    return {
        load_certificate(path)[0]: True
        for path in sorted(glob.glob(os.path.join(glob.escape(str(directory)), "*.key")))
    }


__all__ = ["create_certificates", "load_certificate", "load_certificates"]
