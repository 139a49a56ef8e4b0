"""Let one process of all do the background work: the one that holds a lock file."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from dataplane_core.errors import DataplaneError
from dataplane_core.logs.outage import Outage
from dataplane_core.store.locks import try_lock

log = logging.getLogger(__name__)

Duty = Callable[[threading.Event], None]
"""Work that goes on until the event is set."""
Begin = Callable[..., None]
"""Begins a thread: its name, what it calls, and the arguments of that."""

_TRY_SECONDS = 0.25
_REST_SECONDS = 1.0
_TOGETHER = 4
"""So often a worker leaves the other locks to the one that has the first: what all duties need is
then in the memory of one worker."""


def lead(lock: Path, duties: Sequence[Duty], stop: threading.Event) -> None:
    """Wait for the lock file, then do all duties, each in a thread, until `stop` is set.

    The kernel frees the lock when its holder dies, which ends the wait of another process. Call it
    in a thread that is made after the fork: it is that of the last duty. A duty that raises goes to
    the log and begins again.
    """
    outage = _outage()
    while not stop.is_set():
        handle = _take(lock, outage)
        if handle is None:
            stop.wait(_TRY_SECONDS)
            continue
        try:
            *others, last = duties
            threads = [
                threading.Thread(target=_keep, args=(duty, stop), daemon=True) for duty in others
            ]
            for thread in threads:
                thread.start()
            _keep(last, stop)
            for thread in threads:
                thread.join()
        finally:
            os.close(handle)


class Candidate:
    """Waits in one thread for the lock files of several duties, and does each in one of its own.

    `stop` ends all of them, and `begin` begins each.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Path, Duty, Outage]] = []
        self._is_looking = False

    def add(self, lock: Path, duty: Duty, stop: threading.Event, begin: Begin) -> None:
        """Have a duty done once its lock file is had."""
        with self._lock:
            self._waiting.append((lock, duty, _outage()))
            if not self._is_looking:
                begin("candidate", self._look, stop, begin)
                self._is_looking = True

    def _look(self, stop: threading.Event, begin: Begin) -> None:
        looks = 0
        while True:
            for one in tuple(self._waiting):
                lock, duty, outage = one
                handle = None if stop.is_set() else _take(lock, outage)
                if handle is None and looks < _TOGETHER:
                    break
                if handle is None:
                    continue
                try:
                    begin(lock.stem, _hold, handle, duty, stop)
                    self._waiting.remove(one)
                except RuntimeError as error:  # the system has no thread to give now
                    os.close(handle)
                    outage.note(error)
            with self._lock:
                if stop.is_set() or not self._waiting:
                    self._is_looking = False
                    return
            stop.wait(_TRY_SECONDS)
            looks += 1


def _hold(handle: int, duty: Duty, stop: threading.Event) -> None:
    try:
        _keep(duty, stop)
    finally:
        os.close(handle)


def _outage() -> Outage:
    return Outage(log, "background work cannot begin", "background work can begin again")


def _take(lock: Path, outage: Outage) -> int | None:
    try:
        handle = try_lock(lock)
    except DataplaneError as error:
        outage.note(error)
        return None
    outage.over()
    return handle


def _keep(duty: Duty, stop: threading.Event) -> None:
    outage = Outage(log, "background work failed, it begins again", "background work goes on")
    while not stop.is_set():
        try:
            duty(stop)
            return
        except Exception as error:
            outage.note(error)
            stop.wait(_REST_SECONDS)
