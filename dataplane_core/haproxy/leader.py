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

_TRY_SECONDS = 0.25
_REST_SECONDS = 1.0


def lead(lock: Path, duties: Sequence[Duty], stop: threading.Event) -> None:
    """Wait for the lock file, then do all duties, each in a thread, until `stop` is set.

    The kernel frees the lock when its holder dies, which ends the wait of another process. Call it
    in a thread that is made after the fork: it is that of the last duty. A duty that raises goes to
    the log and begins again.
    """
    outage = Outage(log, "background work cannot begin", "background work can begin again")
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
