"""Put a file in the place of another, if that one is still the one that is to go.

A rename over a file does not tell which file went. Between a look and a rename somebody else may
have written, a person with an editor for instance, whom no lock keeps away. So the two change
places (`RENAME_EXCHANGE` of renameat2(2)), and what has come out of the place is looked at.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from dataplane_core.errors import VersionMismatch

_EXCHANGE = 2
_UNABLE = frozenset({errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.ENOENT})
"""What says a system, or a file system, that cannot do this, and one without the other file."""


class FileChanged(VersionMismatch):
    """Somebody else has changed a file since it was read."""


def replace_if_same(new: str, name: str, folder: int, over: tuple[int | str, ...]) -> None:
    """Give a new file the name of another, if that is the one that was read with an identity.

    Raises `FileChanged` with everything as it was before, and `OSError`. Where files cannot change
    places, a look directly before the rename has to do.
    """
    try:
        present = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        raise FileChanged(f"{name} was removed meanwhile") from None
    if is_other(present, over):
        raise FileChanged(f"{name} was changed meanwhile")
    if not _exchange(new, name, folder):
        os.replace(new, name, src_dir_fd=folder, dst_dir_fd=folder)
        return
    try:
        came_out = os.stat(new, dir_fd=folder, follow_symlinks=False)
    except OSError:  # the new file is in its place, and what came out goes with what the dead leave
        return
    if is_other(came_out, over):
        _put_back(new, name, folder)
        raise FileChanged(f"{name} was changed meanwhile")
    with suppress(OSError):  # else it is removed with what the dead have left
        os.unlink(new, dir_fd=folder)


def is_other(found: os.stat_result, known: tuple[int | str, ...]) -> bool:
    """Tell whether a file is another one, or has other bytes; its new name does not count."""
    device, inode, modified, _, size = known
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size) != (
        device, inode, modified, size
    )  # fmt: skip


def _put_back(new: str, name: str, folder: int) -> None:
    """Undo an exchange; who has written even since then has the last word."""
    own = os.stat(name, dir_fd=folder, follow_symlinks=False).st_ino
    _exchange(new, name, folder)
    if os.stat(new, dir_fd=folder, follow_symlinks=False).st_ino != own:
        _exchange(new, name, folder)


def _exchange(one: str, other: str, folder: int) -> bool:
    """Have two files of a folder change places, in one step; False where that cannot be done."""
    call = _system_call()
    if call is None:
        return False
    number = call(folder, os.fsencode(one), folder, os.fsencode(other), _EXCHANGE)
    if number in _UNABLE:
        return False
    if number:
        raise OSError(number, os.strerror(number))
    return True


@cache
def _system_call() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """Return what exchanges files, and returns the number of an error; None without it."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    function = getattr(library, "renameat2", None)
    if function is None:
        return None

    def call(*given: object) -> int:
        return ctypes.get_errno() if function(*given) else 0

    return call
