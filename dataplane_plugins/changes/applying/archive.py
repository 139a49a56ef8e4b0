"""Read the files of an archive: tar, with or without gzip, in memory and within a limit.

An archive is taken, not a form: forms lose the folders of their files (RFC 7578, section 4.2), and
every machine has a program that makes a tar of a folder.
"""

import io
import tarfile
import zlib
from collections.abc import Iterator

from dataplane_core.plugin import BadRequest, TooLarge

_GZIP = b"\x1f\x8b"
_MOST_FILES = 10_000


def read_archive(data: bytes, limit: int) -> dict[str, bytes]:
    """Return the files of an archive by their paths in it.

    Raises `BadRequest` for what is no archive, for links, devices and paths that lead out of it,
    and `TooLarge` where all of it together is more than `limit` bytes.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_unpacked(data, limit)), mode="r:") as archive:
            for path, member in _members(archive):
                if path in found:
                    raise BadRequest(f"the archive has {path[:80]} twice")
                if len(found) == _MOST_FILES:
                    raise BadRequest(f"the archive has more than {_MOST_FILES} files")
                file = archive.extractfile(member)
                found[path] = file.read() if file is not None else b""
                if len(found[path]) != member.size:
                    raise BadRequest("the archive broke off before its end")
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise BadRequest(f"the body is no archive that can be read: {error}"[:200]) from None
    return found


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Yield the files in the archive; folders are made of their paths."""
    for member in archive:
        if member.isdir():
            continue
        if not member.isreg():
            raise BadRequest(f"{member.name[:80]!r} in the archive is no regular file")
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if member.name.startswith("/") or ".." in parts or not parts:
            raise BadRequest(f"{member.name[:80]!r} in the archive is no path in a folder")
        yield "/".join(parts), member


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
