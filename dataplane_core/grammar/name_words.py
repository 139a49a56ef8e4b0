"""Words of values that are names: plain ones, those of files, and names in something else."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataplane_core.grammar.expressions import Functions
from dataplane_core.grammar.names import Name, NameKind
from dataplane_core.text.language import BACKENDS, TABLES
from dataplane_core.text.spelled import Spelled, words_of


class NameOf:
    """The first word of the value is a name; `commas`: it is several, separated by commas.

    With `each`, every word is a name. With `behind`, only what stands behind that is one. A word of
    `but` is none.
    """

    def __init__(
        self,
        *kinds: str,
        commas: bool = False,
        each: bool = False,
        behind: str = "",
        but: tuple[str, ...] = (),
    ) -> None:
        self.kinds = kinds
        self._commas = commas
        self._each = each
        self._behind = behind
        self._but = but

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        for at, spelled in words_of(value):
            yield from moved(at, self.names(spelled))
            if not self._each:
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
            yield name_in(self.kinds, spelled, start + len(self._behind), end)


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
            yield name_in(self._holders, spelled, start, behind)._replace(having=self._kind)
            inner = name_in((self._kind,), spelled, behind + bool(slash), end)
            yield inner._replace(scope=holder, scope_kinds=self._holders)
        elif start < end:
            yield name_in((self._kind,), spelled, start, end)


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
            yield name_in(self.kinds, spelled, start + behind, end)

    _names = between


class FileWith(Files):
    """The value names a file in which something of a kind stands: an engine, Lua functions.

    That is in the part of the file which the property `part` names, if it is given.
    """

    def __init__(self, kind: str, part: str = "") -> None:
        super().__init__()
        self._held = kind
        self._part = part

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        part = str(values.get(self._part, ""))
        for name in super().find(value, values, functions):
            yield name._replace(holds=self._held, part=part)


class InNamed(NameOf):
    """A name in what another property of the line names: in the engine that `holder` names.

    `kind` is that of the name, `within` that of what the other property names.
    """

    def __init__(self, kind: str, within: str, holder: str) -> None:
        super().__init__(kind)
        self._within = within
        self._holder = holder

    def find(self, value: str, values: Mapping[str, Any], functions: Functions) -> Iterator[Name]:
        scope = str(values.get(self._holder, ""))
        for name in super().find(value, values, functions):
            yield name._replace(scope=scope, scope_kinds=(self._within,))


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


def name_in(kinds: tuple[str, ...], spelled: Spelled, start: int, end: int) -> Name:
    """Return a part of a word as a name of some kinds."""
    first, last = spelled.raw_of(start, end)
    text = spelled.text[start:end]
    return Name(kinds, text, first, last, quotes=spelled.between(start, end))


def moved(at: int, names: Iterable[Name]) -> Iterator[Name]:
    """Yield names of a word, in a value in which the word stands at a place."""
    return (name._replace(start=at + name.start, end=at + name.end) for name in names)


FILES = Files()
"""The notation of a value that is the path of a file."""
SERVERS = InSection(NameKind.SERVER, *BACKENDS)
"""The notation `server`, or `backend/server`."""
STICK_TABLES = InSection(NameKind.TABLE, *TABLES, implied=True)
"""The notation `proxy`, whose stick table is meant, or `peers/table`."""
