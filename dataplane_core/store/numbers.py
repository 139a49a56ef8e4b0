"""Give numbers to texts that are found in a file, and forget all numbers of one."""

from pathlib import Path

from dataplane_core.store.files import storage_errors, sync_directory
from dataplane_core.store.head import decode_text, split_header
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.lock_file import LockFile, Mark


def next_number(
    newest: VersionRecord | None, mark: Mark | None, digest: str, data: bytes
) -> int:
    """Return the number of a text that is in the file: that of the newest version if it is its."""
    last = newest.version if newest else 0
    given, text = mark or (0, "")
    if newest is not None and newest.digest == digest and given <= last:
        return last
    written = split_header(decode_text(data))[0].version or 0
    shared = given > last and text == digest
    return given if shared else max(last + 1, given + 1, written)


def discard_store(path: Path) -> None:
    """Delete a file and its numbers: with a new state, the next file of this name starts at 1.

    The lock file stays, empty. Raises `StorageFailed`.
    """
    with LockFile(path).hold() as lock, storage_errors(path, "deleted"):
        path.unlink(missing_ok=True)
        lock.clear()
    sync_directory(path.parent)
