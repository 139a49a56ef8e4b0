"""Read a raw token as HAProxy does, and keep where each character of the word is written.

So a part of the word can be exchanged with the quotes and escapes around it left as they are.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.tokens import may_be_quoted, unquote

_PIECE = lazy_pattern(
    r"""'(?P<strong>[^']*)'|"(?P<weak>(?:[^"\\]|\\.)*)"|(?P<bare>(?:[^'"\\]|\\.)+)|(?P<odd>.)""",
    re.DOTALL,
)
_CHARACTER = lazy_pattern(r"\\x[0-9A-Fa-f]{2}|\\.|.", re.DOTALL)
_WORD = lazy_pattern(r"""(?:[^ \t"'\\]++|\\.|'[^']*+'|"(?:[^"\\]|\\.)*+"|["'\\])++""", re.DOTALL)


class Spelled(NamedTuple):
    """A text, and the place in `raw` of each of its characters, and of its end.

    >>> spelled = Spelled.of('"a b"c')
    >>> spelled.text, spelled.raw_of(2, 4)
    ('a bc', (3, 6))
    """

    text: str
    places: Sequence[int]
    raw: str

    @classmethod
    def of(cls, raw: str) -> "Spelled":
        """Return a raw token as HAProxy reads it, environment variables unexpanded."""
        if not may_be_quoted(raw):
            return cls(raw, range(len(raw) + 1), raw)
        text, places = "", list[int]()
        for character, place in _characters(raw):
            text += character
            places += [place] * len(character)
        return cls(text, [*places, len(raw)], raw)

    def raw_of(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters from `start` to `end` stand in the raw token."""
        if start == end:
            return self.places[start], self.places[start]
        last = self.places[end - 1]
        match = _CHARACTER.match(self.raw, last)
        return self.places[start], last + 1 if match is None else match.end()

    def part(self, start: int, end: int) -> "Spelled":
        """Return a part of the text as a raw token of its own, which may be quoted once more."""
        inner = Spelled.of(self.text[start:end])
        places = [self.places[start + place] for place in inner.places[:-1]]
        return Spelled(inner.text, [*places, self.raw_of(start, end)[1]], self.raw)

    def between(self, start: int, end: int) -> str:
        """Return what is written between the first and the last of some characters, but for them.

        These are quotes that open or close there.
        """
        parts, at = [], self.places[start]
        for one in range(start, end):
            first, last = self.raw_of(one, one + 1)
            parts += [self.raw[at:first]]
            at = last
        return "".join(parts)


def _characters(raw: str) -> Iterator[tuple[str, int]]:
    for piece in _PIECE.finditer(raw):
        kind = piece.lastgroup or "odd"
        start = piece.start(kind)
        if kind == "strong":
            yield from zip(piece[kind], range(start, piece.end(kind)), strict=True)
            continue
        for one in _CHARACTER.finditer(piece[kind]):
            said = one[0]
            if len(said) > 1:  # only in weak quotes does `$` have a meaning to lose
                said = "$" if kind == "weak" and said == "\\$" else unquote(said)
            yield said, start + one.start()


def words_of(raw: str) -> Iterator[tuple[int, Spelled]]:
    """Yield the words of a text of raw tokens, each with the place where it begins."""
    for match in _WORD.finditer(raw):
        yield match.start(), Spelled.of(match[0])
