"""What a scratch process says of its proxies and servers: how they balance, which servers count."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import field
from io import StringIO

from dataplane_core.plugin import dataclass

_BACKEND, _SERVER = "1", "2"
_OF_THE_REQUEST = frozenset(("source", "uri", "url_param", "hdr", "rdp-cookie", "hash"))
"""Algorithms whose choice follows from the request and the servers."""

_FIRST = "first"


@dataclass(slots=True)
class Server:
    """A server of a backend; `usable` tells that it is not in maintenance and has a weight."""

    name: str
    backup: bool
    usable: bool


@dataclass(slots=True)
class Backend:
    """A proxy with servers, and how it balances between them."""

    algorithm: str = ""
    servers: list[Server] = field(default_factory=list)

    @property
    def candidates(self) -> list[str]:
        """The names of the servers that a request without persistence may go to."""
        usable = [one for one in self.servers if one.usable]
        active = [one.name for one in usable if not one.backup]
        return active or [one.name for one in usable][:1]

    @property
    def is_told(self) -> bool:
        """Whether the choice of a server can be told from the request alone."""
        return len(self.candidates) == 1 or self.algorithm in (*_OF_THE_REQUEST, _FIRST)


def read_backends(statistics: str) -> Mapping[str, Backend]:
    """Return the backends of a process by name, from its answer to `show stat`."""
    found: dict[str, Backend] = {}
    for row in _rows(statistics):
        backend = found.setdefault(row["pxname"], Backend())
        if row.get("type") == _BACKEND:
            backend.algorithm = row.get("algo") or ""
        elif row.get("type") == _SERVER:
            usable = not row["status"].startswith(("MAINT", "DOWN")) and row["weight"] != "0"
            backend.servers.append(Server(row["svname"], row["bck"] == "1", usable))
    return found


def _rows(statistics: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(StringIO(statistics.removeprefix("# ")))
