"""Read the names in a text: haproxy.cfg, or a file that it names (a list of certificates, SPOE).

Comments name nothing. A line in a conditional block counts whether or not its condition holds now.
"""

import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress

from dataplane_core.dataclass import dataclass
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.references.pieces import (
    UNKNOWN,
    Piece,
    VariableValues,
    pieces,
    readings,
    variables,
)
from dataplane_core.store.head import decode_text
from dataplane_core.text import QuoteError, scan

LARGEST = 64 << 20
"""Bytes of a file up to which it is looked into for names of others."""

# Characters with which a word does not show the name as it is: variables, quotes, escapes.
_HIDING = lazy_pattern(r"[$\\'\"]")
_PLAIN = lazy_pattern(r"[\w./@+=:,-]+", re.ASCII)

Replace = Callable[[str], str | None]
"""What is to stand in the place of a name; None for what stays."""


@dataclass(frozen=True, slots=True)
class Name:
    """A part of a word that may name a file, and the number of its line, from 1."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text with the path of its file."""

    path: str
    text: str

    def paths(self, values: VariableValues) -> list[Name]:
        """Return the names with a slash in them, and all in lines with quotes or variables."""
        return [
            Name(number, text)
            for number, raw in enumerate(self.text.split("\n"), 1)
            if "/" in raw or _HIDING.search(raw)
            for text in _texts(raw, values)
            if "/" in text or _HIDING.search(raw)
        ]

    def near(self, wanted: Collection[str], values: VariableValues) -> Iterator[Name]:
        """Yield the names in lines that have one of the wanted words in them."""
        number, start = 1, 0
        for at in _lines_with(wanted, self.text):
            number, start = number + self.text.count("\n", start, at), at
            end = self.text.find("\n", at)
            raw = self.text[at:] if end < 0 else self.text[at:end]
            yield from (Name(number, text) for text in _texts(raw, values))

    def values(self, environ: VariableValues) -> dict[str, Sequence[str]]:
        """Return the values that variables may have: from `environ`, and from lines that set one.

        A line that sets a variable has the variable's name as its second word, the value as its
        third.
        """
        lines = self.text.split("\n")
        used = {name for raw in lines if "$" in raw for name in variables(tokens_of(raw))}
        found = {name: list(environ.get(name, ())) for name in used}
        for raw in lines:
            if any(name in raw for name in used):
                tokens = tokens_of(raw)
                if len(tokens) == 3 and tokens[1] in found:
                    found[tokens[1]] += [words[0] for words in readings(tokens[2], {}) if words]
        return dict(found)

    def rewritten(self, values: VariableValues, replace: Replace, numbers: Collection[int]) -> str:
        """Return the text with other names in the lines of these numbers; lines stay lines."""
        lines = self.text.split("\n")
        for number in numbers:
            lines[number - 1] = _rewritten(lines[number - 1], values, replace)
        return "\n".join(lines)


def read_text(path: str) -> TextFile | None:
    """Read a file that may name others; None for keys, certificates, and what is no text."""
    with suppress(OSError):
        data = read_up_to(path, LARGEST)
        if data is not None and b"\0" not in data and b"-----BEGIN " not in data:
            return TextFile(path, decode_text(data))
    return None


def read_up_to(path: str, most: int) -> bytes | None:
    """Return the bytes of a file, as many as its size says; None for no file, or a larger one.

    A text may name any file: those that the kernel makes are empty so, as reading some of them does
    not end.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        return None
    with open(path, "rb") as file:
        return file.read(status.st_size)


def tokens_of(raw: str) -> Sequence[str]:
    """Return the raw words of a line without its comment; `--` begins a comment, too (Lua)."""
    if raw.lstrip(" \t").startswith(("#", "--")):
        return ()
    try:
        return scan(raw)[0]
    except QuoteError:  # no line of HAProxy's own language
        return raw.split()


def _texts(raw: str, values: VariableValues) -> Iterator[str]:
    for token in tokens_of(raw):
        for words in readings(token, values):
            yield from (piece.text for word in words for piece in pieces(word))


def _lines_with(wanted: Collection[str], text: str) -> Iterator[int]:
    """Yield where the lines begin that have one of the words in them, each once.

    Each word is looked for alone, and first without an expression: in a text of 100 000 lines an
    expression of many words takes several times as long.
    """
    starts = {
        text.rfind("\n", 0, match.start()) + 1
        for word in wanted
        if word in text
        for match in re.finditer(rf"{re.escape(word)}(?!\w)(?<!\w{re.escape(word)})", text)
    }
    yield from sorted(starts)


def _rewritten(raw: str, values: VariableValues, replace: Replace) -> str:
    at, parts = 0, list[str]()
    for token in tokens_of(raw):
        start = raw.index(token, at)
        parts += [raw[at:start], _token(token, values, replace)]
        at = start + len(token)
    return "".join([*parts, raw[at:]])


def _token(token: str, values: VariableValues, replace: Replace) -> str:
    for words in readings(token, values):
        swaps = [list(_swaps(word, replace)) for word in words]
        flat = [(piece.text, new) for found in swaps for piece, new in found]
        if all(token.count(old) == 1 and _PLAIN.fullmatch(new) for old, new in flat):
            for old, new in flat:  # whatever the file's language, its quotes stay
                token = token.replace(old, new)
        elif not any(UNKNOWN in word for word in words):
            return " ".join(map(quoted, map(_swapped, words, swaps)))
    return token


def _swaps(word: str, replace: Replace) -> Iterator[tuple[Piece, str]]:
    """Yield the parts of a word that are replaced, each with its replacement; no part twice."""
    end = 0
    for piece in sorted(pieces(word), key=lambda one: (one.start, -one.end)):
        new = replace(piece.text) if piece.start >= end else None
        if new is not None:
            end = piece.end
            yield piece, new


def _swapped(word: str, swaps: Iterable[tuple[Piece, str]]) -> str:
    at, parts = 0, list[str]()
    for piece, new in swaps:
        whole = piece.start == 0 and piece.end == len(word)
        parts += [word[at : piece.start], new if whole else _argument(new)]
        at = piece.end
    return "".join([*parts, word[at:]])


def _argument(text: str) -> str:
    """Return a text as an argument of a converter, whose quotes HAProxy takes off a second time."""
    if _PLAIN.fullmatch(text) and "," not in text:
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def quoted(text: str) -> str:
    """Return a text as one word of a line."""
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
