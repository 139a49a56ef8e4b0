"""Read the files of an archive: tar, with or without gzip, in memory and within a limit.

An archive is taken, not a form: forms lose the folders of their files (RFC 7578, section 4.2), and
every machine has a program that makes a tar of a folder.
"""

import zlib

from dataplane_core.plugin import CONTROL_CHARACTERS, BadRequest, TooLarge
from dataplane_plugins.changes.applying.tar import members

_GZIP = b"\x1f\x8b"
_MOST_FILES = 10_000


def read_archive(data: bytes, limit: int) -> dict[str, bytes]:
    """Return the files of an archive by their paths in it.

    Raises `BadRequest` for what is no archive, for links, devices and paths that lead out of it,
    and `TooLarge` where all of it together is more than `limit` bytes.
    """
    found: dict[str, bytes] = {}
    for member in members(_unpacked(data, limit)):
        if member.is_folder:
            continue  # folders are made of the paths of files
        path = _path(member.name)
        if path in found:
            raise BadRequest(f"the archive has {path[:80]!r} twice")
        if len(found) == _MOST_FILES:
            raise BadRequest(f"the archive has more than {_MOST_FILES} files")
        found[path] = member.data
    return found


def _path(name: str) -> str:
    """Return the path of a file in the archive; raises `BadRequest` for one that leads out."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts or CONTROL_CHARACTERS.search(name):
        raise BadRequest(f"{name[:80]!r} in the archive is no path in a folder")
    return "/".join(parts)


def _unpacked(data: bytes, limit: int) -> bytes:
    if not data.startswith(_GZIP):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        raise BadRequest(f"the body is no archive that can be read: {error}") from None
    if len(plain) > limit:
        raise TooLarge(f"the archive is larger than {limit} bytes, the largest that is taken")
    if not unpacker.eof:
        raise BadRequest("the archive broke off before its end")
    return plain
