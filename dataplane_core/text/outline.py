"""Tell lines of a section by their first words, and make only those that somebody asks for."""

from array import array
from collections.abc import Set
from itertools import chain

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.lines import Line, split_lines
from dataplane_core.text.tokens import may_be_quoted

# For each line its first word, as HAProxy cuts it; nothing for a blank line and a comment.
_FIRST_WORD = lazy_pattern(r"[ \t\v\f\r]*+([^ \t\v\f\r\n#]*+)[^\n]*+\n?")
_QUOTED = ""
"""Stands for every first word with a quote or a backslash, which may mean any other word."""


class Outline:
    """The lines of a text from `start` on, which is not cut into lines before all are asked for.

    >>> outline = Outline("backend b\\n  mode tcp\\n  # why\\n  server s a:1\\n", 10)
    >>> outline.lines_with({"server"})
    [(2, Line('  server s a:1\\n'))]
    """

    __slots__ = ("_all", "_made", "_places", "_start", "_text")

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._start = start
        self._made: dict[int, Line] = {}
        self._all: tuple[Line, ...] | None = None
        self._places: dict[str, array[int]] | None = None

    def lines(self) -> tuple[Line, ...]:
        """Return all lines; those that were made before are among them."""
        if self._all is None:
            made = self._made
            self._all = tuple(made.get(at) or Line(raw) for at, raw in enumerate(self._cut()))
        return self._all

    def line(self, at: int, raw: str | None = None) -> Line:
        """Return the line at a place; `raw` is its text, where that is known already."""
        known = self._made.get(at) if self._all is None else self._all[at]
        if known is not None:
            return known
        return self._made.setdefault(at, Line(self._cut()[at] if raw is None else raw))

    def lines_with(self, first_words: Set[str]) -> list[tuple[int, Line]]:
        """Return the lines that start with one of some words, and their places, in order.

        Lines whose first word is quoted are among them, whatever that word is.
        """
        if self._places is None:
            self._places = _places_by_first_word(self._text, self._start)
        found = [
            places
            for word, places in self._places.items()
            if word in first_words or word == _QUOTED
        ]
        if not found:
            return []
        places = sorted(chain.from_iterable(found))
        every, made = self._all, self._made
        if every is not None:
            return [(at, every[at]) for at in places]
        raws = self._cut()
        return [(at, made.get(at) or made.setdefault(at, Line(raws[at]))) for at in places]

    def _cut(self) -> list[str]:
        return split_lines(self._text[self._start :])


def _places_by_first_word(text: str, start: int) -> "dict[str, array[int]]":
    """Return the places of the lines of a text from `start` on that have words."""
    found: dict[str, array[int]] = {}
    for at, word in enumerate(_FIRST_WORD.findall(text, start)):
        if word:
            places = found.get(word)
            if places is None:
                places = found.setdefault(_QUOTED if may_be_quoted(word) else word, array("I"))
            places.append(at)
    return found
