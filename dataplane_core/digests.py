"""Hash with what Python has of its own, and load OpenSSL for what is large.

`hashlib` and `hmac` load it when they are imported: that takes a start some milliseconds, and a
server 2 MiB from then on. Small texts gain microseconds by it. What is returned is the same.
"""

from _operator import _compare_digest
from collections.abc import Iterable
from importlib import import_module
from typing import Any

_LARGE = 1 << 13
"""Bytes from which on OpenSSL pays, which uses what the processor has for hashes."""

is_equal = _compare_digest
"""Compares two secrets, of bytes or ASCII, in a time that says nothing of what they share."""


def _own(name: str, *modules: str) -> Any:
    """Return a hash of one of these modules; that of `hashlib` where Python was built without."""
    for module in modules:
        try:
            return getattr(import_module(module), name)
        except ImportError:
            continue
    return getattr(import_module("hashlib"), name)


_sha256 = _own("sha256", "_sha2", "_sha256")
_md5 = _own("md5", "_md5")
_blake2b = _own("blake2b", "_blake2")


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 hexadecimal digits.

    >>> sha256(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return sha256_of_pieces((data,), len(data))


def sha256_of_pieces(pieces: Iterable[bytes], size: int) -> str:
    """Return the SHA-256 of bytes that come in pieces, about `size` of them in all."""
    found = _sha256() if size < _LARGE else import_module("hashlib").sha256()
    for piece in pieces:
        found.update(piece)
    return str(found.hexdigest())


def md5(data: bytes) -> str:
    """Return the MD5 of some bytes, as 32 hexadecimal digits; it keeps nothing safe."""
    make = _md5 if len(data) < _LARGE else import_module("hashlib").md5
    return str(make(data, usedforsecurity=False).hexdigest())


def blake2b(data: bytes, size: int, key: bytes = b"") -> bytes:
    """Return `size` bytes that stand for others; which ones, only who has the key knows."""
    digest: bytes = _blake2b(data, digest_size=size, key=key).digest()
    return digest
