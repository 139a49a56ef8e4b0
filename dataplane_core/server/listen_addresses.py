"""Find out where the settings want the server to listen, and how long connections wait there."""

import os
import socket
from collections.abc import Container

from dataplane_core.dataclass import dataclass
from dataplane_core.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen: `scheme` is `http`, `https` or `unix`.

    `where` is what the socket is bound to: a path, or a host and a port.
    """

    scheme: str
    family: int
    where: str | tuple[str, int]

    @property
    def path(self) -> str:
        """The path of a Unix socket; "" for any other address."""
        return self.where if isinstance(self.where, str) else ""

    def bound(self, opened: socket.socket) -> "ListenAddress":
        """Return the address with the port that an open socket really has, where it was 0."""
        if self.path:
            return self
        return ListenAddress(self.scheme, self.family, _host_port(opened.getsockname()))

    def __str__(self) -> str:
        if isinstance(self.where, str):
            return f"unix:{self.where}"
        host, port = self.where
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


@dataclass(frozen=True, slots=True)
class ListenerTimeouts:
    """How long the connections of one listener wait, in seconds.

    `read` is for the next bytes of a client, `write` for a client to take bytes (None: no limit),
    `keep_alive` for the first probe of TCP on a silent connection (0: no probes).
    """

    read: float | None
    write: float | None
    keep_alive: float


def address_of(scheme: str, opened: socket.socket) -> ListenAddress:
    """Return where a socket listens that somebody else has opened."""
    name = opened.getsockname()
    where = _host_port(name) if isinstance(name, tuple) else os.fsdecode(name)
    return ListenAddress(scheme, opened.family, where)


def listen_addresses(
    settings: Settings, without: Container[str] = ()
) -> tuple[tuple[ListenAddress, ...], ...]:
    """Return what to listen on: for each listener of the settings, all addresses of its host.

    Schemes of `without` are left out. Raises `SettingsError` for a host without an address.
    """
    server = settings.dataplaneapi
    wanted: list[tuple[ListenAddress, ...]] = []
    for scheme in dict.fromkeys(server.scheme):
        if scheme in without:
            continue
        if scheme == "unix":
            path = os.path.abspath(server.socket_path)
            wanted.append((ListenAddress(scheme, socket.AF_UNIX, path),))
        elif scheme == "https":
            host = server.tls.tls_host or server.host
            wanted.append(_addresses_of(host, server.tls.tls_port, scheme, settings))
        else:
            wanted.append(_addresses_of(server.host, server.port, scheme, settings))
    return tuple(wanted)


def timeouts_of(settings: Settings, scheme: str) -> ListenerTimeouts:
    """Return the timeouts of a listener: those of `tls` for https where they are set."""
    server, tls = settings.dataplaneapi, settings.dataplaneapi.tls
    read, write, keep_alive = server.read_timeout, server.write_timeout, server.keep_alive
    if scheme == "https":
        read = tls.tls_read_timeout or read
        write = tls.tls_write_timeout or write
        keep_alive = tls.tls_keep_alive or keep_alive
    return ListenerTimeouts(read or None, write or None, keep_alive)


def keys_of(scheme: str, settings: Settings) -> tuple[str, str]:
    """Return the keys of the settings that give a listener its host and its port.

    For `unix` both are the key of the path.
    """
    if scheme == "unix":
        return "dataplaneapi.socket_path", "dataplaneapi.socket_path"
    if scheme == "http":
        return "dataplaneapi.host", "dataplaneapi.port"
    own = settings.dataplaneapi.tls.tls_host
    return "dataplaneapi.tls.tls_host" if own else "dataplaneapi.host", "dataplaneapi.tls.tls_port"


def _addresses_of(
    host: str, port: int, scheme: str, settings: Settings
) -> tuple[ListenAddress, ...]:
    name = _for_system(host.strip("[]"))
    try:
        found = socket.getaddrinfo(
            name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no name of a host"
        fault = f"{host} has no address: {reason}"
        raise SettingsError((settings.problem(keys_of(scheme, settings)[0], fault),)) from None
    every = dict.fromkeys(ListenAddress(scheme, entry[0], _host_port(entry[4])) for entry in found)
    # Each address would get another free port, and nobody could name them: one address has to do.
    return tuple(every) if port else tuple(every)[:1]


def _for_system(name: str) -> str | bytes:
    """Return a name as bytes where that will do: for a text Python loads tables of all letters."""
    labels = name.removesuffix(".").split(".")
    if name.isascii() and all(0 < len(label) < 64 for label in labels):
        return name.encode()
    return name


def _host_port(address: tuple[object, ...]) -> tuple[str, int]:
    host, port = address[:2]
    assert isinstance(host, str)
    assert isinstance(port, int)
    return host, port
