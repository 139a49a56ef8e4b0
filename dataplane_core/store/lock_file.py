"""The lock file beside haproxy.cfg: its holder may write, and its text is the last number given.

The text is the number of the last version and the digest of that version's text. Servers with state
directories of their own thereby agree on numbers, and a lost state repeats none.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from dataplane_core.errors import StorageFailed
from dataplane_core.store.locks import locked
from dataplane_core.store.place import OpenedPlace

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST = 100  # bytes of a sensible text
_MOST_DIGITS = 18
_SHARED = 0o660  # with servers of other users of the same group


class Mark(NamedTuple):
    """The last number given to a version, and the digest of the version's text."""

    version: int
    digest: str


class HeldLock:
    """A lock file while this process holds it, by its descriptor, and what it locks."""

    def __init__(self, handle: int, opened: OpenedPlace) -> None:
        self._handle = handle
        self.opened = opened

    def mark(self) -> Mark | None:
        """Return what the lock file says; None when that is nothing sensible."""
        return _read(self._handle)

    def set_mark(self, version: int, digest: str) -> None:
        """Write the last number given; a failure costs no more than the memory of it."""
        text = f"{version} {digest}\n".encode("ascii")
        with suppress(OSError):
            if os.pread(self._handle, _LONGEST, 0) != text:
                os.pwrite(self._handle, text, 0)
                os.ftruncate(self._handle, len(text))

    def clear(self) -> None:
        """Forget the numbers: the next file of this name starts anew."""
        os.ftruncate(self._handle, 0)


@contextmanager
def lock_file(opened: OpenedPlace) -> Iterator[HeldLock]:
    """Keep every other writer of a file out; raises `StorageFailed` without the right to do so.

    The lock file is `.haproxy.cfg.lock`, beside what links lead to. It is never removed: a removed
    one would let two holders in.
    """
    with locked(opened.beside(".lock"), _SHARED, opened.folder) as handle:
        yield HeldLock(handle, opened)


@contextmanager
def lock_to_read(
    opened: OpenedPlace, own: Path, *, writes: bool = True
) -> Iterator[HeldLock]:
    """Lock a file as `lock_file` does; where it may only be read, lock a file of the state."""
    with ExitStack() as stack:
        lock: HeldLock = ReadOnlyLock(opened)
        with suppress(StorageFailed):
            if writes:
                lock = stack.enter_context(lock_file(opened))
        if isinstance(lock, ReadOnlyLock):
            stack.enter_context(locked(own))
        yield lock


def mark_of(opened: OpenedPlace) -> Mark | None:
    """Return what the lock file of a file says, without holding it."""
    with suppress(OSError):
        handle = os.open(os.path.basename(opened.beside(".lock")), _READ, dir_fd=opened.folder)
        try:
            return _read(handle)
        finally:
            os.close(handle)
    return None


class ReadOnlyLock(HeldLock):
    """Stands for a lock file that this process may only read: no mark is written to it."""

    def __init__(self, opened: OpenedPlace) -> None:
        self.opened = opened

    def mark(self) -> Mark | None:
        return mark_of(self.opened)

    def set_mark(self, version: int, digest: str) -> None:
        """Leave the lock file as it is."""


def _read(handle: int) -> Mark | None:
    words = os.pread(handle, _LONGEST, 0).split()
    if len(words) != 2 or not words[0].isdigit() or len(words[0]) > _MOST_DIGITS:
        return None
    return Mark(int(words[0]), words[1].decode("ascii", "replace"))
