"""Waiting in tests: for a condition, and with a patience that a busy machine does not exhaust.

No test sleeps for a time and then looks, and none is held to seconds: what is slow here is the machine.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that nothing takes which works, however busy the machine is: only a failing test waits so long."""
_PAUSE = 0.01


def until(condition: Callable[[], T], told: Callable[[], object] | None = None) -> T:
    """Wait for what another thread or process is about to do; the condition's value, once it is true.

    `told` says of a failure what is known then.
    """
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, told() if told else "it did not happen"
        time.sleep(_PAUSE)
    return value


def stays(condition: Callable[[], object], seconds: float = 0.3) -> bool:
    """Whether a condition holds for a while: a busy machine makes this pass by mistake, never fail."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not condition():
            return False
        time.sleep(_PAUSE)
    return True


@contextmanager
def ends() -> Iterator[None]:
    """Assert that the block ends, where the fault would be to wait without end or for minutes."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < PATIENCE, "it was waited for"


def seconds_of(action: Callable[[], object]) -> float:
    """How long an action takes, to be compared with another one of the same run."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun
