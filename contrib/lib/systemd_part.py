"""Play systemd for one service: its notifications, its watchdog, the sockets it hands in."""

import fcntl
import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PATIENCE = 60.0
"""Seconds that nothing takes which works."""
_APART = 100  # descriptors that are none of those that a service is given


class Notifications:
    """The socket to which a service sends datagrams (sd_notify(3)), and all lines that came."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self.lines: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o666)  # as systemd's own: the service may be another user

    def until(self, wanted: str, alive: Callable[[], bool] = lambda: True) -> list[str]:
        """Read until a line begins with `wanted`; return the lines that came meanwhile."""
        came: list[str] = []
        end = time.monotonic() + PATIENCE
        while not any(line.startswith(wanted) for line in came):
            if time.monotonic() > end or not alive():
                raise AssertionError(f"no {wanted} came, only {came or 'nothing'}")
            if select.select([self._socket], [], [], 0.1)[0]:
                came += self._socket.recv(4096).decode().splitlines()
        self.lines += came
        return came

    def close(self) -> None:
        """Take the socket away."""
        self._socket.close()
        Path(self.path).unlink(missing_ok=True)


def start(
    command: Sequence[str],
    environ: Mapping[str, str],
    sockets: Sequence[socket.socket] = (),
    names: Sequence[str] = (),
    **more: object,
) -> "subprocess.Popen[bytes]":
    """Start a service with sockets as its descriptors from 3 on (sd_listen_fds(3))."""
    if not sockets:
        return subprocess.Popen(command, env=environ, **more)  # type: ignore[call-overload,no-any-return]
    apart = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, _APART) for one in sockets]
    moved = " ".join(f"{3 + at}<&{fd} {fd}<&-" for at, fd in enumerate(apart))
    script = f'export LISTEN_PID=$$; exec "$@" {moved}'
    given = {**environ, "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(names)}
    wrapped = ["bash", "-c", script, "service", *command]
    try:
        return subprocess.Popen(wrapped, env=given, pass_fds=apart, **more)  # type: ignore[call-overload,no-any-return]
    finally:
        for fd in apart:
            os.close(fd)
