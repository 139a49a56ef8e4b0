"""A whole configuration file.

Lossless, immutable, cut into sections without looking inside them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from dataplane_core.text.comments import next_heading
from dataplane_core.text.conditions import ConditionalBlocks, may_hold
from dataplane_core.text.language import Language
from dataplane_core.text.lines import with_last_newline
from dataplane_core.text.parting import Parting, part
from dataplane_core.text.section import SCOPE_KIND, JoinedSections, Section


class SectionKey(NamedTuple):
    """Names a section in a file: the `ordinal`-th (from 0) of that kind and name."""

    kind: str
    name: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class SectionChange:
    """One section that differs between two documents; None where it does not exist."""

    key: SectionKey
    old: str | None
    new: str | None


@lru_cache(maxsize=16)
def _header_pattern(kinds: frozenset[str]) -> re.Pattern[str]:
    """A line end and a line that starts a section; HAProxy looks at the first word only, indented
    or not.

    Starting with a literal, it runs at the speed of a search for newlines: 10 ms for 100 000 lines.
    """
    plain = sorted(map(re.escape, kinds - {SCOPE_KIND}), key=len, reverse=True)
    words = "|".join([*plain, *([r"\[[^\]\r\n]*\]"] if SCOPE_KIND in kinds else [])])
    return re.compile(rf"\n[ \t]*+(?:{words})(?=[ \t\r\n#]|\Z)")


def _header_starts(text: str, kinds: frozenset[str]) -> list[int]:
    """Where the lines that start a section begin."""
    pattern = _header_pattern(kinds)
    first = [0] if pattern.match("\n" + text[: text.find("\n") + 1 or len(text)]) else []
    return first + [match.start() + 1 for match in pattern.finditer(text)]


class Document:
    """The text in front of the first section, and the sections in file order.

    >>> document = Document.parse("# top\\n\\nglobal\\n  daemon\\n", Language({"global"}))
    >>> document.preamble, document.sections[0].kind, document.text()
    ('# top\\n\\n', 'global', '# top\\n\\nglobal\\n  daemon\\n')
    """

    __slots__ = ("_index", "language", "preamble", "sections")

    def __init__(
        self,
        preamble: str,
        sections: tuple[Section, ...],
        language: Language,
        index: dict[tuple[str, str], list[int]] | None = None,
    ) -> None:
        self.preamble = preamble
        self.sections = sections
        self.language = language
        self._index = index

    @classmethod
    def parse(
        cls, text: str, language: Language, previous: "Document | None" = None
    ) -> "Document":
        """Cut `text`.

        Sections whose text is the same as in `previous` are taken over, parsed as they are.
        """
        shared = previous is not None and previous.language is language
        known = {one.text: one for one in previous.sections} if previous and shared else {}
        starts = [_lead_start(text, at) for at in _header_starts(text, language.kinds)]
        bounds = [*starts, len(text)]
        pieces = (text[bounds[i] : bounds[i + 1]] for i in range(len(starts)))
        sections = tuple(known.get(piece) or Section.parse(piece, language) for piece in pieces)
        return cls(text[: bounds[0]], sections, language)

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

    def joined(self, kind: str) -> Section | None:
        """All sections of a kind as one; None where there is none."""
        sections = self.all(kind)
        return JoinedSections(sections) if len(sections) > 1 else next(iter(sections), None)

    def key(self, section: Section) -> SectionKey:
        """The key of a section that stands in this document."""
        found = self.index.get((section.kind, section.name), [])
        for ordinal, at in enumerate(found):
            if self.sections[at] is section:
                return SectionKey(section.kind, section.name, ordinal)
        raise KeyError(f"{section.kind} {section.name}")

    def by_key(self, key: SectionKey) -> Section | None:
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
        if isinstance(old, JoinedSections):
            document = self
            for part, edited in zip(old.parts, old.cut(new), strict=True):
                document = document.replace(part, edited)
            return document
        at = self.position(old)
        same = (old.kind, old.name) == (new.kind, new.name)
        sections = (*self.sections[:at], new.spoken(self.language), *self.sections[at + 1 :])
        return Document(self.preamble, sections, self.language, self._index if same else None)

    def line_end(self) -> str:
        """The line end that the file uses."""
        return self.sections[0].line_end() if self.sections else "\n"

    def add(self, section: Section, order: Sequence[str] = ()) -> "Document":
        """The document with a new section behind the last of its kind, else at its kind's place
        in `order`.
        """
        return self.insert(self.free(self.place(section.kind, order)), section)

    def free(self, at: int) -> int:
        """Where a new section goes that belongs in front of the section `at`.

        Where comments stand above that one, they may speak of what is in front of them too, and
        where it stands in a conditional block, a new one would only count under its condition: then
        nothing comes between, and the new section goes to the end of the file.
        """
        return len(self.sections) if self.is_commented(at) or self.is_conditional(at) else at

    def is_commented(self, at: int) -> bool:
        """Whether comments stand in front of the section `at` that are about what follows."""
        if at == len(self.sections):
            return False
        above = self.sections[at - 1].lines if at > 0 else ()
        return bool(self.sections[at].lead) or next_heading(above) < len(above)

    def is_conditional(self, at: int) -> bool:
        """Whether the place in front of the section `at` is in a block (manual, section 2.4)."""
        text = self.text()
        if not may_hold(text):
            return False
        start = sum(len(section.text) for section in self.sections[:at])
        return ConditionalBlocks(text).hold(len(self.preamble) + start)

    def insert(self, at: int, section: Section) -> "Document":
        """The document with a section in front of the section `at`.

        Empty lines set it off as they do its neighbours, and always at the end of the file.
        """
        section = section.spoken(self.language)
        if at == len(self.sections) and not self._is_ended():
            return Document.parse(with_last_newline(self.text()), self.language, self).insert(
                at, section
            )
        before, after = self.sections[:at], self.sections[at:]
        preamble = self.preamble
        ends_blank = before[-1].ends_blank() if before else _is_blank_at_end(preamble)
        if ends_blank or (after and not before and not preamble):
            section = section.separated()
        elif before and not after:
            before = (*before[:-1], before[-1].separated())
        elif preamble and not after:
            preamble += section.line_end()
        return Document(preamble, (*before, section, *after), self.language)

    def _is_ended(self) -> bool:
        """Whether the last line has an end."""
        last = self.sections[-1].text if self.sections else self.preamble
        return not last or last.endswith("\n")

    def place(self, kind: str, order: Sequence[str]) -> int:
        """In front of which section a new one of a kind belongs: behind the last of its kind."""
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

    def part(self, section: Section) -> Parting:
        """What goes with a section of the document, and what stays when it goes."""
        at = self.position(section)
        following = self.sections[at + 1] if at + 1 < len(self.sections) else None
        return part(section, following, first=at == 0 and not self.preamble)

    def remove(self, section: Section) -> "Document":
        """The document without a section, and without the comments that are about it alone.

        The last section goes with the empty line that sets it off, as `insert` has added it.
        """
        at = self.position(section)
        before, after = self.sections[:at], self.sections[at + 1 :]
        parting = self.part(section)
        if parting.staying:
            return self._joined(before, parting, after)
        preamble = self.preamble
        if not (after or section.lead or section.ends_blank()):
            if before:
                before = (*before[:-1], before[-1].without_blank())
            elif _is_blank_at_end(preamble):
                preamble = preamble[: preamble.rfind("\n", 0, -1) + 1]
        return Document(preamble, (*before, *after), self.language)

    def _joined(
        self, before: tuple[Section, ...], parting: Parting, after: tuple[Section, ...]
    ) -> "Document":
        """The document of the sections around one that went, with what stays of that.

        Comments among it may now stand directly above a header, so the neighbours are cut anew.
        """
        lines = parting.staying
        if before and lines[0].is_comment and not parting.above and not before[-1].ends_blank():
            before = (*before[:-1], before[-1].separated())
        pieces = [section.text for section in before[-1:]] or [self.preamble]
        pieces += [line.raw for line in lines] + [section.text for section in after[:1]]
        joined = Document.parse("".join(pieces), self.language)
        preamble = self.preamble if before else joined.preamble
        return Document(preamble, (*before[:-1], *joined.sections, *after[1:]), self.language)

    def diff(self, base: "Document") -> list[SectionChange]:
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
                    changes.append(SectionChange(SectionKey(*name, ordinal), was, now))
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


def _is_blank_at_end(text: str) -> bool:
    """Whether the last line of a text is an empty one."""
    return text.endswith("\n") and not text[text.rfind("\n", 0, -1) + 1 :].strip()
