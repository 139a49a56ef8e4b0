"""Watch haproxy.cfg for edits by someone else."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from dataplane_core.store.files import FileIdentity, identity_of

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.2
_SETTLED_SECONDS = 0.1
_MOST_CHANGES = 10


def watch(path: str | Path, callback: Callable[[], object], stop: threading.Event) -> None:
    """Call `callback` at once and after each change of the file `path`, until `stop` is set.

    A file is looked at five times a second, which costs less than to be told of its changes: the
    kernel tells of folders, which links lead to, and which come and go. A change counts once the
    file stays as it is for a moment: editors write in pieces. An exception of the callback goes to
    the log.
    """
    path = Path(path)
    known, now = None, identity_of(path)
    while not stop.is_set():
        if now != known:
            known = now
            if now is not None:
                _call(callback, path)
        stop.wait(_LOOK_SECONDS)
        now = identity_of(path)
        if now != known:
            now = _settled(path, now, stop)


def _settled(
    path: Path, now: FileIdentity | None, stop: threading.Event
) -> FileIdentity | None:
    """Return what the file is when it has not changed for a moment; in vain it waits a second."""
    for _ in range(_MOST_CHANGES):
        stop.wait(_SETTLED_SECONDS)
        before, now = now, identity_of(path)
        if now == before:
            break
    return now


def _call(callback: Callable[[], object], path: Path) -> None:
    try:
        callback()
    except Exception:
        log.exception("the change of %s could not be taken up", path)
