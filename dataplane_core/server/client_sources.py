"""Count the open connections of each address that clients come from, and choose who gives way."""

import socket
import threading
import time
from collections.abc import Iterable
from typing import Protocol

_SLOW = 1.0  # seconds without a whole request, after which a connection may give way to a new one
_NETWORK = 8  # bytes of an address of IPv6 that one client has at least: its network of 64 bits
_MAPPED = b"\0" * 10 + b"\xff\xff"


class Held(Protocol):
    """A connection that may be closed for another one."""

    since: float

    @property
    def is_waiting(self) -> bool:
        """Whether the loop waits for a request, of which some may be there."""

    def give_way(self) -> bool:
        """End the connection, unless a thread has it; tell whether it was ended."""


def source_of(peer: object) -> bytes:
    """Return what stands for the address of a client: b"" for all that come over a Unix socket."""
    if not isinstance(peer, tuple):
        return b""
    host = str(peer[0]).partition("%")[0]
    if ":" not in host:
        return host.encode()
    packed = socket.inet_pton(socket.AF_INET6, host)
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[len(_MAPPED) :]).encode()
    return packed[:_NETWORK]


class ClientSources:
    """The open connections of a worker by the addresses that they come from.

    An address has at most `most` of them (0: no limit), those over a Unix socket excepted.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._open: dict[bytes, dict[int, Held]] = {}

    def add(self, source: bytes, number: int, connection: Held) -> None:
        """Take note of a new connection, by the number of its descriptor."""
        with self._lock:
            self._open.setdefault(source, {})[number] = connection

    def remove(self, source: bytes, number: int) -> None:
        """Forget a connection that has ended."""
        with self._lock:
            held = self._open.get(source, {})
            held.pop(number, None)
            if not held:
                self._open.pop(source, None)

    def make_room(self, source: bytes) -> bool:
        """Close a connection of an address that has as many as it may; False if none can be."""
        held = self._open.get(source, {})
        if not source or not self._most or len(held) < self._most:
            return True
        return _close_longest(held.values(), 0.0)

    def drop_slowest(self) -> bool:
        """Close the connection without a whole request that has been waited for longest.

        It is one of the address that has most of them. What came less than a second ago stays:
        False if all did.
        """
        with self._lock:
            by_number = sorted(self._open.values(), key=len, reverse=True)
        return any(_close_longest(held.values(), _SLOW) for held in by_number)


def _close_longest(held: Iterable[Held], least: float) -> bool:
    """Close what has been waited for longest, and for `least` seconds; False if nothing has."""
    latest = time.monotonic() - least
    waiting = [one for one in tuple(held) if one.is_waiting and one.since <= latest]
    return any(one.give_way() for one in sorted(waiting, key=lambda one: one.since))
