"""Forwarding a local port over a paramiko transport, a thread for each connection."""

from __future__ import annotations

import logging
import select
import socketserver
from typing import Any

logger: logging.Logger = logging.getLogger("ssh")

_CHUNK = 65536


class ForwardServer(socketserver.ThreadingTCPServer):
    """Listens at the local port."""

    daemon_threads = True
    allow_reuse_address = True


class Handler(socketserver.BaseRequestHandler):
    """Copies one connection either way. Subclasses say where to: chain_host, chain_port, ssh_transport."""

    chain_host: str
    chain_port: int
    ssh_transport: Any

    def handle(self) -> None:
        """Until either side ends."""
        target = (self.chain_host, self.chain_port)
        try:
            channel = self.ssh_transport.open_channel("direct-tcpip", target, self.request.getpeername())
        except Exception as error:
            logger.error("no connection to %s:%s: %r", *target, error)
            return
        if channel is None:
            logger.error("the ssh server refused a connection to %s:%s", *target)
            return
        try:
            while True:
                readable, _, _ = select.select([self.request, channel], [], [])
                for source, sink in ((self.request, channel), (channel, self.request)):
                    if source in readable:
                        data = source.recv(_CHUNK)
                        if not data:
                            return
                        sink.sendall(data)
        except OSError as error:
            logger.debug("connection to %s:%s lost: %r", *target, error)
        finally:
            channel.close()
            self.request.close()


def make_server(local_port: int, remote_host: str, remote_port: int, transport: Any) -> ForwardServer:
    """A server that listens at the local port and is yet to serve. transport : paramiko.Transport"""
    attributes = {"chain_host": remote_host, "chain_port": remote_port, "ssh_transport": transport}
    return ForwardServer(("127.0.0.1", local_port), type("SubHandler", (Handler,), attributes))


def forward_tunnel(local_port: int, remote_host: str, remote_port: int, transport: Any) -> None:
    """Forwards a port of this machine (127.0.0.1) to one that the ssh server reaches, until interrupted. transport : paramiko.Transport"""
    with make_server(local_port, remote_host, remote_port, transport) as server:
        server.serve_forever()


__all__ = ["forward_tunnel"]
