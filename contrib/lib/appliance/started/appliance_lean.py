"""Leave out of the memory what the server imports and a small set of plugins does not need.

Each of these is there all the same once somebody takes something from it.
"""

import importlib
import sys
from types import ModuleType

from appliance_facts import FACTS


def install() -> None:
    """Take each measure."""
    if FACTS["lean"]:
        _hash_without_openssl()
    if not FACTS["entry_points"]:
        sys.modules["importlib.metadata"] = _Metadata("importlib.metadata")


def _hash_without_openssl() -> None:
    """Have `hashlib` take the hashes that Python has itself: OpenSSL is 5 MiB of memory.

    What only OpenSSL has is taken from it when it is asked for.
    """
    sys.modules["_hashlib"] = None  # type: ignore[assignment]
    try:
        import hashlib
        import hmac  # noqa: F401
    finally:
        del sys.modules["_hashlib"]

    def from_openssl(name: str) -> object:
        if name in ("pbkdf2_hmac", "scrypt", "file_digest"):
            import _hashlib

            return getattr(_hashlib, name)
        raise AttributeError(f"module 'hashlib' has no attribute {name!r}")

    hashlib.__getattr__ = from_openssl  # type: ignore[attr-defined]


class _Stand(ModuleType):
    """Stands for a module of Python's, which is loaded for what the start does not ask of it."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_real(self), name)


def _real(stand):
    """Return the module that another one stands for."""
    name = stand.__name__
    if name not in _loaded:
        del sys.modules[name]
        try:
            _loaded[name] = importlib.import_module(name)
        finally:
            sys.modules[name] = stand
    return _loaded[name]


_loaded = {}


class _Metadata(_Stand):
    """Stands for `importlib.metadata`: no distribution in this file has an entry point for us."""

    class EntryPoint:
        """What the server asks objects whether they are."""

    @staticmethod
    def entry_points(**wanted):
        """Return no entry points."""
        return ()
