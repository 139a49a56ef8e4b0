"""Open the listening sockets: plain, TLS and Unix, in any combination, all addresses of a host.

`Listeners.prepare` opens what new settings want and is missing, beside the sockets in use; `adopt`
then keeps what was prepared, and closes all other sockets. So new settings that cannot be put in
force cost no connection.
"""

import errno
import os
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from dataplane_core.server.listen_addresses import (
    ListenAddress,
    address_of,
    keys_of,
    listen_addresses,
)
from dataplane_core.server.service_manager import HandedSocket
from dataplane_core.settings import Settings, SettingsError, SettingsProblem

_BACKLOG = 2048
_PAUSE = 0.1  # seconds between two tries while a killed predecessor still holds the address
_NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Listeners:
    """The open sockets of the process, by the address that they listen on.

    `handed` are those of systemd, which serve in place of what the settings would open.
    """

    def __init__(self) -> None:
        self.open: dict[ListenAddress, socket.socket] = {}
        self.handed: tuple[HandedSocket, ...] = ()

    def prepare(self, settings: Settings, seconds: float) -> dict[ListenAddress, socket.socket]:
        """Return the sockets for these settings, with those of them that are open already.

        An address that is in use is tried again for `seconds`. Raises `SettingsError` with the
        address that cannot be had; nothing new stays open then. Where systemd hands in a socket for
        a scheme, nothing else is opened for that.
        """
        deadline = time.monotonic() + seconds
        ready = self._handed_for(settings)
        try:
            for group in listen_addresses(settings, {address.scheme for address in ready}):
                ready |= self._open_group(group, settings, deadline)
        except SettingsError:
            self.discard(ready)
            raise
        return ready

    def discard(self, ready: Mapping[ListenAddress, socket.socket]) -> None:
        """Close what `prepare` has opened, but for the sockets in use."""
        for address, opened in ready.items():
            if address not in self.open:
                self._close(address, opened)

    def adopt(self, ready: Mapping[ListenAddress, socket.socket]) -> None:
        """Keep the sockets that `prepare` returned, and close all others."""
        for address in set(self.open) - set(ready):
            self._close(address, self.open[address])
        self.open = dict(ready)

    def release(self) -> None:
        """Close the sockets in this process alone; other processes go on listening."""
        for opened in self.open.values():
            opened.close()
        self.open = {}

    def give_to(self, uid: int, gid: int) -> None:
        """Let a user own the Unix sockets, before the process becomes that user (-1: as it is)."""
        for address, opened in self.open.items():
            if address.path and not self._is_handed(opened):
                os.chown(address.path, uid, gid)

    def duplicates(self) -> Iterator[int]:
        """Yield new descriptors of the open sockets, in order."""
        return (os.dup(opened.fileno()) for opened in self.open.values())

    def schemes(self) -> tuple[str, ...]:
        """Return the scheme of each open socket, in the same order."""
        return tuple(address.scheme for address in self.open)

    def described(self) -> list[str]:
        """Return where each socket really listens."""
        return [str(address.bound(opened)) for address, opened in self.open.items()]

    def _handed_for(self, settings: Settings) -> dict[ListenAddress, socket.socket]:
        """Return systemd's sockets by their addresses; raises `SettingsError` for a scheme less."""
        schemes = settings.dataplaneapi.scheme
        return {address_of(one.scheme(schemes), one.socket): one.socket for one in self.handed}

    def _is_handed(self, opened: socket.socket) -> bool:
        return any(one.socket is opened for one in self.handed)

    def _close(self, address: ListenAddress, opened: socket.socket) -> None:
        opened.close()
        if address.path and not self._is_handed(opened):  # systemd goes on listening there
            with suppress(OSError):
                os.unlink(address.path)

    def _open_group(
        self, group: tuple[ListenAddress, ...], settings: Settings, deadline: float
    ) -> dict[ListenAddress, socket.socket]:
        """Return the sockets of all addresses of one host, or raise `SettingsError`.

        Addresses of a family that this machine lacks are left out, if any other can be had.
        """
        found: dict[ListenAddress, socket.socket] = {}
        failure: OSError | None = None
        for address in group:
            try:
                opened = self.open.get(address)
                mode = settings.dataplane.socket_mode
                found[address] = opened or _open_by(deadline, address, mode)
            except OSError as error:
                failure = error
                if error.errno not in _NO_SUCH_FAMILY:
                    break
        if failure is not None and (not found or failure.errno not in _NO_SUCH_FAMILY):
            self.discard(found)
            raise SettingsError((_fault(settings, group[0], failure),))
        return found


def _fault(settings: Settings, address: ListenAddress, failure: OSError) -> SettingsProblem:
    host, port = keys_of(address.scheme, settings)
    reason = f"cannot be opened: {failure.strerror or failure}{_remedy(address, failure)}"
    key = host if failure.errno in _NO_SUCH_FAMILY else port
    return settings.problem(key, f"listener {address}: {reason}")


def _remedy(address: ListenAddress, failure: OSError) -> str:
    """Return what would be right for a Unix socket; the system's error says it of the others."""
    if not address.path:
        return ""
    if failure.errno is None:  # Python's own error: sockaddr_un has no room for the path
        return "; dataplaneapi.socket_path may have 107 bytes"
    if failure.errno == errno.EEXIST:
        return "; remove it, or set another dataplaneapi.socket_path"
    if failure.errno == errno.EADDRINUSE:
        return " by a server that runs; end it, or set another dataplaneapi.socket_path"
    return f"; the server needs the right to write to {os.path.dirname(address.path)}"


def _open_by(deadline: float, address: ListenAddress, mode: int) -> socket.socket:
    """Open a socket, trying again until `deadline` while the address is in use."""
    while True:
        try:
            return _open(address, mode)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)


def _open(address: ListenAddress, mode: int) -> socket.socket:
    opened = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        if address.path:
            _bind_path(opened, address.path, mode)
        else:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if address.family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.bind(address.where)
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

