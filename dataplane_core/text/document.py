"""Hold a whole configuration file, cut into sections without a look inside them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple
from weakref import ref

from dataplane_core.dataclass import dataclass
from dataplane_core.text.comments import next_heading_start
from dataplane_core.text.conditions import ConditionalBlocks, may_hold_directives
from dataplane_core.text.insertion import is_blank_at_end, with_new
from dataplane_core.text.joined_sections import JoinedSections
from dataplane_core.text.language import Language
from dataplane_core.text.lines import with_last_newline
from dataplane_core.text.removal import Removal, removal_of
from dataplane_core.text.section import Section
from dataplane_core.text.section_starts import section_starts


class SectionKey(NamedTuple):
    """What identifies a section in a file: the `ordinal`-th (from 0) of its kind and name."""

    kind: str
    name: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class SectionChange:
    """A section that differs between two documents: its texts, None where it does not exist."""

    key: SectionKey
    old: str | None
    new: str | None


class Document:
    """An immutable configuration file: the text in front of the first section, and the sections.

    Every edit returns a new document, which shares the sections that are the same.

    >>> document = Document.parse("# top\\n\\nglobal\\n  daemon\\n", Language({"global"}))
    >>> document.preamble, document.sections[0].kind, document.text()
    ('# top\\n\\n', 'global', '# top\\n\\nglobal\\n  daemon\\n')
    """

    __slots__ = ("__weakref__", "_edit", "_index", "language", "preamble", "sections")

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
        self._edit: tuple[ref[Document], int] | None = None

    @classmethod
    def parse(cls, text: str, language: Language, previous: "Document | None" = None) -> "Document":
        """Return the document of a file's `text`.

        Sections with the same text in `previous` are taken from there, with all that was read of
        them.
        """
        shared = previous is not None and previous.language is language
        known: dict[str, list[Section]] = {}
        for section in reversed(previous.sections if previous and shared else ()):
            known.setdefault(section.text, []).append(section)
        bounds = [*section_starts(text, language.kinds), len(text)]
        sections = []
        for start, end in pairwise(bounds):
            piece = text[start:end]
            same = known.get(piece)
            # Each is taken once: two sections with the same text are two sections.
            sections.append(same.pop() if same else Section.parse(piece, language))
        return cls(text[: bounds[0]], tuple(sections), language)

    def text(self) -> str:
        """Return the text of the file, byte for byte as it was parsed where nothing was edited."""
        return self.preamble + "".join([section.text for section in self.sections])

    @property
    def index(self) -> dict[tuple[str, str], list[int]]:
        """The positions among `sections` by (kind, name), in file order."""
        if self._index is None:
            index: dict[tuple[str, str], list[int]] = {}
            for at, section in enumerate(self.sections):
                same = index.get((section.kind, section.name))
                if same is None:
                    index[section.kind, section.name] = [at]  # room for one: most have one
                else:
                    same.append(at)
            self._index = index  # whole: other threads read it as soon as it is there
        return self._index

    def find(self, kind: str, name: str = "") -> Section | None:
        """Return the first section of a kind and name; None without one."""
        found = self.index.get((kind, name))
        return self.sections[found[0]] if found else None

    def of_kind(self, kind: str) -> list[Section]:
        """Return the sections of a kind, in file order."""
        return [section for section in self.sections if section.kind == kind]

    def joined(self, kind: str) -> Section | None:
        """Return the sections of a kind as one; None without any."""
        sections = self.of_kind(kind)
        return JoinedSections(sections) if len(sections) > 1 else next(iter(sections), None)

    def key(self, section: Section) -> SectionKey:
        """Return the key of a section of this document; raises `KeyError` for another section."""
        found = self.index.get((section.kind, section.name), [])
        for ordinal, at in enumerate(found):
            if self.sections[at] is section:
                return SectionKey(section.kind, section.name, ordinal)
        raise KeyError(f"{section.kind} {section.name}")

    def by_key(self, key: SectionKey) -> Section | None:
        """Return the section with a key; None without one."""
        found = self.index.get((key.kind, key.name), [])
        return self.sections[found[key.ordinal]] if key.ordinal < len(found) else None

    def position(self, section: Section) -> int:
        """Return the position of a section among `sections`, from 0."""
        for at in self.index.get((section.kind, section.name), ()):
            if self.sections[at] is section:
                return at
        raise KeyError(f"{section.kind} {section.name}")

    def replace(self, old: Section, new: Section) -> "Document":
        """Return the document with `new` in the place of `old`."""
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
        document = Document(self.preamble, sections, self.language, self._index if same else None)
        document._edit = ref(self), at
        return document

    def replaced_in(self, other: "Document") -> int | None:
        """Return the position of the section whose replacement has made this document of `other`.

        Return None where it was not made of that document in one step.
        """
        return self._edit[1] if self._edit is not None and self._edit[0]() is other else None

    def line_end(self) -> str:
        """Return the line end that the file uses: that of the first header, else of the top."""
        ended = self.sections and self.sections[0].header.raw.endswith("\n")
        first = self.sections[0].header.raw if ended else self.preamble.partition("\n")[0] + "\n"
        return "\r\n" if first.endswith("\r\n") else "\n"

    def add(self, section: Section, order: Sequence[str] = ()) -> "Document":
        """Return the document with a new section behind the last one of its kind.

        Without one, the section goes to the place that its kind has in `order`.
        """
        return self.insert(self.free_place(self.place_of_kind(section.kind, order)), section)

    def free_place(self, at: int) -> int:
        """Return the position for a new section that belongs in front of the section `at`.

        That is `at`, with two exceptions, for which it is the end of the file: comments in front of
        the section `at` may be about the section before them too, and in a conditional block the
        new section would only count under the block's condition.
        """
        return len(self.sections) if self.is_commented(at) or self.is_conditional(at) else at

    def is_commented(self, at: int) -> bool:
        """Return whether comments stand in front of the section `at` that are about it."""
        if at == len(self.sections):
            return False
        above = self.sections[at - 1].lines if at > 0 else ()
        return bool(self.sections[at].lead) or next_heading_start(above) < len(above)

    def is_conditional(self, at: int) -> bool:
        """Return whether the place in front of the section `at` is in a conditional block."""
        text = self.text()
        if not may_hold_directives(text):
            return False
        start = sum(len(section.text) for section in self.sections[:at])
        return ConditionalBlocks(text).hold(len(self.preamble) + start)

    def insert(self, at: int, section: Section) -> "Document":
        """Return the document with a section in front of the section `at`.

        A blank line sets it off where one sets off its neighbours, and at the end of the file.
        """
        return self.insert_each({at: (section,)})

    def insert_each(self, new: Mapping[int, Sequence[Section]]) -> "Document":
        """Return the document with sections in front of those at some positions, as `insert`."""
        if len(self.sections) in new and not self._is_ended():
            text = with_last_newline(self.text())
            return Document.parse(text, self.language, self).insert_each(new)
        spoken = {at: [one.spoken(self.language) for one in each] for at, each in new.items()}
        return Document(*with_new(self.preamble, self.sections, spoken), self.language)

    def _is_ended(self) -> bool:
        """Return whether the last line of the file has an end."""
        last = self.sections[-1].text if self.sections else self.preamble
        return not last or last.endswith("\n")

    def place_of_kind(self, kind: str, order: Sequence[str]) -> int:
        """Return the position for a new section of a kind: behind the last one of that kind.

        Where the file has none of that kind, the position is behind the last section whose kind
        does not come later in `order`.
        """
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

    def removal(self, section: Section) -> Removal:
        """Return which lines of a section go, and which stay, when the section is removed."""
        return self._removal_at(self.position(section))

    def _removal_at(self, at: int) -> Removal:
        section = self.sections[at]
        following = self.sections[at + 1] if at + 1 < len(self.sections) else None
        return removal_of(section, following, first=at == 0 and not self.preamble)

    def remove(self, section: Section) -> "Document":
        """Return the document without a section and the comments that are about it alone.

        The blank line above the last section, which `insert` puts there, goes with that section.
        """
        return self.remove_at(self.position(section))

    def remove_at(self, at: int) -> "Document":
        """Return the document without the section `at`, as `remove` does."""
        section = self.sections[at]
        before, after = self.sections[:at], self.sections[at + 1 :]
        removal = self._removal_at(at)
        if removal.staying:
            return self._joined(before, removal, after)
        preamble = self.preamble
        if not (after or section.lead or section.ends_blank()):
            if before:
                before = (*before[:-1], before[-1].without_blank_end())
            elif is_blank_at_end(preamble):
                preamble = preamble[: preamble.rfind("\n", 0, -1) + 1]
        return Document(preamble, (*before, *after), self.language)

    def _joined(
        self, before: tuple[Section, ...], removal: Removal, after: tuple[Section, ...]
    ) -> "Document":
        """Return the document of the sections around a removed one, with the lines that stay of it.

        Comments among these lines may now stand directly above a header, to which they then belong:
        hence the neighbours are parsed again.
        """
        lines = removal.staying
        if before and lines[0].is_comment and not removal.above and not before[-1].ends_blank():
            before = (*before[:-1], before[-1].with_blank_end())
        pieces = [section.text for section in before[-1:]] or [self.preamble]
        pieces += [line.raw for line in lines] + [section.text for section in after[:1]]
        joined = Document.parse("".join(pieces), self.language)
        preamble = self.preamble if before else joined.preamble
        return Document(preamble, (*before[:-1], *joined.sections, *after[1:]), self.language)

    def diff(self, base: "Document") -> list[SectionChange]:
        """Return the sections in which this document differs from `base`, matched by their keys.

        The text in front of the first section is not compared.
        """
        changes, olds, news = [], base.index, self.index
        for name in {**olds, **news}:
            pairs = zip_longest(olds.get(name, ()), news.get(name, ()))
            for ordinal, (old, new) in enumerate(pairs):
                before = None if old is None else base.sections[old]
                after = None if new is None else self.sections[new]
                if before is after:
                    continue
                was, now = (before.text if before else None), (after.text if after else None)
                if was != now:
                    changes.append(SectionChange(SectionKey(*name, ordinal), was, now))
        return changes
