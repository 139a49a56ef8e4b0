"""Pass over the lines of sections of which one that is alike was read as a row before.

A list of sections has to know for each of their lines whether anything reads it. Nearly all lines
of a large file are comments and rows, and the rows have few shapes. A regular expression of these
shapes passes over a whole run of such lines at once; only the lines in between are read.
"""

import re
from collections.abc import Iterator, Sequence

from dataplane_core.grammar import Model
from dataplane_core.grammar.likeness import alike
from dataplane_core.grammar.model import HeadTable
from dataplane_core.text import Line, Section

_MOST_SHAPES = 200
_FREE_READINGS = 1_000
"""Lines that are learned from even where none was passed over yet."""
_READINGS_FOR_A_SHAPE = 20
"""To compile a regular expression takes as long as to read so many lines for each shape in it."""


class KnownLines:
    """Learns the shapes of the rows of some tables, beside the statements of a model.

    What a model reads is shown by its section, so its lines are never passed over.
    """

    def __init__(self, model: Model, tables: Sequence[HeadTable]) -> None:
        self._model_words = model.heads.first_words
        self._tables = tables
        self._shapes: dict[str, None] = {}
        self._awaited = 0  # readings of lines since the pattern was made
        self._learned = 0
        self._passed = 0
        self._pattern = _pattern(())

    def between(self, section: Section) -> Iterator[tuple[int, Line]]:
        """Yield the lines of a section that are not passed over, with their places."""
        text, start, at = section.text, len(section.top), 0
        while start < len(text):
            end = self._end(text, start)
            passed = text.count("\n", start, end)
            at, self._passed = at + passed, self._passed + passed
            if end == len(text):
                return
            start = text.find("\n", end) + 1 or len(text)
            yield at, section.line(at, text[end:start])
            at += 1

    def is_row(self, line: Line) -> bool:
        """Return whether a table reads a line, with or without words that are left over."""
        for table in self._tables:
            match = table.lookup(line)
            if match is not None and match[2] is not None:
                self._learn(line, alike(match[1], line) if self._is_worth(line) else None)
                return True
        return False

    def _end(self, text: str, start: int) -> int:
        match = self._pattern.match(text, start)
        return start if match is None else match.end()

    def _is_worth(self, line: Line) -> bool:
        """Return whether to learn from a row: not where that never paid, or the model has it."""
        if self._learned > _FREE_READINGS + self._passed or line.tokens[0] in self._model_words:
            return False
        return len(self._shapes) < _MOST_SHAPES

    def _learn(self, line: Line, shape: str | None) -> None:
        """Remember a shape, and compile all of them when that costs less than was lost."""
        if shape is None:
            return
        self._learned += 1
        self._awaited += 1
        self._shapes[shape] = None
        if self._awaited > _READINGS_FOR_A_SHAPE * len(self._shapes):
            self._pattern = _pattern(tuple(self._shapes))
            self._awaited = 0


def _pattern(shapes: Sequence[str]) -> re.Pattern[str]:
    """Return what matches a run of whole lines: blank ones, comments, and those of some shapes."""
    words = f"|(?:{'|'.join(shapes)})[ \\t]*+(?:\\#[^\\n]*+)?+" if shapes else ""
    return re.compile(rf"(?:[ \t]*+(?:\#[^\n]*+{words})?\r?+\n)*+")
