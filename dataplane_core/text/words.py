"""Read the words of a line with environment variables expanded, as HAProxy works with them.

Manual, sections 2.2 "Quoting and escaping" and 2.3 "Environment variables". Variables are expanded
in double quotes only; everywhere else a `$` is a `$`. A line is read as bytes, because an escape
can write one byte of a character.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.tokens import ESCAPES

_LETTERS = re.escape("".join(ESCAPES)).encode()
_ESCAPE = rb"\\x(?P<hex>[0-9A-Fa-f]{2}) | \\(?P<escaped>[" + _LETTERS + rb"]) | (?P<alone>\\(?!x))"
_OUTSIDE = lazy_pattern(
    rb"""(?P<blank>[ \t\v\f]+) | '(?P<strong>[^'\r\n]*)' | (?P<quote>")
    | (?P<plain>[^ \t\v\f\r\n"'\\\#]+) | """
    + _ESCAPE,
    re.VERBOSE,
)
_WEAK = lazy_pattern(
    rb"""(?P<quote>") | (?P<plain>[^"\\$\r\n]+) | \\(?P<dollar>\$) | """
    + _ESCAPE
    + rb"""
    | \$(?P<bare>[A-Za-z_][A-Za-z0-9_]*)
    | \$\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?P<many>\[\*\])?(?:-[^}\r\n]*)?\}""",
    re.VERBOSE,
)
_BLANKS = b" \t\n\v\f\r"


class Words(NamedTuple):
    """The words of a line, up to one that cannot be known.

    `problem` says why that one cannot be known, and is "" where all words are known.
    """

    values: tuple[str, ...]
    problem: str = ""


class _Unknown(Exception):
    """The word that is being read cannot be known; the message says why."""


def words(line: str, environ: Mapping[bytes, bytes]) -> Words:
    """Return the words of a line as a HAProxy with the environment `environ` reads them.

    A variable that `environ` lacks, or has empty, makes its word unknown even where the line gives
    a default value: the environment of the running HAProxy may have the variable.

    >>> words('user $A \\\\x41"$A" "${B}c" # why', {b"A": b"one"})
    Words(values=('user', '$A', 'Aone'), problem='the variable B is not set here')
    """
    reader = _Reader(line.encode("utf-8", "surrogateescape").lstrip(_BLANKS), environ)
    problem = ""
    try:
        reader.read()
    except _Unknown as unknown:
        problem = str(unknown)
    # HAProxy keeps words as C strings, which end at a NUL.
    found = (word.partition(b"\0")[0] for word in reader.found)
    return Words(tuple(word.decode("utf-8", "surrogateescape") for word in found), problem)


class _Reader:
    """Reads one line from the left; `found` are the words that are complete."""

    def __init__(self, line: bytes, environ: Mapping[bytes, bytes]) -> None:
        self.found: list[bytes] = []
        self._line = line
        self._environ = environ
        self._at = 0
        self._word: bytearray | None = None

    def read(self) -> None:
        """Read to the end of the line."""
        while match := _OUTSIDE.match(self._line, self._at):
            self._at = match.end()
            if match["blank"] is not None:
                self._end()
            elif match["quote"] is not None:
                self._add(b"")
                self._read_weak()
            else:
                self._add(_literal(match))
        if self._line[self._at : self._at + 1] not in (b"", b"\r", b"\n", b"#"):
            raise _Unknown("a quote is not closed, or an escape is not complete")
        self._end()

    def _read_weak(self) -> None:
        while match := _WEAK.match(self._line, self._at):
            self._at = match.end()
            if match["quote"] is not None:
                return
            name = match["bare"] or match["braced"]
            if name is not None:
                self._expand(name, match["many"] is not None)
            else:
                self._add(match["dollar"] or _literal(match))
        raise _Unknown("a quote is not closed, or what stands in it is not complete")

    def _expand(self, name: bytes, many: bool) -> None:
        value = self._environ.get(name, b"")
        if not value:
            raise _Unknown(f"the variable {name.decode()} is not set here")
        if not many:
            return self._add(value)
        if value.strip(_BLANKS) != value:
            raise _Unknown(f"the variable {name.decode()} has blanks at its ends")
        first, *others = value.split()
        self._add(first)
        for part in others:
            self._end()
            self._add(part)
        return None

    def _add(self, text: bytes) -> None:
        self._word = bytearray() if self._word is None else self._word
        self._word += text

    def _end(self) -> None:
        if self._word is not None:
            self.found.append(bytes(self._word))
        self._word = None


def _literal(match: re.Match[bytes]) -> bytes:
    """Return the bytes that a piece of a word stands for, where it is no variable."""
    pieces = match.groupdict()
    if pieces["hex"] is not None:
        return bytes.fromhex(pieces["hex"].decode())
    if pieces["escaped"] is not None:
        return ESCAPES[pieces["escaped"].decode()].encode()
    found = (pieces.get("strong"), pieces["plain"], pieces["alone"])
    return next(piece for piece in found if piece is not None)
