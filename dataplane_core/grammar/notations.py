"""How values say names: as words, in conditions, in sample expressions and in log formats."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from dataplane_core.grammar.expressions import Call, Functions, calls, calls_in_format
from dataplane_core.grammar.names import Name, NameKind
from dataplane_core.text.language import BACKENDS, TABLES
from dataplane_core.text.spelled import Spelled, words_of

_FLAGS_WITH_WORD = frozenset({"-m", "-u"})
_NO_NAMES = frozenset({"or", "||", ""})


class Notation(Protocol):
    """How a value says names."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of names that the value itself has; expressions in it may have others."""

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        """Yield the names in a value; `values` are those of the whole line."""


class NameOf:
    """The first word of the value is a name; `commas`: it is several, separated by commas.

    With `behind`, only what stands behind that is a name. A word of `but` is none.
    """

    def __init__(
        self, *kinds: str, commas: bool = False, behind: str = "", but: tuple[str, ...] = ()
    ) -> None:
        self.kinds = kinds
        self._commas = commas
        self._behind = behind
        self._but = but

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        for at, spelled in words_of(value):
            yield from _moved(at, self.names(spelled))
            return

    def names(self, spelled: Spelled) -> Iterator[Name]:
        """Yield the names in a word."""
        start = 0
        for part in spelled.text.split(",") if self._commas else (spelled.text,):
            yield from self._names(spelled, start, start + len(part))
            start += len(part) + 1

    def _names(self, spelled: Spelled, start: int, end: int) -> Iterator[Name]:
        if start == end or spelled.text[start:end] in self._but:
            return
        if spelled.text.startswith(self._behind, start):
            yield _name(self.kinds, spelled, start + len(self._behind), end)


class InSection(NameOf):
    """A name that a line of a section gives, with the section in front: `backend/server`.

    `kind` is that of the name, `holders` are the kinds of the section. Without a section it is a
    name in the section of the line; or, where it is `implied`, the section itself is meant, which
    has what the kind says only once. `mark` begins a value that is such a name; without the mark
    it is a file.
    """

    def __init__(
        self, kind: str, *holders: str, implied: bool = False, mark: str = "", commas: bool = False
    ) -> None:
        super().__init__(*(holders if implied else (kind,)), commas=commas)
        self._kind = kind
        self._holders = holders
        self._implied = implied
        self._mark = mark

    def _names(self, spelled: Spelled, start: int, end: int) -> Iterator[Name]:
        text = spelled.text[start:end]
        if self._mark and not text.startswith(self._mark):
            yield from FILES.between(spelled, start, end)
            return
        start += len(self._mark)
        holder, slash, _ = spelled.text[start:end].partition("/")
        behind = start + len(holder)
        if slash or self._implied:
            yield _name(self._holders, spelled, start, behind)._replace(having=self._kind)
            inner = _name((self._kind,), spelled, behind + bool(slash), end)
            yield inner._replace(scope=holder, scope_kinds=self._holders)
        elif start < end:
            yield _name((self._kind,), spelled, start, end)


class Files(NameOf):
    """The value names a file; a value that begins with one of `others` names something else."""

    def __init__(self, *others: str) -> None:
        super().__init__(NameKind.FILE)
        self._others = ("virt@", "opt@", *others)

    def between(self, spelled: Spelled, start: int, end: int) -> Iterator[Name]:
        """Yield the name in a part of a word, if it is one of a file."""
        text = spelled.text[start:end]
        if text and not text.startswith(self._others):
            behind = len("file@") if text.startswith("file@") else 0
            yield _name(self.kinds, spelled, start + behind, end)

    _names = between


class Prefixed:
    """An address; behind some of its prefixes, such as `ring@`, stands a name."""

    def __init__(self, **notations: NameOf) -> None:
        self.kinds = tuple(kind for one in notations.values() for kind in one.kinds)
        self._by_prefix = notations

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        spelled = Spelled.of(value)
        prefix, at, _ = spelled.text.partition("@")
        notation = self._by_prefix.get(prefix)
        if at and notation is not None:
            yield from notation.names(spelled.part(len(prefix) + 1, len(spelled.text)))


class Expression:
    """Sample expressions, whose functions have names as arguments: `http_auth(users)`."""

    kinds: tuple[str, ...] = ()

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        for at, spelled in words_of(value):
            yield from _moved(at, _of_calls(spelled, calls(spelled.text), functions))


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
            yield from _moved(at, _of_calls(spelled, calls_in_format(spelled.text), functions))


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
                yield from _moved(at, [_name((NameKind.ACL,), spelled, start, len(spelled.text))])


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
        yield from _moved(at, _of_calls(criterion, calls(criterion.text), functions))
        yield from _of_patterns(criterion, words[1:], functions)


def _of_patterns(
    criterion: Spelled, words: Iterable[tuple[int, Spelled]], functions: Functions
) -> Iterator[Name]:
    wanted, flags, before = functions.compared(criterion.text), True, ""
    for at, spelled in words:
        word = spelled.text
        if flags and before == "-f":
            yield from _moved(at, FILES.between(spelled, 0, len(word)))
            before = ""
        elif flags and before in _FLAGS_WITH_WORD:
            before = ""
        elif flags and word.startswith("-") and len(word) > 1:
            flags, before = word != "--", word
        else:
            flags = False
            if wanted:
                name = _name((wanted.kind,), spelled, 0, len(word))
                yield from _moved(
                    at, [name._replace(scope=wanted.scope, scope_kinds=wanted.holders)]
                )


def _of_calls(spelled: Spelled, found: Iterable[Call], functions: Functions) -> Iterator[Name]:
    for call in found:
        for argument, start, end in functions.names_in(call):
            yield from argument.names(spelled.part(start, end))


def _name(kinds: tuple[str, ...], spelled: Spelled, start: int, end: int) -> Name:
    first, last = spelled.raw_of(start, end)
    text = spelled.text[start:end]
    return Name(kinds, text, first, last, quotes=spelled.between(start, end))


def _moved(at: int, names: Iterable[Name]) -> Iterator[Name]:
    return (name._replace(start=at + name.start, end=at + name.end) for name in names)


FILES = Files()
"""The notation of a value that is the path of a file."""
CONDITION = Condition()
EXPRESSION = Expression()
FORMAT = Format()
SERVERS = InSection(NameKind.SERVER, *BACKENDS)
"""The notation `server`, or `backend/server`."""
STICK_TABLES = InSection(NameKind.TABLE, *TABLES, implied=True)
"""The notation `proxy`, whose stick table is meant, or `peers/table`."""
