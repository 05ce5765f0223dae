"""Certificate files, and the program that makes keys."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import aliasing
import pytest
from support import TESTS

import zmqpy as zmq
from zmqpy import auth

KEY = "a" * 40
try:
    zmq.curve_keypair()
except zmq.ZMQError:
    pytestmark = pytest.mark.skip(reason="this engine is built without libsodium")


def test_certificates_are_written_and_read(tmp_path):
    public_file, secret_file = auth.create_certificates(tmp_path, "name", {"owner": "me", "number": 5})
    assert (public_file, secret_file) == (str(tmp_path / "name.key"), str(tmp_path / "name.key_secret"))
    public, nothing = auth.load_certificate(public_file)
    again, secret = auth.load_certificate(secret_file)
    assert nothing is None and again == public and len(public) == len(secret) == 40
    assert zmq.curve_public(secret) == public
    text = Path(secret_file).read_text()
    assert "owner = me" in text and "number = 5" in text
    assert secret.decode() not in Path(public_file).read_text()


@pytest.mark.extension
def test_secret_is_the_owners(tmp_path):
    old = tmp_path / "name.key_secret"
    old.write_text("anybody's")
    old.chmod(0o666)
    _, secret_file = auth.create_certificates(str(tmp_path), "name")
    assert stat.S_IMODE(os.stat(secret_file).st_mode) == 0o600
    assert auth.load_certificate(secret_file)[1] is not None


def test_writing_fails(tmp_path):
    with pytest.raises(FileNotFoundError):
        auth.create_certificates(tmp_path / "nowhere", "name")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (f'curve\n    public-key = "{KEY}"\n', (KEY.encode(), None)),
        (f"curve\n\tpublic-key='{KEY}'", (KEY.encode(), None)),
        (f"curve\n public-key  =  {KEY}  ", (KEY.encode(), None)),
        (f'# a comment\nmetadata\n  x = y\ncurve\n public-key = "{KEY}"\n secret-key = "b"', (KEY.encode(), b"b")),
        (f'curve\n public-key = "x"\n public-key = "{KEY}"', (KEY.encode(), None)),
        (f'# public-key = "b"\npublic-key = "{KEY}"', (KEY.encode(), None)),
        ("curve\n secret-key = 5", None),
        ("", None),
    ],
)
def test_reading(tmp_path, text, keys):
    path = tmp_path / "x.key"
    path.write_text(text)
    if keys is None:
        with pytest.raises(ValueError, match="No public key found"):
            auth.load_certificate(path)
    else:
        assert auth.load_certificate(str(path)) == keys


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(OSError, match="Invalid certificate file"):
        auth.load_certificate(tmp_path / "nothing")
    with pytest.raises(OSError, match="Invalid certificate directory"):
        auth.load_certificates(tmp_path / "nothing")


def test_folder(tmp_path, monkeypatch):
    assert auth.load_certificates(tmp_path) == {}
    keys = [auth.load_certificate(auth.create_certificates(tmp_path, name)[0])[0] for name in ("a", "b")]
    assert auth.load_certificates(str(tmp_path)) == dict.fromkeys(keys, True)
    monkeypatch.chdir(tmp_path)
    assert auth.load_certificates() == dict.fromkeys(keys, True)
    (tmp_path / "bad.key").write_text("nothing")
    with pytest.raises(ValueError):
        auth.load_certificates(tmp_path)


@pytest.mark.extension
def test_folder_with_special_characters(tmp_path):
    (folder := tmp_path / "[x]*").mkdir()
    auth.create_certificates(folder, "a")
    assert len(auth.load_certificates(folder)) == 1


def keygen(*options, check=True):
    command = [sys.executable, "-m", f"{aliasing.MODULE}.curve_keygen", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=TESTS, timeout=30)
    assert not check or done.returncode == 0, done.stderr
    return done


def test_keygen():
    title, public, blank, title_of_secret, secret = keygen().stdout.splitlines()
    assert (title, blank, title_of_secret) == ("== CURVE PUBLIC KEY ==", "", "== CURVE SECRET KEY ==")
    assert zmq.curve_public(secret.encode()) == public.encode()
    keys = json.loads(keygen("--json").stdout)
    assert zmq.curve_public(keys["secret"].encode()) == keys["public"].encode()
    assert json.loads(keygen("--json", "--secret", keys["secret"]).stdout) == keys
    assert keygen("--secret", "short", check=False).returncode != 0
