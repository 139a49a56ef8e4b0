"""Read what a tar holds (ustar, with the long names of GNU tar and of pax) in one pass.

The module of the standard library takes more than we may: it makes holes of sparse files into
memory, calls itself for each header of a chain, and takes minutes for one of pax that is malformed.
"""

from collections.abc import Iterator
from typing import NamedTuple

from dataplane_core.plugin import BadRequest

_BLOCK = 512
_CHECKSUM = slice(148, 156)
_FILES, _FOLDER = (b"0", b"\0", b"7"), b"5"
_LONG_NAME, _PAX, _PAX_OF_ALL = b"L", b"x", b"g"
_LONGEST_NAME = 4096
_DIGITS = 8


class Member(NamedTuple):
    """A file or a folder in a tar."""

    name: str
    data: bytes
    is_folder: bool


def members(data: bytes) -> Iterator[Member]:
    """Yield what a tar holds; raises `BadRequest` for links, devices and what cannot be read."""
    at, long_name = 0, b""
    while len(header := data[at : at + _BLOCK]) == _BLOCK and any(header):
        kind, size = header[156:157], _size(header)
        body = data[at + _BLOCK : at + _BLOCK + size]
        if len(body) < size:
            raise BadRequest("the archive broke off before its end")
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK
        if kind == _LONG_NAME:
            long_name = body.rstrip(b"\0")
        elif kind == _PAX:
            long_name = _pax_name(body) or long_name
        elif kind != _PAX_OF_ALL:
            written = (long_name or _name(header))[: _LONGEST_NAME + 1]
            name = written.decode(errors="surrogateescape")
            if kind not in (*_FILES, _FOLDER):
                raise BadRequest(f"{name[:80]!r} in the archive is no regular file")
            if len(written) > _LONGEST_NAME:
                raise BadRequest(f"{name[:80]!r}… in the archive is too long a name")
            yield Member(name, body, kind == _FOLDER or name.endswith("/"))
            long_name = b""
    if at == 0 and not (len(header) == _BLOCK and not any(header)):
        raise _unreadable("it is no tar")
    if header and len(header) < _BLOCK:
        raise BadRequest("the archive broke off before its end")


def _size(header: bytes) -> int:
    """Return the size in a header whose checksum is right."""
    summed = sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")
    if _number(header[_CHECKSUM]) != summed:
        raise _unreadable("a header is none")
    return _number(header[124:136])


def _number(field: bytes) -> int:
    digits = field.partition(b"\0")[0].strip()
    if digits.strip(b"01234567"):
        raise _unreadable("a header has a number that is none, or too large")
    return int(digits or b"0", 8)


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _pax_name(body: bytes) -> bytes:
    """Return the name that a header of pax has for what follows; empty for none."""
    at, name = 0, b""
    while at < len(body):
        blank = body.find(b" ", at, at + _DIGITS)
        length = int(body[at:blank]) if blank > at and body[at:blank].isdigit() else 0
        record = body[blank + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not equals or not record.endswith(b"\n") or at + length > len(body):
            raise _unreadable("a header of pax is malformed")
        if key == b"size" or key.startswith(b"GNU.sparse."):
            raise BadRequest("the archive has a sparse file, or one that is too large")
        if key == b"path":
            name = value[:-1]
        at += length
    return name


def _unreadable(reason: str) -> BadRequest:
    return BadRequest(f"the body is no archive that can be read: {reason}")
