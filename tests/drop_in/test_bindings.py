"""Bindings of other languages, each a program over Debian's package of it."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(120)
PROGRAMS = Path(__file__).resolve().parent / "programs"


def test_ruby(needs, run, version):
    needs("ruby", "/usr/share/doc/ruby-ffi-rzmq")
    assert run("ruby", PROGRAMS / "zmq.rb").split()[-1] == version


def test_perl(needs, run, version):
    needs("perl", "/usr/share/doc/libzmq-ffi-perl")
    assert run("perl", PROGRAMS / "zmq.pl").split()[-1] == version


def test_php(needs, run, version):
    needs("php", "/usr/share/doc/php-zmq")
    assert run("php", PROGRAMS / "zmq.php").split()[-1] == version


def test_java(needs, run, prefix, tmp_path):
    needs("javac", "java", "/usr/share/java/zmq.jar")
    run("javac", "-d", tmp_path, "-cp", "/usr/share/java/zmq.jar", PROGRAMS / "Jzmq.java", timeout=100)
    libraries = next(Path("/usr/lib").glob("**/jni"))
    command = [
        "java",
        "-XX:TieredStopAtLevel=1",
        f"-Djava.library.path={libraries}",
        "-cp",
        f"/usr/share/java/zmq.jar:{tmp_path}",
        "Jzmq",
    ]
    mapped = run(*command).splitlines()
    assert mapped
    assert all(str(prefix) in line for line in mapped)


def test_python(needs, run, version):
    """Debian's own pyzmq, an older one, which was compiled for Debian's libzmq."""
    needs("/usr/lib/python3/dist-packages/zmq")
    assert run("/usr/bin/python3", PROGRAMS / "with_pyzmq.py").split()[-1] == version
