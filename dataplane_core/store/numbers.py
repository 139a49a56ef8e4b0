"""Give numbers to texts that are found in a file, and forget all numbers of one."""

import os
from contextlib import suppress
from pathlib import Path

from dataplane_core.store.files import real_path, storage_errors, sync_directory
from dataplane_core.store.head import decode_text, split_header
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.lock_file import Mark, lock_file
from dataplane_core.store.place import opened_without_links


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

    The lock file stays, empty. Of a link, the link is deleted. Raises `StorageFailed`, and
    `NotFound` where the folder has just become another one.
    """
    with opened_without_links(Path(real_path(path.parent), path.name)) as opened:
        with lock_file(opened) as lock, storage_errors(path, "deleted"):
            with suppress(FileNotFoundError):
                os.unlink(opened.name, dir_fd=opened.folder)
            lock.clear()
        sync_directory(path.parent, opened.folder)
