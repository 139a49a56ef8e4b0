"""Find the functions of sample expressions, and which of their arguments are names.

An expression is a fetch with converters behind it, separated by commas, each perhaps with arguments
(manual, chapter 7): `src,map(/etc/a.map)`. Which arguments are names is declared for each function,
as HAProxy's own list of functions has it (`haproxy -dK`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from dataplane_core.grammar.names import Name
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.spelled import Spelled

_FUNCTION = lazy_pattern(r"[A-Za-z0-9_.\-]+")
_ARGUMENT = lazy_pattern(r"(?:\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|\\.|[^,)\"'\\])*+", re.DOTALL)
_IN_FORMAT = lazy_pattern(r"%%|%(?:\{[^}]*+\}|\([^)]*+\))*+\[")


class Call(NamedTuple):
    """A function in an expression: its name, and where its arguments stand."""

    name: str
    start: int
    arguments: Sequence[tuple[int, int]]


class Argument(Protocol):
    """How an argument says names, of some kinds."""

    kinds: tuple[str, ...]

    def names(self, spelled: Spelled) -> Iterator[Name]:
        """Yield the names in an argument."""


class Compared(NamedTuple):
    """What a function is compared with: names of a kind, in the section that an argument names."""

    kind: str
    scope: str
    holders: tuple[str, ...]


class Function:
    """Functions whose names match `pattern`, with the arguments that are names, by their places.

    `compared` is the kind of the names that the result is compared with in an ACL; the section
    that has them is the one that the first argument names.
    """

    NAME = -1
    """The place of the function's own name, which a script may have given it."""

    def __init__(self, pattern: str, *arguments: tuple[int, Argument], compared: str = "") -> None:
        self.matches = re.compile(pattern).fullmatch
        self.arguments = arguments
        self.compared = compared


class Functions:
    """All functions that are declared, found by their names."""

    def __init__(self, functions: Iterable[Function] = ()) -> None:
        self._functions = tuple(functions)
        self._known: dict[str, Function | None] = {}

    def of(self, name: str) -> Function | None:
        """Return the declaration of a function; None if none of its arguments is a name."""
        if name not in self._known:
            if len(self._known) > _MOST_KNOWN:
                self._known = {}
            found = (one for one in self._functions if one.matches(name))
            self._known[name] = next(found, None)
        return self._known[name]

    def names_in(self, call: Call) -> Iterator[tuple[Argument, int, int]]:
        """Yield those arguments of a call that are names, with their places."""
        function = self.of(call.name)
        for at, argument in function.arguments if function else ():
            if at == Function.NAME:
                yield argument, call.start, call.start + len(call.name)
            elif at < len(call.arguments):
                yield argument, *call.arguments[at]

    def compared(self, expression: str) -> Compared | None:
        """Return the names that an expression is compared with; None if these are no names."""
        first = next(iter(calls(expression)), None)
        function = self.of(first.name) if first else None
        if first is None or function is None or not function.compared or not first.arguments:
            return None
        start, end = first.arguments[0]
        return Compared(function.compared, expression[start:end], function.arguments[0][1].kinds)


_MOST_KNOWN = 5_000


def calls(text: str, at: int = 0) -> Iterator[Call]:
    """Yield the functions of an expression that begins at a place of a text.

    >>> [(one.name, one.arguments) for one in calls("src,map(/a,b)")]
    [('src', []), ('map', [(8, 10), (11, 12)])]
    """
    while match := _FUNCTION.match(text, at):
        at, arguments = match.end(), list[tuple[int, int]]()
        if text[at : at + 1] == "(":
            while text[at : at + 1] not in (")", ""):
                argument = _ARGUMENT.match(text, at + 1)
                assert argument is not None
                arguments.append(argument.span())
                at = argument.end()
            at += 1
        yield Call(match[0], match.start(), arguments)
        if text[at : at + 1] != ",":
            return
        at += 1


def calls_in_format(text: str) -> Iterator[Call]:
    """Yield the functions in the `%[…]` of a log format."""
    for match in _IN_FORMAT.finditer(text):
        if match[0] != "%%":
            yield from calls(text, match.end())
