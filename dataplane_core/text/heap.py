"""Give memory that nobody uses any more back to the system."""

from collections.abc import Callable
from functools import cache

LARGE = 1 << 20
"""Bytes in texts of which it pays to give back what they took while they were read."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # mallopt(3)


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


@cache
def _function(name: str) -> Callable[..., object] | None:
    """Return a function of glibc; None with another C library."""
    import ctypes  # not needed before much has been read

    function: Callable[..., object] | None = getattr(ctypes.CDLL(None), name, None)
    return function
