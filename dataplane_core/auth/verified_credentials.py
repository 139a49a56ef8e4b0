"""Remember credentials that were verified a moment ago: not every request shall cost a hash.

Kept is a keyed digest of user, password and stored password, from which none of them can be found.
A changed stored password makes another digest, so an old password is forgotten at once.
"""

import os
import threading
import time
from collections import OrderedDict

from dataplane_core.digests import blake2b

_CAPACITY = 1024


class VerifiedCredentials:
    """A bounded memory of digests, safe for threads; each is kept for `lifetime` seconds.

    With a lifetime of 0 nothing is kept.
    """

    def __init__(self, lifetime: float) -> None:
        self._lifetime = lifetime
        self._key = os.urandom(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def digest(self, name: str, password: bytes, stored: str) -> bytes:
        """Return the keyed digest under which a verified credential is kept."""
        user = name.encode("utf-8", "surrogateescape")
        kept = stored.encode("utf-8", "surrogateescape")
        text = b"%d %d %b%b%b" % (len(user), len(password), user, password, kept)
        return blake2b(text, 32, self._key)

    def knows(self, digest: bytes) -> bool:
        """Tell whether that credential was verified within the lifetime."""
        return self._until.get(digest, 0.0) > time.monotonic()

    def add(self, digest: bytes) -> None:
        """Keep a credential that was verified just now; with more than 1024 the oldest goes."""
        if not self._lifetime:
            return
        with self._lock:
            self._until.pop(digest, None)
            self._until[digest] = time.monotonic() + self._lifetime
            while len(self._until) > _CAPACITY:
                self._until.popitem(last=False)
