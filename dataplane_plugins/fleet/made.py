"""Know who asks for a change, and which revisions are made of it.

A file beside the configuration is changed by what knows nothing of who asks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dataplane_core.plugin import Author

_made: ContextVar[list[int] | None] = ContextVar("made", default=None)


_author: ContextVar[Author | None] = ContextVar("author", default=None)


def who_asks() -> Author:
    """Return who asks for the change that is made in this thread; nobody where nobody knows."""
    return _author.get() or Author()


@contextmanager
def asked_by(author: Author) -> Iterator[None]:
    """Have changes in the body be asked for by somebody."""
    token = _author.set(author)
    try:
        yield
    finally:
        _author.reset(token)


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
