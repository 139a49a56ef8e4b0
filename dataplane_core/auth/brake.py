"""Slow down who tries passwords, by user and by address, and nobody whose password was right.

Each wrong password fills a measure of the user at that address, and one of the address. Both empty
with time. While one is full, passwords of that user from there, or from that address, are answered
with 429 and not looked at, so that the answer tells nothing of them.
"""

import socket
import threading
import time
from collections import OrderedDict

from dataplane_core.auth.shared_measures import SharedMeasures
from dataplane_core.errors import TooMany

_MOST_MEASURES = 8192
_MOST_RIGHT = 4096
_OF_ADDRESS = 10  # measures of users that an address has in all
_MINUTE = 60.0
_MAPPED = b"\0" * 10 + b"\xff\xff"  # what an address of IPv4 within IPv6 begins with


class Brake:
    """Counts wrong passwords in all workers; `tries` of a user at an address are free a minute.

    An address of IPv6 counts with its network of 64 bits. A credential that was right once in this
    worker is never slowed down, as long as its digest is among the last ones; nothing that others
    share is written for it.
    """

    def __init__(self, tries: int) -> None:
        self._tries = tries
        self._clock = time.monotonic
        self._lock = threading.Lock()
        self._measures = SharedMeasures(_MOST_MEASURES)
        self._right: OrderedDict[bytes, None] = OrderedDict()

    def check(self, name: str, address: str, digest: bytes) -> None:
        """Raise `TooMany` where a password that a digest stands for is not looked at now."""
        if not self._tries or not address or digest in self._right:
            return
        now = self._clock()
        for key, most in self._keys(name, address):
            over = self._level(key, most, now) + 1 - most
            if over > 0:
                error = TooMany("too many wrong passwords came from there; try again later")
                error.retry_after = max(1, round(over * _MINUTE / most))
                raise error

    def is_doubted(self, address: str) -> bool:
        """Return whether a wrong password came from an address a while ago."""
        if not address:
            return False
        ((key, most),) = self._keys("", address)[1:]
        return self._level(key, most, self._clock()) > 0

    def wrong(self, name: str, address: str) -> None:
        """Count a wrong password."""
        if not self._tries or not address:
            return
        now = self._clock()
        with self._lock:
            for key, most in self._keys(name, address):
                self._measures.set(key, self._level(key, most, now) + 1, now)

    def right(self, digest: bytes) -> None:
        """Keep what stands for a right credential."""
        with self._lock:
            self._right[digest] = None
            self._right.move_to_end(digest)
            while len(self._right) > _MOST_RIGHT:
                self._right.popitem(last=False)

    def _keys(self, name: str, address: str) -> tuple[tuple[int, int], tuple[int, int]]:
        place = _network(address)
        return (hash((name, place)), self._tries), (hash(place), self._tries * _OF_ADDRESS)

    def _level(self, key: int, most: int, now: float) -> float:
        level, since = self._measures.get(key) or (0.0, now)
        return max(0.0, level - (now - since) * most / _MINUTE)


def _network(address: str) -> str:
    """Return what counts as one address."""
    if ":" not in address:
        return address
    try:  # without the module `ipaddress`, which each worker would load
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return address
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed.removeprefix(_MAPPED))
    return str(int.from_bytes(packed[:8], "big"))
