"""Limit what is in a body beside its bytes: a few bytes may be a value, or a line, of hundreds.

The limits are counted in the bytes, before anything is made of them.
"""

import threading
from collections.abc import Iterator

from dataplane_core.codec.codec import Codec
from dataplane_core.errors import DataplaneError, TooLarge

MOST_PARTS = 800_000
"""Names, values and brackets of a JSON document: about 80 MB of Python's objects at most."""
FEW_PARTS = 20_000
"""Those of one object without others in it: far more than any has properties."""

_FEW_LINES = 1000
"""Lines of a body that count for nothing: they take about a megabyte."""
_BLOCK = 1 << 16  # bytes that are looked at at once, so that they take little memory
_BACKSLASH = ord("\\")
_SIGNS = (b",", b":", b"[", b"{")


def most_parts(codec: object, has_own_shape: bool) -> int:
    """Return how many names and values a body may have: fewer where it is one object alone.

    `has_own_shape`: the object is of a plugin's own making, and may hold others.
    """
    is_alone = isinstance(codec, Codec) and not codec.children and not has_own_shape
    return FEW_PARTS if is_alone else MOST_PARTS


def check_parts(data: bytes, most: int = MOST_PARTS) -> None:
    """Refuse JSON of more than `most` names, values and brackets."""
    if len(data) <= most or _signs(data) < most:
        return
    found = 0
    for piece in _outside_strings(data):
        found += _signs(piece)
        if found >= most:
            fault = f"the body has more than {most} names and values, the most that are taken"
            raise TooLarge(fault)


class NoRoomForLines(DataplaneError):
    """So many lines are being worked on that there is no room for those of another body."""

    status = 503
    retry_after = 1


class LineRoom:
    """Room for the lines of all bodies that a worker works on at once: `most`; 0: any number.

    What a text costs beside its bytes goes by its lines, and what JSON does by its objects, each of
    which may become a line.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self.taken = 0

    def take(self, data: bytes, is_json: bool) -> int:
        """Take room for a body; return how much, which is to be given back.

        Raises `TooLarge` for a body that has no room by itself, and `NoRoomForLines`.
        """
        lines = data.count(b"\n") + data.count(b"\\n") + (data.count(b"{") if is_json else 0)
        if not self._most or lines <= min(_FEW_LINES, self._most):
            return 0
        if lines > self._most:
            what = "lines, or objects" if is_json else "lines"
            raise TooLarge(f"the body has more than {self._most} {what}, the most that are taken")
        with self._lock:
            if self.taken + lines > self._most:
                raise NoRoomForLines(
                    "the bodies of all requests together have more lines than this server works "
                    "on at once"
                )
            self.taken += lines
        return lines

    def give(self, lines: int) -> None:
        """Give room back."""
        with self._lock:
            self.taken -= lines


def _outside_strings(data: bytes) -> Iterator[bytes]:
    """Yield what of a JSON document stands in no string."""
    at, is_inside = 0, False
    while at < len(data):
        end = min(at + _BLOCK, len(data))
        while end < len(data) and data[end - 1] == _BACKSLASH:
            end += 1
        block = data[at:end].replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = block.split(b'"')
        yield b"".join(parts[is_inside::2])
        is_inside ^= len(parts) % 2 == 0
        at = end


def _signs(data: bytes) -> int:
    return sum(map(data.count, _SIGNS))
