"""Reach each worker of a server: which process holds the other end of a connection is read from /proc."""

import os
from contextlib import suppress
from pathlib import Path

from tests.bench.systems import family
from tests.harness.server import ApiServer, Client

_BURST, _BURSTS = 16, 20
_UNKNOWN = "/nothing"
"""A path that no version has: asking for it makes nothing of what is measured later."""


def to_each_worker(server: ApiServer, workers: int) -> list[Client]:
    """A connected client of each worker; nothing but an unknown path has been asked over any."""
    found: dict[int, Client] = {}
    for _ in range(_BURSTS):
        clients = [server.client() for _ in range(_BURST)]
        for client in clients:  # many at once, so that more than one worker accepts
            client.connection.connect()
        for client in clients:
            client.call("GET", _UNKNOWN)
            worker = worker_of(server, client)
            if worker in found:
                client.connection.close()
            else:
                found[worker] = client
        if len(found) == workers:
            return list(found.values())
    raise RuntimeError(f"only {len(found)} of {workers} workers accept connections")


def worker_of(server: ApiServer, client: Client) -> int:
    """The process that serves a client's connection."""
    assert server.process is not None
    port = client.connection.sock.getsockname()[1]
    wanted = f"socket:[{_inode(server.port, port)}]"
    for process in family(server.process.pid)[1:]:
        if wanted in _held(process):
            return process
    raise RuntimeError("no worker holds the connection")


def _held(process: int) -> list[str]:
    """What the descriptors of a process are; without those, and without processes, that are gone by now."""
    held = []
    with suppress(OSError):
        for one in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                held.append(os.readlink(one))
    return held


def _inode(local: int, remote: int) -> str:
    """The inode of the server's end of a connection of two ports: proc(5), /proc/net/tcp."""
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        words = line.split()
        ports = tuple(int(word.rpartition(":")[2], 16) for word in words[1:3])
        if ports == (local, remote):
            return words[9]
    raise RuntimeError("the connection is gone")
