"""Read where HAProxy listens for runtime commands: the `stats socket` lines of `global`.

The forms of an address are those of the Configuration Manual, section 3.1 ("stats socket") and
section 4.2 ("bind"): a path, `unix@path`, `abns@name`, `ipv4@host:port`, `host:port`, `:port`.
"""

import socket
from collections.abc import Callable, Iterable, Sequence

from dataplane_core.dataclass import dataclass
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text import Document, unquote
from dataplane_core.text.numbers import is_digits

_HOST_PORT = lazy_pattern(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>.*)):(?P<port>[0-9]{1,5})")
_ANY = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
_UNUSABLE = ("fd@", "sockpair@", "quic4@", "quic6@", "udp@", "udp4@", "udp6@")
_CONNECTIONS = 10  # of all sockets together, where the configuration does not say otherwise
_LEVELS = {"user": 0, "operator": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class SocketAddress:
    """An address to connect to: a path, or a host and a port.

    A path that begins with a NUL is a name in the abstract namespace (unix(7)).
    """

    path: str = ""
    host: str = ""
    port: int = 0

    def connect(self, timeout: float) -> socket.socket:
        """Return a connection; raises `OSError`, after `timeout` seconds `TimeoutError`."""
        if not self.path:
            return socket.create_connection((self.host, self.port), timeout)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            connection.connect(self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def __str__(self) -> str:
        return self.path.replace("\0", "abns@") if self.path else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class StatsSocket:
    """One `stats socket` line.

    `level` is what the line permits: 0 is `user`, 1 `operator`, 2 `admin`. `process` is the process
    that listens there, by `process N` (HAProxy up to 2.4 with `nbproc`); 0 where the line has none.
    `connections` is how many HAProxy serves there at once; others wait (manual, "stats maxconn").
    """

    address: SocketAddress
    level: int = _LEVELS["operator"]
    process: int = 0
    connections: int = _CONNECTIONS

    @property
    def admits_changes(self) -> bool:
        """Whether commands may change HAProxy there (manual, section 3.1, "stats socket")."""
        return self.level >= _LEVELS["admin"]


def parse(text: str) -> SocketAddress | None:
    """Return the address that HAProxy's spelling means; None for one that takes no connection."""
    if text.startswith(_UNUSABLE):
        return None
    family, at, rest = text.partition("@")
    if not at:
        family, rest = "", text
    if family in ("abns", "abnsz"):
        return SocketAddress(path="\0" + rest)
    if family in ("unix", "uxst") or rest.startswith("/"):
        return SocketAddress(path=rest)
    match = _HOST_PORT.fullmatch(rest)
    if match is None:
        return None
    host = match["six"] if match["six"] is not None else match["host"]
    return SocketAddress(host=_ANY.get(host, host), port=int(match["port"]))


def stats_sockets(lines: Iterable[Sequence[str]]) -> list[StatsSocket]:
    """Return the sockets that lines of `global`, given as raw tokens, make HAProxy open."""
    found, told = [], [tuple(tokens) for tokens in lines]
    everywhere = _CONNECTIONS
    for tokens in told:
        if tokens[:2] == ("stats", "maxconn"):
            everywhere = _number_after("maxconn", tokens, everywhere)
    for tokens in told:
        if tokens[:2] != ("stats", "socket") or len(tokens) < 3:
            continue
        words = [unquote(token) for token in tokens[2:]]
        address = parse(words[0])
        if address is not None:
            level = _LEVELS.get(_after("level", words), _LEVELS["operator"])
            process = _number_after("process", words, 0)
            own = _number_after("maxconn", words, everywhere)
            found.append(StatsSocket(address, level, process, min(own, everywhere)))
    return found


def by_process(sockets: Iterable[StatsSocket]) -> list[tuple[StatsSocket, ...]]:
    """Return the sockets of each process, those that permit most first."""
    groups: dict[int, list[StatsSocket]] = {}
    for one in sockets:
        groups.setdefault(one.process, []).append(one)
    if len(groups) > 1:
        groups.pop(0, None)  # beside sockets of single processes it could be any of them
    return [tuple(sorted(group, key=lambda one: -one.level)) for _, group in sorted(groups.items())]


def global_lines(document: Document) -> list[tuple[str, ...]]:
    """Return the raw tokens of every line of the `global` sections of a configuration."""
    return [line.tokens for section in document.of_kind("global") for line in section.lines]


class GlobalLines:
    """The raw tokens of the lines of `global` as they are now, read once in each document."""

    def __init__(self, document: Callable[[], Document]) -> None:
        self._document = document
        self._known: tuple[Document | None, list[tuple[str, ...]]] = (None, [])

    def __call__(self) -> list[tuple[str, ...]]:
        """Return the lines: the same list for the same document."""
        document = self._document()
        known, lines = self._known
        if document is not known:
            lines = global_lines(document)
            self._known = document, lines
        return lines


def _number_after(keyword: str, words: Sequence[str], otherwise: int) -> int:
    number = _after(keyword, words)
    return int(number) if is_digits(number) else otherwise


def _after(keyword: str, words: Sequence[str]) -> str:
    """Return the word after `keyword`; "" where the keyword is absent."""
    return next(
        (value for word, value in zip(words, words[1:], strict=False) if word == keyword), ""
    )
