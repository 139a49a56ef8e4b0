"""Verify a hash with the system's crypt(3), the library that HAProxy itself verifies with.

The library knows the hashes that HAProxy knows (yescrypt among them), is faster than Python, and
lets other threads run meanwhile. `crypt_r` takes its working memory from the caller, so threads
need no lock.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from dataplane_core.digests import is_equal

_NAMES = ("libcrypt.so.1", "libcrypt.so.2", "libcrypt.so")
_WORKING_MEMORY = 1 << 18  # struct crypt_data: 32 KiB in libxcrypt, 128 KiB in the old glibc


@cache
def _crypt_r() -> Callable[..., Any] | None:
    for name in _NAMES:
        try:
            function = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
        return function
    return None


def verify(password: bytes, stored: str) -> bool | None:
    """Tell whether a password has the stored hash; None where the library cannot judge the hash.

    `password` must hold no NUL.
    """
    function = _crypt_r()
    if function is None or not stored.isascii():
        return None
    memory = ctypes.create_string_buffer(_WORKING_MEMORY)
    made: bytes | None = function(password, stored.encode(), memory)
    if made is None or made.startswith(b"*"):
        return None
    return is_equal(made, stored.encode())
