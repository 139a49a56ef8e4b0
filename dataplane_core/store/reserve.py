"""Own some room on the disk for what has to go well on a full one.

The room is a file in the state directory whose blocks nobody else can take. It is given up where a
disk without room would keep the server from its start, or a former state from coming back, and is
taken again as soon as there is plenty of room.
"""

import logging
import os
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger(__name__)
_LEAST = 4 << 20
_PLENTY = 1 << 20
"""Bytes with which a start, and most changes, get on."""
_TEXTS = 4
"""How often the text is written when a former one comes back, with some to spare."""


class Reserve:
    """The room that is reserved in a state directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "reserve"

    def take(self, text_size: int) -> bool:
        """Reserve room for a configuration of a size; False where the disk has not twice as much.

        What was reserved before is kept where it is enough.
        """
        size = _LEAST + _TEXTS * text_size
        try:
            if self._path.exists() and self._path.stat().st_size >= size:
                return True
            found = os.statvfs(self._path.parent)
            if found.f_bavail * found.f_frsize < 2 * size:
                return False
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, size)
            finally:
                os.close(handle)
        except OSError:  # also of file systems that reserve nothing
            self._remove()
            return False
        return True

    def release(self) -> bool:
        """Give the room up where the disk is full; return whether there was any."""
        folder = self._path.parent
        try:
            found, reserved = os.statvfs(folder), self._path.exists()
        except OSError:
            return False
        if not reserved or found.f_bavail * found.f_frsize >= _PLENTY:
            return False
        self._remove()
        _log.warning("the disk of %s is full: the room that was reserved is used", folder)
        return True

    def _remove(self) -> None:
        with suppress(OSError):
            os.truncate(self._path, 0)  # which frees the blocks where a directory cannot change
        with suppress(OSError):
            self._path.unlink()
