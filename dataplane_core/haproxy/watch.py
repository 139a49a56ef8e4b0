"""Watch haproxy.cfg for edits by someone else."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from dataplane_core.store.files import FileIdentity, identity_of

log = logging.getLogger(__name__)

Folders = list[tuple[Path, tuple[int, int]]]

_DEBOUNCE_MS = 100
# Nothing tells when a watch begins; an edit that came just before it is seen at the next wake-up.
_WAKE_MS = 1000
_POLL_SECONDS = 1.0


def watch(path: str | Path, callback: Callable[[], object], stop: threading.Event) -> None:
    """Call `callback` at once and after each change of the file `path`, until `stop` is set.

    The folder is watched, because a file that is put in place by a rename is another file; the
    folder that a symbolic link leads to is watched, too. Where a folder cannot be watched, or is
    not there, the file is looked at once a second. An exception of the callback goes to the log.
    """
    path = Path(path)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # at INFO it logs every change
    known: FileIdentity | None = None
    for _ in _WakeUps(path, stop):
        now = identity_of(path)
        if now == known:
            continue
        known = now
        if now is not None:
            _call(callback, path)


class _WakeUps:
    """An iterator that gives None whenever the file may have changed; it ends with `stop`."""

    def __init__(self, path: Path, stop: threading.Event) -> None:
        self._path = path
        self._stop = stop
        self._warned = False

    def __iter__(self) -> Iterator[None]:
        while not self._stop.is_set():
            folders = _folders(self._path)
            yield None  # a change that came before the watch began
            if folders:
                yield from self._in(folders)
            else:
                self._stop.wait(_POLL_SECONDS)

    def _in(self, folders: Folders) -> Iterator[None]:
        """Wake up at changes in folders, until others are to be watched or these cannot be."""
        from watchfiles import watch as watch_folders  # one of the workers watches

        try:
            for _ in watch_folders(
                *(folder for folder, _ in folders),
                stop_event=self._stop,
                debounce=_DEBOUNCE_MS,
                step=_DEBOUNCE_MS // 2,
                rust_timeout=_WAKE_MS,
                yield_on_timeout=True,
                recursive=False,
                watch_filter=None,
                raise_interrupt=False,
            ):
                yield None
                if _folders(self._path) != folders:
                    return
        except (OSError, RuntimeError) as error:
            if not self._warned:
                log.warning(
                    "%s is looked at once a second, as it cannot be watched: %s", self._path, error
                )
            self._warned = True
            self._stop.wait(_POLL_SECONDS)


def _folders(path: Path) -> Folders:
    """Return the folder of the file and the one that its links lead to, with device and inode."""
    folders = {path.parent, Path(os.path.realpath(path)).parent}
    try:
        status = [(folder, os.stat(folder)) for folder in sorted(folders)]
    except OSError:
        return []
    return [(folder, (one.st_dev, one.st_ino)) for folder, one in status]


def _call(callback: Callable[[], object], path: Path) -> None:
    try:
        callback()
    except Exception:
        log.exception("the change of %s could not be taken up", path)
