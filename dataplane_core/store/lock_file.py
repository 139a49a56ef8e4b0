"""The lock file beside haproxy.cfg: its holder may write, and its text is the last number given.

The text is the number of the last version and the digest of that version's text. Servers with state
directories of their own thereby agree on numbers, and a lost state repeats none.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from dataplane_core.store.locks import locked

_LONGEST = 100  # bytes of a sensible text
_MOST_DIGITS = 18
_SHARED = 0o660  # with servers of other users of the same group


class Mark(NamedTuple):
    """The last number given to a version, and the digest of the version's text."""

    version: int
    digest: str


class HeldLock:
    """A lock file while this process holds it, by its descriptor."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

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


class LockFile:
    """The lock file `.haproxy.cfg.lock` of a configuration file, beside what links lead to."""

    def __init__(self, config_file: Path) -> None:
        self._config_file = config_file

    @contextmanager
    def hold(self) -> Iterator[HeldLock]:
        """Keep every other writer out; raises `StorageFailed` without the right to do so.

        The lock file is never removed: a removed one would let two holders in.
        """
        with locked(self._path(), _SHARED) as handle:
            yield HeldLock(handle)

    def mark(self) -> Mark | None:
        """Return what the lock file says, without holding it."""
        with suppress(OSError), open(self._path(), "rb") as file:
            return _read(file.fileno())
        return None

    def _path(self) -> Path:
        real = Path(os.path.realpath(self._config_file))
        return real.with_name(f".{real.name}.lock")


class ReadOnlyLock(HeldLock):
    """Stands for a lock file that this process may only read: no mark is written to it."""

    def __init__(self, lock_file: LockFile) -> None:
        self._lock_file = lock_file

    def mark(self) -> Mark | None:
        return self._lock_file.mark()

    def set_mark(self, version: int, digest: str) -> None:
        """Leave the lock file as it is."""


def _read(handle: int) -> Mark | None:
    words = os.pread(handle, _LONGEST, 0).split()
    if len(words) != 2 or not words[0].isdigit() or len(words[0]) > _MOST_DIGITS:
        return None
    return Mark(int(words[0]), words[1].decode("ascii", "replace"))
