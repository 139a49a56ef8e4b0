"""Say which names a change takes from the lines that refer to them."""

from collections.abc import Callable, Iterable, Sequence

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Conflict, Reference
from dataplane_core.text import Document

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class LostName:
    """A name that lines refer to, and that a change took from all that had it.

    `thing` says what it was the name of, `users` are the objects of the lines, and `lines` those of
    files beside the configuration, in words.
    """

    thing: str
    users: tuple[Reference, ...]
    lines: tuple[str, ...] = ()


FindLost = Callable[[Document, Document], Sequence[LostName]]
"""Finds the names that a change, from the first document to the second, takes from their users."""


def nothing_lost(before: Document, after: Document) -> Sequence[LostName]:
    """Find nothing, where nobody knows what refers to what."""
    return ()


class StillNamed(Conflict):
    """A change takes away what lines refer to, and the settings refuse that."""

    def __init__(self, lost: Sequence[LostName]) -> None:
        super().__init__(said_of(lost, _words))
        self.lost = lost

    def sentence(self, path_of: Callable[[Reference], str]) -> str:
        return said_of(self.lost, path_of)


def said_of(lost: Iterable[LostName], path_of: Callable[[Reference], str]) -> str:
    """Return in one sentence what names are lost, and to whom."""
    said = [f"{one.thing} is still named by {_users(one, path_of)}" for one in lost]
    more = len(said) - _MOST_NAMED
    return "; ".join(said[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _users(lost: LostName, path_of: Callable[[Reference], str]) -> str:
    found = [*dict.fromkeys((*map(path_of, lost.users), *lost.lines))]
    named, more = found[:_MOST_NAMED], len(found) - _MOST_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _words(reference: Reference) -> str:
    key = "" if reference.key is None else f" {reference.key}"
    return f"{reference.collection}{key} of {reference.kind} {reference.section}"
