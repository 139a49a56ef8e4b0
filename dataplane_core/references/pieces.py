"""Cut a word into the parts that HAProxy may take for the name of a file.

Beside the whole word they are the arguments of functions and converters in it, which have quotes
and escapes of their own (manual, section 7.3: `map_beg("/etc/a b.map",none)`), and what stands
behind a prefix such as `file@` or `arg=`.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import NamedTuple

from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text import has_variable, unquote, words

UNKNOWN = "\x01"
"""Stands in a word for the value of a variable that is not known."""

_MOST_READINGS = 16
_ARGUMENT = lazy_pattern(r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\\.|[^][(),\s\"'\\])++")
_MARKS = lazy_pattern(r"[][(),\s\"'\\]")
_PREFIX = lazy_pattern(r"[\w.-]*=|(?!virt@)[a-z][\w+]*@")
_NAME = lazy_pattern(r"\$\{?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\[\*\])?(?:-(?P<default>[^}]*)\})?")

VariableValues = Mapping[str, Sequence[str]]
"""The values that each variable may have."""


class Piece(NamedTuple):
    """Part of a word: where it stands in the word, and what it says there."""

    start: int
    end: int
    text: str


def pieces(word: str) -> Iterator[Piece]:
    """Yield the parts of a word, without its quotes, that may name a file; the whole word is first.

    >>> [piece.text for piece in pieces("path,map(/a.map,x)")]
    ['path,map(/a.map,x)', 'path', 'map', '/a.map', 'x']
    """
    yield from _with_tail(0, len(word), word)
    if _MARKS.search(word):
        for match in _ARGUMENT.finditer(word):
            yield from _with_tail(*match.span(), unquote(match[0]))


def _with_tail(start: int, end: int, text: str) -> Iterator[Piece]:
    yield Piece(start, end, text)
    prefix = _PREFIX.match(text)
    if prefix and end - start == len(text):
        yield Piece(start + prefix.end(), end, text[prefix.end() :])


def readings(token: str, values: VariableValues) -> Iterator[list[str]]:
    """Yield the words that HAProxy may make of a raw token, one list for each set of values.

    A variable without a known value counts as `UNKNOWN`.
    """
    if not has_variable(token):
        yield [unquote(token)]
        return
    names = {match["name"]: match["default"] for match in _NAME.finditer(token)}
    choices = [
        [*values.get(name, ()), *([default] if default else [])] or [UNKNOWN]
        for name, default in names.items()
    ]
    for chosen in islice(product(*choices), _MOST_READINGS):
        environ = {
            name.encode(): value.encode("utf-8", "surrogateescape")
            for name, value in zip(names, chosen, strict=True)
        }
        read = words(token, environ)
        if not read.problem:
            yield list(read.values)


def variables(tokens: Sequence[str]) -> list[str]:
    """Return the names of the variables in raw tokens."""
    return [
        match["name"] for token in tokens if has_variable(token) for match in _NAME.finditer(token)
    ]
