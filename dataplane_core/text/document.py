"""A whole configuration file.

Lossless, immutable, cut into sections without looking inside them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from dataplane_core.text.conditions import ConditionalBlocks, may_hold, remains
from dataplane_core.text.section import SCOPE, Section


class Key(NamedTuple):
    """Names a section in a file: the `ordinal`-th (from 0) of that kind and name."""

    kind: str
    name: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class Change:
    """One section that differs between two documents; None where it does not exist."""

    key: Key
    old: str | None
    new: str | None


@lru_cache(maxsize=16)
def _header_pattern(kinds: frozenset[str]) -> re.Pattern[str]:
    """A line end and a line that starts a section; HAProxy looks at the first word only, indented
    or not.

    Starting with a literal, it runs at the speed of a search for newlines: 10 ms for 100 000 lines.
    """
    plain = sorted(map(re.escape, kinds - {SCOPE}), key=len, reverse=True)
    words = "|".join([*plain, *([r"\[[^\]\r\n]*\]"] if SCOPE in kinds else [])])
    return re.compile(rf"\n[ \t]*+(?:{words})(?=[ \t\r\n#]|\Z)")


def _header_starts(text: str, kinds: frozenset[str]) -> list[int]:
    """Where the lines that start a section begin."""
    pattern = _header_pattern(kinds)
    first = [0] if pattern.match("\n" + text[: text.find("\n") + 1 or len(text)]) else []
    return first + [match.start() + 1 for match in pattern.finditer(text)]


class Document:
    """The text in front of the first section, and the sections in file order.

    >>> document = Document.parse("# top\\n\\nglobal\\n  daemon\\n", frozenset({"global"}))
    >>> document.preamble, document.sections[0].kind, document.text()
    ('# top\\n\\n', 'global', '# top\\n\\nglobal\\n  daemon\\n')
    """

    __slots__ = ("_index", "kinds", "preamble", "sections")

    def __init__(
        self,
        preamble: str,
        sections: tuple[Section, ...],
        kinds: frozenset[str],
        index: dict[tuple[str, str], list[int]] | None = None,
    ) -> None:
        self.preamble = preamble
        self.sections = sections
        self.kinds = kinds
        self._index = index

    @classmethod
    def parse(
        cls, text: str, kinds: frozenset[str], previous: "Document | None" = None
    ) -> "Document":
        """Cut `text`.

        Sections whose text is the same as in `previous` are taken over, parsed as they are.
        """
        known = {section.text: section for section in previous.sections} if previous else {}
        starts = [_lead_start(text, at) for at in _header_starts(text, kinds)]
        bounds = [*starts, len(text)]
        pieces = (text[bounds[i] : bounds[i + 1]] for i in range(len(starts)))
        sections = tuple(known.get(piece) or Section.parse(piece) for piece in pieces)
        return cls(text[: bounds[0]], sections, kinds)

    def text(self) -> str:
        """The file's text."""
        return self.preamble + "".join([section.text for section in self.sections])

    @property
    def index(self) -> dict[tuple[str, str], list[int]]:
        """Positions of the sections by (kind, name)."""
        if self._index is None:
            index: dict[tuple[str, str], list[int]] = {}
            for at, section in enumerate(self.sections):
                index.setdefault((section.kind, section.name), []).append(at)
            self._index = index  # whole: other threads read it as soon as it is there
        return self._index

    def find(self, kind: str, name: str = "") -> Section | None:
        """The first section of that kind and name."""
        found = self.index.get((kind, name))
        return self.sections[found[0]] if found else None

    def all(self, kind: str) -> list[Section]:
        """All sections of a kind, in file order."""
        return [section for section in self.sections if section.kind == kind]

    def key(self, section: Section) -> Key:
        """The key of a section that stands in this document."""
        found = self.index.get((section.kind, section.name), [])
        for ordinal, at in enumerate(found):
            if self.sections[at] is section:
                return Key(section.kind, section.name, ordinal)
        raise KeyError(f"{section.kind} {section.name}")

    def by_key(self, key: Key) -> Section | None:
        """The section that `key` names."""
        found = self.index.get((key.kind, key.name), [])
        return self.sections[found[key.ordinal]] if key.ordinal < len(found) else None

    def position(self, section: Section) -> int:
        """Where a section stands among the sections."""
        return self.index[section.kind, section.name][self.key(section).ordinal]

    def replace(self, old: Section, new: Section) -> "Document":
        """The document with `new` in the place of `old`."""
        if new is old:
            return self
        at = self.position(old)
        same = (old.kind, old.name) == (new.kind, new.name)
        sections = (*self.sections[:at], new, *self.sections[at + 1 :])
        return Document(self.preamble, sections, self.kinds, self._index if same else None)

    def add(self, section: Section, order: Sequence[str] = ()) -> "Document":
        """The document with a new section behind the last of its kind, else at its kind's place
        in `order`.

        An empty line sets it off from its neighbours.
        """
        return self.insert(self.free(self._place(section.kind, order)), section)

    def free(self, at: int) -> int:
        """Where a new section goes that belongs in front of the section `at`.

        Where comments stand above that one, they may speak of what is in front of them too, and
        where it stands in a conditional block, a new one would only count under its condition: then
        nothing comes between, and the new section goes to the end of the file.
        """
        commented = at < len(self.sections) and self.sections[at].lead
        return len(self.sections) if commented or self._is_conditional(at) else at

    def _is_conditional(self, at: int) -> bool:
        """Whether the place in front of the section `at` is in a block (manual, section 2.4)."""
        text = self.text()
        if not may_hold(text):
            return False
        start = sum(len(section.text) for section in self.sections[:at])
        return ConditionalBlocks(text).hold(len(self.preamble) + start)

    def insert(self, at: int, section: Section) -> "Document":
        """The document with a section in front of the section `at`, set off by empty lines."""
        before, after = list(self.sections[:at]), self.sections[at:]
        preamble = self.preamble
        if before:
            before[-1] = before[-1].separated()
        elif preamble and not preamble.endswith("\n"):
            preamble += "\n"
        new = section.separated() if after else section
        return Document(preamble, (*before, new, *after), self.kinds)

    def _place(self, kind: str, order: Sequence[str]) -> int:
        rank = {word: number for number, word in enumerate(order)}
        own = [at for at, section in enumerate(self.sections) if section.kind == kind]
        if own:
            return own[-1] + 1
        earlier = [
            at
            for at, section in enumerate(self.sections)
            if rank.get(section.kind, len(rank)) <= rank.get(kind, len(rank))
        ]
        return earlier[-1] + 1 if earlier else 0

    def remove(self, section: Section) -> "Document":
        """The document without a section and the comments directly above it.

        Directives of conditional blocks that hold other sections, too, stay where they are.
        """
        at = self.position(section)
        before, preamble = list(self.sections[:at]), self.preamble
        kept = remains(section.lines) if may_hold(section.text) else []
        if kept and before:
            before[-1] = before[-1].with_lines([*before[-1].lines, *kept])
        else:
            preamble += "".join(line.raw for line in kept)
        return Document(preamble, (*before, *self.sections[at + 1 :]), self.kinds)

    def diff(self, base: "Document") -> list[Change]:
        """The sections in which this document differs from `base`, by key.

        The preamble does not count.
        """
        changes = []
        for name in {**base.index, **self.index}:
            old = [base.sections[at] for at in base.index.get(name, ())]
            new = [self.sections[at] for at in self.index.get(name, ())]
            for ordinal in range(max(len(old), len(new))):
                one = old[ordinal] if ordinal < len(old) else None
                two = new[ordinal] if ordinal < len(new) else None
                was, now = (one.text if one else None), (two.text if two else None)
                if one is not two and was != now:
                    changes.append(Change(Key(*name, ordinal), was, now))
        return changes


def _lead_start(text: str, at: int) -> int:
    """Where the comment lines directly above the line that starts at `at` begin."""
    while at > 0:
        above = text.rfind("\n", 0, at - 1) + 1
        line = text[above : at - 1].lstrip(" \t")
        if not line.startswith("#") or line.startswith(("# _version=", "# _md5hash=")):
            return at
        at = above
    return at
