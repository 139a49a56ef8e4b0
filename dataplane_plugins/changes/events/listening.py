"""Let the worker that leads know whether anybody listens to events, in any worker.

Who listens shares a lock on a file, which the kernel frees when its process dies. Only then is it
looked for what nobody tells of (`watches`).
"""

import fcntl
import os
import threading
from pathlib import Path

from dataplane_core.plugin import Services, StorageFailed, is_locked, storage_errors

_LOOK = 0.5  # seconds between two looks at whether somebody listens


class Listening:
    """The lock that listeners share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self) -> int:
        """Return a descriptor; until it is closed, somebody listens. Raises `StorageFailed`."""
        with storage_errors(self._path, "locked"):
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
            try:
                fcntl.flock(handle, fcntl.LOCK_SH)
            except OSError:
                os.close(handle)
                raise
        return handle

    def anybody(self) -> bool:
        """Return whether somebody listens."""
        try:
            return is_locked(self._path)
        except StorageFailed:
            return False


def listening_of(services: Services) -> Listening:
    """Return the lock that the listeners to the events of a server share."""
    return Listening(services.state.path("listening.lock"))


def watch_while_wanted(services: Services, stop: threading.Event) -> None:
    """Look at servers and certificates while somebody wants to know, until `stop` is set."""
    listening = listening_of(services)
    has_webhook = bool(services.settings.dataplane.webhook_url)
    while not stop.wait(_LOOK):
        if has_webhook or listening.anybody():
            from dataplane_plugins.changes.events.watches import Watches

            watches = Watches(services)
            while (has_webhook or listening.anybody()) and not stop.wait(_LOOK):
                watches.look()
