"""Tunnels for sockets, by OpenSSH's `ssh` or, as an extra, by paramiko.

A tunnel leads from a port of this machine to an endpoint as the ssh server sees it. It ends with this process, or when nobody has
used it for its `timeout`.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from getpass import getpass, getuser
from multiprocessing import Process
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    import zmqpy

try:
    import paramiko  # type: ignore[import-untyped, unused-ignore]
except ImportError:
    paramiko = None

#: What paramiko raises; where there is none, a class that nothing raises.
SSHException: type[Exception] = paramiko.SSHException if paramiko else type("SSHException", (Exception,), {})

_READY = "zmqpy-tunnel-is-open"
#: Answers ssh's questions for a password or the passphrase of a key, and no others (whether a host is to be trusted).
_ASKPASS = """\
#!/bin/sh
case "$1" in
  *[Pp]assword*|*[Pp]assphrase*) printf '%s\\n' "$ZMQPY_SSH_PASSWORD" ;;
  *) exit 1 ;;
esac
"""

_processes: list[subprocess.Popen[bytes]] = []
_PATIENCE = 3  # seconds, with an ssh that is to end


class MaxRetryExceeded(Exception):
    """No connection within the attempts or the time given."""


def try_passwordless_ssh(server: str, keyfile: str | None, paramiko: bool | None = None) -> bool:
    """Whether the server lets this user in without a password.

    server : "host", "user@host" or "user@host:port".  keyfile : path of a private key, None for the usual ones.
    paramiko : True to try with it, False with OpenSSH; None: with OpenSSH, but on Windows.
    """
    if _with_paramiko(paramiko):
        return _try_passwordless_paramiko(server, keyfile)
    return _try_passwordless_openssh(server, keyfile)


def _with_paramiko(choice: bool | None) -> bool:
    return sys.platform == "win32" if choice is None else choice


def _try_passwordless_openssh(server: str, keyfile: str | None) -> bool:
    command = [*_ssh_command(server, keyfile), "-o", "BatchMode=yes", _host(server), "true"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def _try_passwordless_paramiko(server: str, keyfile: str | None) -> bool:
    if paramiko is None:
        raise ImportError("paramiko is not installed")
    try:
        client = _paramiko_client(server, keyfile, None)
    except paramiko.AuthenticationException:
        return False
    client.close()
    return True


def tunnel_connection(
    socket: zmqpy.Socket[Any],
    addr: str,
    server: str,
    keyfile: str | None = None,
    password: str | None = None,
    paramiko: bool | None = None,
    timeout: int = 60,
) -> Process | int:
    """Connects a socket to `addr`, "tcp://host:port" as the server sees it, through a tunnel. Other arguments: open_tunnel.

    Returns the tunnel.
    """
    new_url, tunnel = open_tunnel(addr, server, keyfile, password, paramiko, timeout)
    socket.connect(new_url)
    return tunnel


def open_tunnel(
    addr: str,
    server: str,
    keyfile: str | None = None,
    password: str | None = None,
    paramiko: bool | None = None,
    timeout: int = 60,
) -> tuple[str, Process | int]:
    """Opens a tunnel to `addr`, "tcp://host:port" as the server sees it.

    server, keyfile, paramiko : as for try_passwordless_ssh.
    password : of the user or of the key; asked for if it is needed and None.
    timeout : seconds for which it stays open without connections.

    Returns the endpoint to connect to, and the tunnel: the process id of `ssh`, or paramiko's Process.
    """
    (local_port,) = select_random_ports(1)
    transport, _, address = addr.partition("://")
    host, _, remote_port = address.rpartition(":")
    if transport != "tcp" or not host or not remote_port.isdigit():
        raise ValueError(f"only tcp endpoints can be reached through a tunnel, tcp://host:port, not {addr!r}")
    make = paramiko_tunnel if _with_paramiko(paramiko) else openssh_tunnel
    tunnel = make(local_port, int(remote_port), server, host, keyfile, password, timeout)
    return f"tcp://127.0.0.1:{local_port}", tunnel


def openssh_tunnel(
    lport: int,
    rport: int,
    server: str,
    remoteip: str = "127.0.0.1",
    keyfile: str | None = None,
    password: str | None = None,
    timeout: int = 60,
) -> int:
    """Opens a tunnel by `ssh` from port `lport` of this machine to `remoteip`:`rport` as the server sees it.

    Other arguments: open_tunnel. Returns the process id of `ssh` once the tunnel is open. Raises RuntimeError with what `ssh` says
    if it cannot be, MaxRetryExceeded if that is not known within `timeout` seconds (a minute at least).
    """
    password = _password_if_needed(server, keyfile, password, _try_passwordless_openssh)
    command = [*_ssh_command(server, keyfile), "-o", "ExitOnForwardFailure=yes", "-S", "none"]
    command += ["-L", f"127.0.0.1:{lport}:{remoteip}:{rport}"]
    # The server says that all is well; then the session lasts for the timeout, and as long as connections do.
    remote = f"echo {_READY}; sleep {int(timeout)}"
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        if password is None:
            command += ["-o", "BatchMode=yes"]
        else:
            helper = os.path.join(folder, "askpass")
            with open(os.open(helper, os.O_WRONLY | os.O_CREAT, 0o700), "w") as file:
                file.write(_ASKPASS)
            environment.update(SSH_ASKPASS=helper, SSH_ASKPASS_REQUIRE="force", ZMQPY_SSH_PASSWORD=password)
            environment.setdefault("DISPLAY", ":0")  # older versions ask nobody without one
            command += ["-o", "NumberOfPasswordPrompts=1"]
        process = subprocess.Popen(
            [*command, _host(server), remote],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for this process
        )
        try:
            _wait_until_open(process, max(60, timeout))
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()
    _processes[:] = [process, *(other for other in _processes if other.poll() is None)]
    return process.pid


def _password_if_needed(
    server: str, keyfile: str | None, password: str | None, try_without: Callable[[str, str | None], bool]
) -> str | None:
    """The password as given; asked for if it is not and the server wants one."""
    if password is None and not try_without(server, keyfile):
        return getpass(f"{server}'s password: ")
    return password


def _wait_until_open(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Until the server has said so; RuntimeError if `ssh` ends before."""
    assert process.stdout is not None and process.stderr is not None
    said: dict[Any, bytes] = {process.stdout: b"", process.stderr: b""}
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for stream in said:
            selector.register(stream, selectors.EVENT_READ)
        while _READY.encode() not in said[process.stdout]:
            events = selector.select(max(0.0, deadline - time.monotonic()))
            if not events:
                raise MaxRetryExceeded(f"ssh has not opened the tunnel within {seconds} s")
            for key, _ in events:
                data = os.read(key.fd, 4096)
                said[key.fileobj] += data
                if not data:
                    selector.unregister(key.fileobj)
            if not selector.get_map():
                text = said[process.stderr].decode("utf-8", "replace").strip()
                raise RuntimeError(f"ssh has not opened the tunnel: {text or f'exit status {process.wait()}'}")


def paramiko_tunnel(
    lport: int,
    rport: int,
    server: str,
    remoteip: str = "127.0.0.1",
    keyfile: str | None = None,
    password: str | None = None,
    timeout: int = 60,
) -> Process:
    """Opens a tunnel by paramiko, in a process of its own. Arguments as for openssh_tunnel; timeout is not used.

    Returns the process once the tunnel is open. Raises ImportError without paramiko, RuntimeError with what went wrong.
    """
    if paramiko is None:
        raise ImportError("paramiko is not installed")
    password = _password_if_needed(server, keyfile, password, _try_passwordless_paramiko)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = Process(
        target=_paramiko_tunnel, args=(lport, rport, server, remoteip, keyfile, password, sender), daemon=True
    )
    process.start()
    sender.close()
    try:
        error = receiver.recv()
    except EOFError:
        error = "its process has ended"
    receiver.close()
    if error is not None:
        process.terminate()
        process.join()
        raise RuntimeError(f"paramiko has not opened the tunnel: {error}")
    return process


def _paramiko_tunnel(
    lport: int,
    rport: int,
    server: str,
    remoteip: str,
    keyfile: str | None = None,
    password: str | None = None,
    report: Any = None,
) -> None:
    """The process: forwards until it is ended. report : a connection that is told None, or what went wrong."""
    from zmqpy.ssh.forward import make_server

    try:
        client = _paramiko_client(server, keyfile, password)
        forwarder = make_server(lport, remoteip, rport, client.get_transport())
    except Exception as error:
        if report is None:
            raise
        report.send(f"{type(error).__name__}: {error}")
        return
    if report is not None:
        report.send(None)
        report.close()
    try:
        forwarder.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        pass


def _paramiko_client(server: str, keyfile: str | None, password: str | None) -> Any:
    """A connected client. Raises paramiko's exceptions. Unknown hosts are warned of, and accepted."""
    username, host, port = _split_server(server)
    client = paramiko.SSHClient()
    client.load_system_host_keys()
    client.set_missing_host_key_policy(paramiko.WarningPolicy())
    try:
        client.connect(host, port, username=username, key_filename=keyfile, look_for_keys=True, password=password)
    except BaseException:
        client.close()
        raise
    return client


if TYPE_CHECKING:

    def ssh_tunnel(
        lport: int,
        rport: int,
        server: str,
        remoteip: str = "127.0.0.1",
        keyfile: str | None = None,
        password: str | None = None,
        timeout: int = 60,
    ) -> int: ...

else:
    ssh_tunnel = paramiko_tunnel if sys.platform == "win32" else openssh_tunnel


def select_random_ports(n: int) -> list[int]:
    """`n` free ports of this machine, all different."""
    probes = []
    try:
        for _ in range(n):
            probe = socket.socket()
            probes.append(probe)
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _split_server(server: str) -> tuple[str, str, int]:
    """User, host and port of "user@host:port"."""
    username, _, rest = server.rpartition("@")
    found = re.fullmatch(r"(?:\[(?P<v6>[^]]*)\]|(?P<name>[^:]*))(?::(?P<port>\d+))?", rest)
    if found is None:  # an IPv6 address without brackets
        return username or getuser(), rest, 22
    return username or getuser(), found["v6"] or found["name"], int(found["port"] or 22)


def _ssh_command(server: str, keyfile: str | None) -> list[str]:
    """`ssh` with the port of the server and the key; without its host."""
    command = ["ssh"]
    port = re.search(r"(?<=[^:]):(\d+)$", server)
    if port:
        command += ["-p", port[1]]
    if keyfile:
        command += ["-i", keyfile]
    return command


def _host(server: str) -> str:
    """The server without its port; the user, if none is given, is ssh's own choice."""
    return re.sub(r"(?<=[^:]):\d+$", "", server).replace("[", "").replace("]", "")


def _stop_tunnels() -> None:
    """At exit. Those that have ended by themselves are not there any more."""
    for process in _processes:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:  # ssh tells its server first, which may not answer
                process.kill()
                process.wait()


atexit.register(_stop_tunnels)

__all__ = ["openssh_tunnel", "paramiko_tunnel", "ssh_tunnel", "try_passwordless_ssh", "tunnel_connection"]
