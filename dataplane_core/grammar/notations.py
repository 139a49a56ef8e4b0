"""How values say names: as words, in conditions, in sample expressions and in log formats."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from dataplane_core.grammar.expressions import Call, Functions, calls, calls_in_format
from dataplane_core.grammar.name_words import FILES, NameOf, moved, name_in
from dataplane_core.grammar.names import Name, NameKind
from dataplane_core.lazy_pattern import lazy_pattern
from dataplane_core.text.spelled import Spelled, words_of

_FLAGS_WITH_WORD = frozenset({"-m", "-u"})
_ASSIGNED = lazy_pattern(r"[A-Za-z0-9_.-]+=")
_NO_NAMES = frozenset({"or", "||", ""})


class Notation(Protocol):
    """How a value says names."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of names that the value itself has; expressions in it may have others."""

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        """Yield the names in a value; `values` are those of the whole line."""


class Expression:
    """Sample expressions, whose functions have names as arguments: `http_auth(users)`."""

    kinds: tuple[str, ...] = ()

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        for at, spelled in words_of(value):
            yield from moved(at, _of_calls(spelled, calls(spelled.text), functions))


class Assigned:
    """Sample expressions, each perhaps with a name of its own in front: `ip=src`."""

    kinds: tuple[str, ...] = ()

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        for at, spelled in words_of(value):
            match = _ASSIGNED.match(spelled.text)
            found = calls(spelled.text, match.end() if match else 0)
            yield from moved(at, _of_calls(spelled, found, functions))


class Format:
    """A log format, with expressions in `%[…]`; one without any `%` is a name of the kinds."""

    def __init__(self, *kinds: str, otherwise: Notation | None = None) -> None:
        self._otherwise = otherwise or (NameOf(*kinds) if kinds else None)
        self.kinds = self._otherwise.kinds if self._otherwise else ()

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        if "%" not in value:
            if self._otherwise is not None:
                yield from self._otherwise.find(value, values, functions)
            return
        if self.kinds:
            yield Name(self.kinds, "", 0, 0)
        for at, spelled in words_of(value):
            yield from moved(at, _of_calls(spelled, calls_in_format(spelled.text), functions))


class Condition:
    """A condition, which names ACLs of its own section (manual, 7.2); `{ … }` is one without."""

    kinds = (NameKind.ACL,)

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        inside: list[tuple[int, Spelled]] | None = None
        for at, spelled in words_of(value):
            start = len(spelled.text) - len(spelled.text.lstrip("!"))
            word = spelled.text[start:]
            if word == "{":
                inside = []
            elif word == "}" and inside is not None:
                yield from _of_test(inside, functions)
                inside = None
            elif inside is not None:
                inside.append((at, spelled))
            elif word not in _NO_NAMES:
                yield from moved(at, [name_in((NameKind.ACL,), spelled, start, len(spelled.text))])


class ByChoice:
    """What the value says depends on another property of the line, the `choice`."""

    def __init__(self, choice: str, notations: Mapping[str, Notation]) -> None:
        self._choice = choice
        self._notations = notations
        self.kinds = tuple(kind for one in notations.values() for kind in one.kinds)

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        notation = self._notations.get(values.get(self._choice, ""))
        if notation is not None:
            yield from notation.find(value, values, functions)


class Patterns:
    """What an ACL compares with: flags, files behind `-f`, and values.

    `criterion` is the property that says what is compared; of some functions the values are names.
    """

    kinds = (NameKind.FILE,)

    def __init__(self, criterion: str) -> None:
        self._criterion = criterion

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        criterion = Spelled.of(str(values.get(self._criterion, "")))
        yield from _of_patterns(criterion, words_of(value), functions)


def _of_test(words: list[tuple[int, Spelled]], functions: Functions) -> Iterator[Name]:
    """Yield the names in an ACL without a name of its own, `{ criterion [flags] values }`."""
    for at, criterion in words[:1]:
        yield from moved(at, _of_calls(criterion, calls(criterion.text), functions))
        yield from _of_patterns(criterion, words[1:], functions)


def _of_patterns(
    criterion: Spelled, words: Iterable[tuple[int, Spelled]], functions: Functions
) -> Iterator[Name]:
    wanted, flags, before = functions.compared(criterion.text), True, ""
    for at, spelled in words:
        word = spelled.text
        if flags and before == "-f":
            yield from moved(at, FILES.between(spelled, 0, len(word)))
            before = ""
        elif flags and before in _FLAGS_WITH_WORD:
            before = ""
        elif flags and word.startswith("-") and len(word) > 1:
            flags, before = word != "--", word
        else:
            flags = False
            if wanted:
                name = name_in((wanted.kind,), spelled, 0, len(word))
                yield from moved(
                    at, [name._replace(scope=wanted.scope, scope_kinds=wanted.holders)]
                )


def _of_calls(spelled: Spelled, found: Iterable[Call], functions: Functions) -> Iterator[Name]:
    for call in found:
        for argument, start, end in functions.names_in(call):
            yield from argument.names(spelled.part(start, end))


CONDITION = Condition()
"""The notation of conditions, in which ACLs are named: `refers_to=CONDITION`."""
EXPRESSION = Expression()
"""The notation of sample expressions, whose functions name backends, maps, tables and others."""
ASSIGNED = Assigned()
"""The notation of expressions that may have a name and `=` in front of them."""
FORMAT = Format()
"""The notation of log formats, which have expressions between `%[` and `]`."""
