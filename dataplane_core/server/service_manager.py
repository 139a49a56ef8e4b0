"""Speak with systemd: take the sockets that it hands in, and tell it how the server fares.

sd_listen_fds(3) and sd_notify(3): variables of the environment, and datagrams to one socket.
"""

import os
import socket
import time
from collections.abc import Iterable
from contextlib import suppress

from dataplane_core.dataclass import dataclass
from dataplane_core.settings import SettingsError, SettingsProblem

_FIRST = 3  # SD_LISTEN_FDS_START
_SCHEMES = ("http", "https", "unix")
_SEND_SECONDS = 0.5
_SIGNS = 4  # signs of life within the time in which systemd wants one


@dataclass(frozen=True, slots=True)
class HandedSocket:
    """A listening socket of systemd; `name` is what `FileDescriptorName=` calls it."""

    name: str
    socket: socket.socket

    def scheme(self, schemes: Iterable[str]) -> str:
        """Return for which of the schemes of the settings it is; raises `SettingsError`.

        A socket that is not called as a scheme is for the first scheme of its kind.
        """
        is_unix = self.socket.family == socket.AF_UNIX
        of_kind = [one for one in schemes if (one == "unix") == is_unix]
        named = [self.name] if self.name in _SCHEMES else of_kind[:1]
        if named and named[0] in of_kind:
            return named[0]
        wanted = self.name if named else "unix" if is_unix else "http or https"
        raise _refusal(f"systemd hands in a socket that is not for dataplaneapi.scheme: {wanted}")


def handed_sockets() -> tuple[HandedSocket, ...]:
    """Return the sockets that systemd hands in; programs that are run do not inherit them.

    Raises `SettingsError` for one to which nobody can connect.
    """
    fds, pid, names = (os.environ.pop(f"LISTEN_{one}", "") for one in ("FDS", "PID", "FDNAMES"))
    if pid != str(os.getpid()) or not fds.isdecimal():
        return ()
    given = [*names.split(":"), *[""] * int(fds)]
    return tuple(_handed(_FIRST + at, given[at]) for at in range(int(fds)))


def _handed(number: int, name: str) -> HandedSocket:
    listens = 0
    with suppress(OSError):
        os.set_inheritable(number, False)
        found = socket.socket(fileno=number)
        listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if not listens:
        raise _refusal(f"systemd hands in descriptor {number}, which is no listening stream socket")
    return HandedSocket(name, found)


def _refusal(fault: str) -> SettingsError:
    return SettingsError((SettingsProblem("", "", fault),))


class ServiceManager:
    """Tells systemd how the server fares, where systemd has started it and wants to know.

    It takes the variables out of the environment: neither gunicorn nor a program that is run should
    speak to systemd. `limit` are the seconds within which a worker has to show that it lives, half
    of those that systemd gives the server; 0 without a watchdog.
    """

    def __init__(self) -> None:
        given = [os.environ.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_PID")]
        seconds = os.environ.pop("WATCHDOG_USEC", "")
        self._address = given[0].replace("@", "\0", 1) if given[0][:1] == "@" else given[0]
        is_watched = self._address and given[1] in ("", str(os.getpid())) and seconds.isdecimal()
        self.limit = int(seconds) / 2e6 if is_watched else 0.0
        self._pause = self.limit * 2 / _SIGNS
        self._next_sign = 0.0
        self._is_silent = False

    @property
    def listens(self) -> bool:
        """Whether systemd wants to be told anything."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """Tell that the start, or a reload of the settings, is over."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Tell that the settings are read again."""
        moment = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={moment}", "STATUS=reads its settings again")

    def stopping(self) -> None:
        """Tell that the server ends."""
        self._tell("STOPPING=1", "STATUS=lets requests under way end")

    def show_life(self, ages: Iterable[float]) -> None:
        """Give the watchdog a sign, while a worker has shown life within the limit.

        `ages` are the seconds since each worker has done so.
        """
        now = time.monotonic()
        if not self.limit or now < self._next_sign:
            return
        self._next_sign = now + self._pause
        if min(ages, default=self.limit) < self.limit:
            self._tell("WATCHDOG=1", *["STATUS=workers answer again"] * self._is_silent)
            self._is_silent = False
        elif not self._is_silent:
            self._is_silent = True
            self._tell(f"STATUS=no worker has shown life for {self.limit:g} s")

    def _tell(self, *lines: str) -> None:
        """Send one datagram; that nobody reads it is systemd's business."""
        if self._address:
            kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
            with suppress(OSError), socket.socket(socket.AF_UNIX, kind) as sender:
                sender.settimeout(_SEND_SECONDS)  # a queue that nobody reads may be full
                sender.sendto("\n".join(lines).encode(), self._address)
