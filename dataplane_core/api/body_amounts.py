"""Limit what is in a body beside its bytes: a few bytes may be a value, or a line, of hundreds.

The limits are counted in the bytes, before anything is made of them.
"""

from collections.abc import Iterator

from dataplane_core.codec.codec import Codec
from dataplane_core.errors import TooLarge

MOST_PARTS = 800_000
"""Names, values and brackets of a JSON document: about 80 MB of Python's objects at most."""
FEW_PARTS = 20_000
"""Those of one object without others in it: far more than any has properties."""

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


def check_lines(data: bytes, most: int) -> None:
    """Refuse a text, or JSON with one in it, of more than `most` lines; 0: any number."""
    if most and data.count(b"\n") + data.count(b"\\n") > most:
        raise TooLarge(f"the body has more than {most} lines, the most that are taken")


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
