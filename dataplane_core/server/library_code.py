"""Leave the code of libraries that a process has run to the system, until it runs it again."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress

_DONT_NEED = 4  # MADV_DONTNEED of madvise(2)
_READ_ONLY = {"r-xp", "r--p"}
_ENTRY = 8  # bytes, in /proc/self/pagemap
_OF_A_FILE, _THERE = 0x20, 0xC0  # in the last byte of an entry; in memory, or swapped


def leave_code() -> None:
    """Map no code and no constants of libraries any more; what is needed next is mapped again.

    A master has mapped 13 MiB of them at the start, OpenSSL's among them, and needs little of it
    afterwards. They stay in the system's memory as long as others use them, or nobody else needs
    the room. Nothing is done where the system does not tell what is mapped.
    """
    advise = getattr(ctypes.CDLL(None), "madvise", None)
    if advise is None:
        return
    advise.argtypes = ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int
    with suppress(OSError):
        for begin, end in _unchanged():
            advise(begin, end - begin, _DONT_NEED)


def _unchanged() -> Iterator[tuple[int, int]]:
    """Yield where parts of files are mapped to be read alone, with no page that is not the file's.

    What the linker has relocated is such a page: it would be lost.
    """
    with (
        open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps,
        open("/proc/self/pagemap", "rb", buffering=0) as pages,
    ):
        size = os.sysconf("SC_PAGE_SIZE")
        for line in maps.read().splitlines():
            place, rights, *others = line.split(maxsplit=5)
            if rights not in _READ_ONLY or not others[-1].startswith("/"):
                continue
            begin, end = (int(one, 16) for one in place.split("-"))
            pages.seek(begin // size * _ENTRY)
            kinds = set(pages.read((end - begin) // size * _ENTRY)[_ENTRY - 1 :: _ENTRY])
            if all(one & _OF_A_FILE or not one & _THERE for one in kinds):
                yield begin, end
