"""Open the listening sockets: plain, TLS and Unix, in any combination, all addresses of a host.

`listen_addresses` says what the settings want. `Listeners.prepare` opens what is missing, beside
the sockets in use; `adopt` then keeps those and closes the others. So new settings that cannot be
put in force cost no connection.
"""

import errno
import os
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from dataplane_core.settings import Settings, SettingsError, SettingsProblem

_BACKLOG = 2048
_PAUSE = 0.1  # seconds between two tries while a killed predecessor still holds the address
_IN_USE = (errno.EADDRINUSE,)
_NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen: `scheme` is http, https or unix; `address` a path, or host and port."""

    scheme: str
    family: int
    address: str | tuple[str, int]

    def __str__(self) -> str:
        if isinstance(self.address, str):
            return f"unix:{self.address}"
        host, port = self.address
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def listen_addresses(settings: Settings) -> tuple[tuple[ListenAddress, ...], ...]:
    """Return what to listen on: for each listener of the settings, all addresses of its host.

    Raises `SettingsError` for a host without an address.
    """
    server = settings.dataplaneapi
    wanted: list[tuple[ListenAddress, ...]] = []
    for scheme in dict.fromkeys(server.scheme):
        if scheme == "unix":
            wanted.append(
                (ListenAddress(scheme, socket.AF_UNIX, os.path.abspath(server.socket_path)),)
            )
        elif scheme == "https":
            host = server.tls.tls_host or server.host
            wanted.append(_addresses(settings, scheme, host, server.tls.tls_port))
        else:
            wanted.append(_addresses(settings, scheme, server.host, server.port))
    return tuple(wanted)


def _keys(settings: Settings, scheme: str) -> tuple[str, str]:
    """Return the settings that a listener's host and port come from; for a path one, twice."""
    if scheme == "unix":
        return "dataplaneapi.socket_path", "dataplaneapi.socket_path"
    if scheme == "http":
        return "dataplaneapi.host", "dataplaneapi.port"
    own = settings.dataplaneapi.tls.tls_host
    return "dataplaneapi.tls.tls_host" if own else "dataplaneapi.host", "dataplaneapi.tls.tls_port"


def _addresses(settings: Settings, scheme: str, host: str, port: int) -> tuple[ListenAddress, ...]:
    try:
        found = socket.getaddrinfo(
            host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no name of a host"
        fault = f"{host} has no address: {reason}"
        raise SettingsError((settings.problem(_keys(settings, scheme)[0], fault),)) from None
    every = dict.fromkeys(ListenAddress(scheme, entry[0], _host_port(entry[4])) for entry in found)
    # Several free ports would be no use to anyone: the first address has to do.
    return tuple(every) if port else tuple(every)[:1]


def _host_port(address: tuple[object, ...]) -> tuple[str, int]:
    host, port = address[:2]
    assert isinstance(host, str)
    assert isinstance(port, int)
    return host, port


class Listeners:
    """The open sockets of the process, by the address that they listen on."""

    def __init__(self) -> None:
        self.open: dict[ListenAddress, socket.socket] = {}

    def prepare(self, settings: Settings, seconds: float) -> dict[ListenAddress, socket.socket]:
        """Return the sockets for these settings, with those of them that are open already.

        An address that is in use is tried again for `seconds`. Raises `SettingsError` with the
        address that cannot be had; nothing new stays open then.
        """
        deadline = time.monotonic() + seconds
        ready: dict[ListenAddress, socket.socket] = {}
        try:
            for group in listen_addresses(settings):
                ready |= self._group(group, settings, deadline)
        except SettingsError:
            self.discard(ready)
            raise
        return ready

    def discard(self, ready: Mapping[ListenAddress, socket.socket]) -> None:
        """Close what `prepare` has opened, but for the sockets in use."""
        for place, opened in ready.items():
            if place not in self.open:
                _close(place, opened)

    def adopt(self, ready: Mapping[ListenAddress, socket.socket]) -> None:
        """Keep these sockets, close all others."""
        for place in set(self.open) - set(ready):
            _close(place, self.open[place])
        self.open = dict(ready)

    def release(self) -> None:
        """Close this process's handles, leaving the sockets to other processes."""
        for opened in self.open.values():
            opened.close()
        self.open = {}

    def give_to(self, uid: int, gid: int) -> None:
        """Let a user own the Unix sockets, before the process becomes that user (-1: as it is)."""
        for place in self.open:
            if isinstance(place.address, str):
                os.chown(place.address, uid, gid)

    def duplicates(self) -> Iterator[int]:
        """Yield new descriptors of the open sockets, in order."""
        return (os.dup(opened.fileno()) for opened in self.open.values())

    def schemes(self) -> tuple[str, ...]:
        """Return the scheme of each open socket, in the same order."""
        return tuple(place.scheme for place in self.open)

    def described(self) -> list[str]:
        """Return where each socket really listens."""
        return [
            str(
                place
                if isinstance(place.address, str)
                else ListenAddress(place.scheme, place.family, _host_port(opened.getsockname()))
            )
            for place, opened in self.open.items()
        ]

    def _group(
        self, group: tuple[ListenAddress, ...], settings: Settings, deadline: float
    ) -> dict[ListenAddress, socket.socket]:
        """Open all addresses of one host; a family that this machine lacks may be missing."""
        found: dict[ListenAddress, socket.socket] = {}
        failure: OSError | None = None
        for place in group:
            try:
                opened = self.open.get(place)
                mode = settings.dataplane.socket_mode
                found[place] = opened or _open_by(deadline, place, mode)
            except OSError as error:
                failure = error
                if error.errno not in _NO_SUCH_FAMILY:
                    break
        if failure is not None and (not found or failure.errno not in _NO_SUCH_FAMILY):
            self.discard(found)
            raise SettingsError((_fault(settings, group[0], failure),))
        return found


def _fault(settings: Settings, place: ListenAddress, failure: OSError) -> SettingsProblem:
    host, port = _keys(settings, place.scheme)
    reason = f"cannot be opened: {failure.strerror or failure}{_remedy(place, failure)}"
    key = host if failure.errno in _NO_SUCH_FAMILY else port
    return settings.problem(key, f"listener {place}: {reason}")


def _remedy(place: ListenAddress, failure: OSError) -> str:
    """Return what would be right for a Unix socket; the system's error says it of the others."""
    if not isinstance(place.address, str):
        return ""
    if failure.errno is None:  # Python's own error: sockaddr_un has no room for the path
        return "; dataplaneapi.socket_path may have 107 bytes"
    if failure.errno == errno.EEXIST:
        return "; remove it, or set another dataplaneapi.socket_path"
    if failure.errno == errno.EADDRINUSE:
        return " by a server that runs; end it, or set another dataplaneapi.socket_path"
    return f"; the server needs the right to write to {os.path.dirname(place.address)}"


def _open_by(deadline: float, place: ListenAddress, mode: int) -> socket.socket:
    """Open a socket, trying again until `deadline` while the address is in use."""
    while True:
        try:
            return _open(place, mode)
        except OSError as error:
            if error.errno not in _IN_USE or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)


def _open(place: ListenAddress, mode: int) -> socket.socket:
    opened = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        if isinstance(place.address, str):
            _bind_path(opened, place.address, mode)
        else:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if place.family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.bind(place.address)
        opened.listen(_BACKLOG)
    except BaseException:
        opened.close()
        raise
    return opened


def _bind_path(opened: socket.socket, path: str, mode: int) -> None:
    """Bind to a path, in place of a socket that nobody serves; never wider open than `mode`."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise OSError(errno.EEXIST, "a file that is no socket is there")
        if _is_served(path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        os.unlink(path)
    before = os.umask(0o777 & ~mode)
    try:
        opened.bind(path)
    finally:
        os.umask(before)
    os.chmod(path, mode)


def _is_served(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def _close(place: ListenAddress, opened: socket.socket) -> None:
    opened.close()
    if isinstance(place.address, str):
        with suppress(OSError):
            os.unlink(place.address)
