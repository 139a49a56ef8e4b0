"""Give memory that nobody uses any more back to the system."""

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctypes import c_size_t, c_void_p

LARGE = 1 << 20
"""Bytes in texts of which it pays to give back what they took while they were read."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # mallopt(3)
_DONT_NEED = 4  # madvise(2)


def give_back() -> None:
    """Give back what the C library keeps of memory that was freed: some milliseconds.

    It keeps most of it, in pieces between what is used, for as long as nobody asks.
    """
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


def keep_little() -> None:
    """Have the C library give large texts back as soon as they are freed.

    It would do so with the first one only, and keep room for others of that size, in each thread.
    """
    set_option = _function("mallopt")
    if set_option is not None:
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            set_option(option, LARGE)


def share_heap() -> None:
    """Have the threads that are started from now on share one heap, where memory is short."""
    set_option = _function("mallopt")
    if set_option is not None:
        set_option(_ARENA_MAX, 1)


def let_go_of_programs() -> None:
    """Let go of the pages of programs and libraries that only the start has needed.

    The system keeps those that it has room for, and finds them again for whoever needs them. What
    may be written to, or differs from its file, stays.

    A library that another thread loads meanwhile is one mapping first, in which its data are put
    then: so only what two looks have found alike counts.
    """
    advise = _function("madvise")
    if advise is None:
        return
    with suppress(OSError):
        with open("/proc/self/maps", "rb") as maps:
            settled = {line.split(maxsplit=1)[0] for line in maps}
        with open("/proc/self/smaps", "rb") as maps:
            for start, size in _unchanged_programs(maps, settled):
                advise(start, size, _DONT_NEED)


def tidy() -> None:
    """Give back memory, and let go of what the start, or requests, have used of programs."""
    give_back()
    let_go_of_programs()


def _unchanged_programs(
    maps: Iterable[bytes], settled: Container[bytes]
) -> Iterator[tuple["c_void_p", "c_size_t"]]:
    """Yield start and size of each mapping of a file that nobody can have changed (proc(5)).

    `settled` are the mappings that were there before, as their first words.
    """
    from ctypes import c_size_t, c_void_p

    start = end = 0
    for line in maps:
        words = line.split()
        if not words[0].endswith(b":"):
            is_program = words[1] in (b"r-xp", b"r--p") and words[-1].startswith(b"/")
            is_program = is_program and words[0] in settled
            start, end = (int(word, 16) for word in words[0].split(b"-")) if is_program else (0, 0)
        elif words[0] == b"Anonymous:" and words[1] == b"0" and end:
            yield c_void_p(start), c_size_t(end - start)


@cache
def _function(name: str) -> Callable[..., object] | None:
    """Return a function of glibc; None with another C library."""
    import ctypes  # not needed before much has been read

    function: Callable[..., object] | None = getattr(ctypes.CDLL(None), name, None)
    return function
