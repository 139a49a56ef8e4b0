"""Know which revisions are made of a change."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_made: ContextVar[list[int] | None] = ContextVar("made", default=None)


def note_revision(number: int) -> None:
    """Tell who wants to know that a revision was made."""
    numbers = _made.get()
    if numbers is not None:
        numbers.append(number)


@contextmanager
def noting_revisions() -> Iterator[list[int]]:
    """Give the numbers of the revisions that are made in the body, in this thread."""
    numbers: list[int] = []
    token = _made.set(numbers)
    try:
        yield numbers
    finally:
        _made.reset(token)
