"""Keep contents of files by what they are: each once, compressed, under its SHA-256.

A content that holds a private key is encrypted with a key that lies beside the contents, mode 0600:
a copy of the contents without that key shows no private key. Who can read the folder of the state
can read them, as they can the files themselves.
"""

import os
import threading
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from dataplane_core.digests import sha256
from dataplane_core.store.candidate import write_atomically
from dataplane_core.store.files import make_folder, storage_errors, sync_directory, sync_file
from dataplane_core.store.locks import locked

_PRIVATE = b"PRIVATE KEY-----"
_PLAIN, _SEALED = b"p", b"s"
_QUICK = 1
_KEY_BYTES, _NONCE_BYTES = 32, 12
_MOST_SYNCED = 32


def content_digest(data: bytes) -> str:
    """Return the name of a content."""
    return sha256(data)


class Contents:
    """The contents in a folder, which is made when the first one is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fresh: dict[str, Path] = {}

    def keep(self, data: bytes) -> str:
        """Keep a content, and return its digest; nothing is done for one that is there.

        Nobody finds it before `sync`: a content that has its name is whole, also after a power cut.
        """
        digest = content_digest(data)
        path = self._path(digest)
        if digest not in self._fresh and not _is_there(path):
            make_folder(path.parent, 0o700)
            packed = zlib.compress(data, _QUICK)
            kept = _SEALED + self._sealed(packed) if _PRIVATE in data else _PLAIN + packed
            temporary = path.with_name(f"{digest}.{os.getpid()}.{threading.get_ident()}")
            with storage_errors(path), open(temporary, "wb", opener=_for_us) as file:
                file.write(kept)
            self._fresh[digest] = temporary
        return digest

    def sync(self) -> None:
        """Bring to the disk what was kept since this was last asked, and give it its names."""
        fresh, self._fresh = self._fresh, {}
        are_many = len(fresh) > _MOST_SYNCED
        if are_many:
            os.sync()
        for digest, temporary in fresh.items():
            path = self._path(digest)
            if not are_many:
                sync_file(temporary, path)
            with storage_errors(path):
                os.replace(temporary, path)
        if are_many:
            os.sync()
            return
        for folder in {temporary.parent for temporary in fresh.values()}:
            sync_directory(folder)

    def read(self, digest: str) -> bytes | None:
        """Return a content; None when it is not kept, or is not what it was."""
        try:
            kept = self._path(digest).read_bytes()
        except OSError:
            return None
        data = kept[1:] if kept[:1] == _PLAIN else self._opened(kept[1:])
        with suppress(zlib.error):
            found = None if data is None else zlib.decompress(data)
            return found if found is not None and content_digest(found) == digest else None
        return None

    def old(self, before: float) -> list[str]:
        """Return the names of all that was kept before a moment (seconds since 1970)."""
        found = []
        for path in self._folder.glob("??/*"):
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    found.append(path.name)
        return found

    def remove(self, digests: Iterable[str]) -> None:
        """Remove contents that nobody names any more, or what was not finished."""
        for digest in digests:
            with suppress(OSError):
                self._path(digest).unlink()

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _sealed(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._key()).encrypt(nonce, data, None)

    def _opened(self, sealed: bytes) -> bytes | None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            cipher = AESGCM((self._folder / "key").read_bytes())
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except (OSError, ValueError, InvalidTag):  # the key was lost, or is another one
            return None

    def _key(self) -> bytes:
        """Return the key, which is made when the first private key is kept."""
        path = self._folder / "key"
        with locked(self._folder / "key.lock"):
            with suppress(OSError):
                return path.read_bytes()
            key = os.urandom(_KEY_BYTES)
            write_atomically(path, key, 0o600)
            return key


def _is_there(path: Path) -> bool:
    with storage_errors(path, "looked at"):
        return path.exists()


def _for_us(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
