"""Know what who asks may not do, wherever a change is judged that they ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_refusal: ContextVar[str] = ContextVar("refusal", default="")


def dangers_refused() -> str:
    """Return why who asks may add no line that opens the system; empty where they may."""
    return _refusal.get()


@contextmanager
def refusing_dangers(reason: str) -> Iterator[None]:
    """Have changes in the body be those of somebody who may not add such lines, in this thread."""
    token = _refusal.set(reason)
    try:
        yield
    finally:
        _refusal.reset(token)
