"""Changes of one thing in the running HAProxy, one after the other, in whatever worker they are."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dataplane_core.plugin import RuntimeUnreachable, State, try_lock


@contextmanager
def changed_alone(state: State, name: str, what: str, seconds: float = 0.4) -> Iterator[None]:
    """Keep other changes of the thing `name` away, which messages call `what`.

    Raises `RuntimeUnreachable` when another takes over `seconds`: an upload, or HAProxy hangs.
    """
    path = state.path(f"{name}.lock")
    end = time.monotonic() + seconds
    while (lock := try_lock(path)) is None:
        if time.monotonic() > end:
            raise RuntimeUnreachable(f"{what} is being changed by another request")
        time.sleep(0.005)
    try:
        yield
    finally:
        os.close(lock)
