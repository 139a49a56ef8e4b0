"""Give memory that nobody uses any more back to the system."""

from collections.abc import Callable
from functools import cache

LARGE = 1 << 20
"""Bytes in texts of which it pays to give back what they took while they were read."""


def give_back() -> None:
    """Give back what the C library keeps of memory that was freed: some milliseconds.

    It keeps most of it, in pieces between what is used, for as long as nobody asks.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], object] | None:
    """Return the function of glibc; None with another C library."""
    import ctypes  # not needed before much has been read

    trim: Callable[[int], object] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim
