"""Write a file in its place where its name cannot be given to another: it is mounted by itself.

Containers often mount a single file. Renaming another one over it fails (EBUSY), and so the bytes
of that file itself are replaced. Beforehand the old and the new ones lie in a journal beside it,
on the disk: whoever locks the file next finishes or undoes what a process has left half done. Who
reads the file meanwhile without its lock may see some of both.
"""

import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress

from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.files import sync_handle
from dataplane_core.store.hash_chain import digest_of_bytes

_log = logging.getLogger(__name__)
_BLOCK = 4096
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_PRESENT = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MOUNTS = "/proc/self/mountinfo"


def is_mounted(path: str) -> bool:
    """Tell whether a path without links is a mount point itself (proc(5), mountinfo)."""
    return path in _mounts()


def _mounts() -> set[str]:
    """Return where anything is mounted; nothing where the system does not tell."""
    with suppress(OSError), open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as mounts:
        return {line.split(" ", 5)[4].replace("\\040", " ") for line in mounts}
    return set()


def mounts_in(folder: str) -> list[str]:
    """Return the paths in a folder that are mounts themselves, sorted."""
    real = os.path.realpath(folder)
    return sorted(path for path in _mounts() if os.path.dirname(path) == real)


def journal_of(path: str) -> str:
    """Return the path of the journal of a file, by its path without links."""
    folder, name = os.path.split(path)
    return os.path.join(folder, _journal(name))


def status_after(handle: int) -> os.stat_result | None:
    """Return the status of an open file that has just been changed; None where it cannot be had.

    The change is done, and no failure after it may be told as one of the change.
    """
    try:
        return os.fstat(handle)
    except OSError:
        return None


def write_in_place(name: str, folder: int, new: bytes) -> os.stat_result | None:
    """Replace the bytes of a file in an open folder, synced; return its status (`status_after`).

    After a failure the file holds what it held; raises `OSError`.
    """
    handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        old = _whole(handle)
        _keep(name, folder, old, new)
        failpoint("journal-written")
        try:
            _overwrite(handle, new, name)
        except OSError:
            _overwrite(handle, old, name)
            _forget(name, folder)
            raise
        failpoint("written-in-place")
        _forget(name, folder)
        return status_after(handle)
    finally:
        os.close(handle)


def recover_in_place(name: str, folder: int, is_wanted: Callable[[bytes], bool]) -> None:
    """Finish or undo what a process left half done that has died; for who has locked the file.

    The new bytes are put there where they are wanted, else the old ones. What somebody else has
    written since stays.
    """
    try:
        journal = os.open(_journal(name), _PRESENT, dir_fd=folder)
    except OSError:
        return
    try:
        kept = _read(_whole(journal))
    finally:
        os.close(journal)
    if kept is not None:
        _settle(name, folder, *kept, is_wanted)
    _forget(name, folder)


def _settle(
    name: str, folder: int, old: bytes, new: bytes, is_wanted: Callable[[bytes], bool]
) -> None:
    handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        data = _whole(handle)
        if data in (old, new) or not _is_torn(data, old, new):
            return
        wanted = is_wanted(new)
        _overwrite(handle, new if wanted else old, name)
        done = "was written to its end" if wanted else "is as it was"
        _log.warning("%s, which a process that died was writing in place, %s", name, done)
    finally:
        os.close(handle)


def _is_torn(data: bytes, old: bytes, new: bytes) -> bool:
    """Tell whether each block is of one of two contents, or of neither yet."""
    mixed = new + old[len(new) :]
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        end = start + len(block)
        known = (one[start:end] for one in (old, new, mixed))
        if block not in known and block.strip(b"\0"):
            return False
    return len(data) <= len(mixed)


def _journal(name: str) -> str:
    return f".{name}.journal"


def _keep(name: str, folder: int, old: bytes, new: bytes) -> None:
    """Bring both contents to the disk; the first line says how long they are, and what they are."""
    head = {"old": len(old), "new": len(new), "digest": digest_of_bytes(old + new)}
    handle = os.open(_journal(name), _NEW, 0o600, dir_fd=folder)
    try:
        _write(handle, json.dumps(head).encode() + b"\n" + old + new)
        sync_handle(handle, name)
    finally:
        os.close(handle)
    _sync(name, folder)


def _read(data: bytes) -> tuple[bytes, bytes] | None:
    """Return the two contents of a journal; None where it was not written to its end."""
    head, _, contents = data.partition(b"\n")
    with suppress(ValueError, KeyError, TypeError):
        facts = json.loads(head)
        if digest_of_bytes(contents) == facts["digest"]:
            return contents[: facts["old"]], contents[facts["old"] :]
    return None


def _forget(name: str, folder: int) -> None:
    with suppress(OSError):  # found again, it changes nothing
        os.unlink(_journal(name), dir_fd=folder)
        _sync(name, folder)


def _sync(name: str, folder: int) -> None:
    handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        sync_handle(handle, name)
    finally:
        os.close(handle)


def _overwrite(handle: int, data: bytes, name: str) -> None:
    os.lseek(handle, 0, os.SEEK_SET)
    half = len(data) // 2 // _BLOCK * _BLOCK
    _write(handle, data[:half])
    failpoint("half-written")
    _write(handle, data[half:])
    os.ftruncate(handle, len(data))
    sync_handle(handle, name)


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _whole(handle: int) -> bytes:
    with open(handle, "rb", closefd=False) as file:
        return file.read()
