"""Record an edit of a document as steps that another process can take again.

A step puts lines of one section in the place of others, or replaces, inserts or removes a section,
or replaces the text in front of the first one; only a document that has little in common with the
former one is kept whole. Taken in order on the same document, the steps give the same text to the
byte, in the same sections and lines.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from dataplane_core.dataclass import dataclass
from dataplane_core.text import Document, Section, SectionKey
from dataplane_core.text.lines import lines_of
from dataplane_core.text.matching import opcodes
from dataplane_core.text.splice import Splice, common_end, common_start

_MOST_SECTIONS = 64
_FEW_SPLICES = 16
_NOWHERE = SectionKey("", "", 0)


class Action(StrEnum):
    """What a step does with lines, with its section, or with the document."""

    LINES = "lines"
    HEADER = "header"
    REPLACE = "replace"
    INSERT = "insert"
    REMOVE = "remove"
    PREAMBLE = "preamble"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Step:
    """One change: `key` names the section for people and for comparisons, `position` says where.

    With `LINES` the text takes the place of `removed` lines of the section, from `line` on. With
    `HEADER` it takes the place of the header and of the comments above that.
    """

    action: Action
    position: int
    key: SectionKey
    text: str | None
    line: int = 0
    removed: int = 0


def steps_between(old: Document, new: Document) -> list[Step]:
    """Return the steps that make `new` of `old`; none when both have the same text."""
    before, after = old.sections, new.sections
    at = new.replaced_in(old)
    if at is not None:
        return list(_steps_within(before[at], new, after[at], at))
    start = common_start(before, after)
    end = common_end(before, after, start)
    gone, come = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(gone), len(come)) > _MOST_SECTIONS:
        same = old.text() == new.text()
        return [] if same else [Step(Action.WHOLE, 0, _NOWHERE, new.text())]
    steps = list(_section_steps(old, gone, new, come, start))
    if old.preamble != new.preamble:
        steps.append(Step(Action.PREAMBLE, 0, _NOWHERE, new.preamble))
    return steps


def _section_steps(
    old: Document,
    gone: tuple[Section, ...],
    new: Document,
    come: tuple[Section, ...],
    start: int,
) -> Iterator[Step]:
    """Yield the steps for the sections from `start` on, where `come` stands in place of `gone`."""
    if len(gone) == len(come) == 1:
        yield from _steps_within(gone[0], new, come[0], start)
        return
    before, after = [one.text for one in gone], [one.text for one in come]
    for _, first, last, at, until in opcodes(before, after):
        if before[first:last] == after[at:until]:
            continue
        common = min(last - first, until - at)
        for number in range(common):
            position = start + at + number
            yield from _steps_within(gone[first + number], new, come[at + number], position)
        for number in range(at + common, until):
            yield Step(Action.INSERT, start + number, new.key(come[number]), come[number].text)
        for number in range(first + common, last):
            yield Step(Action.REMOVE, start + at + common, old.key(gone[number]), None)


def _steps_within(one: Section, new: Document, other: Section, position: int) -> Iterator[Step]:
    """Yield the steps for a section that stands as `other` in the new document."""
    if one is other:
        return
    key = new.key(other)
    if (one.kind, one.name) != (other.kind, other.name):
        yield Step(Action.REPLACE, position, key, other.text)
        return
    has_same_top = one.header is other.header and one.lead == other.lead
    if not has_same_top and one.top != other.top:
        yield Step(Action.HEADER, position, key, other.top)
    grown = 0
    for at, removed, added in _splices(one, other):
        text = "".join([line.raw for line in added])
        yield Step(Action.LINES, position, key, text, at + grown, removed)
        grown += len(added) - removed


def _splices(old: Section, new: Section) -> Iterable[Splice]:
    """Return the edit that makes the lines of one section of those of another.

    Most sections know the edit that has made them; of all others, the lines are compared.
    """
    known = new.splices_from(old)
    if known is not None:
        return known
    before, after = [line.raw for line in old.lines], [line.raw for line in new.lines]
    start = common_start(before, after)
    end = common_end(before, after, start)
    steps = opcodes(before[start : len(before) - end], after[start : len(after) - end])
    return [
        Splice(start + first, last - first, new.lines[start + at : start + until])
        for tag, first, last, at, until in steps
        if tag != "equal"
    ]


def replay(document: Document, steps: Iterable[Step]) -> Document:
    """Return the document that `steps` make of `document`, in a time that grows with the steps."""
    working = _Replay(document)
    for step in steps:
        working.take(step)
    return working.done()


class _Replay:
    """A document on which steps are taken; of `_edited` sections, by position, the lines change."""

    def __init__(self, document: Document) -> None:
        self._begin(document)

    def _begin(self, document: Document) -> None:
        self._document = document
        self._preamble, self._sections = document.preamble, list(document.sections)
        self._edited: dict[int, _EditedSection] = {}
        self._same_names = True

    def take(self, step: Step) -> None:
        """Take one step."""
        at = step.position
        match step.action:
            case Action.LINES | Action.HEADER:
                if at not in self._edited:
                    self._edited[at] = _EditedSection(self._sections[at])
                self._edited[at].take(step)
            case Action.REPLACE:
                self._put(at, 1, step.text)
            case Action.INSERT:
                self._put(at, 0, step.text)
            case Action.REMOVE:
                self._put(at, 1, None)
            case Action.PREAMBLE:
                self._preamble = step.text or ""
            case Action.WHOLE:
                language = self._document.language
                self._begin(Document.parse(step.text or "", language, self._document))

    def _put(self, at: int, gone: int, text: str | None) -> None:
        """Put a section, or none, in the place of one, or of none."""
        come = [] if text is None else [Section.parse(text, self._document.language)]
        self._sections[at : at + gone] = come
        growth = len(come) - gone
        self._edited = {
            place + growth * (place >= at): section
            for place, section in self._edited.items()
            if place not in range(at, at + gone)
        }
        self._same_names = False

    def done(self) -> Document:
        """Return the document after all steps."""
        document = self._document
        for at, section in self._edited.items():
            self._sections[at] = section.done()
        index = document.index if self._same_names else None
        return Document(self._preamble, tuple(self._sections), document.language, index)


class _EditedSection:
    """A section of which steps change the lines, one after another."""

    def __init__(self, section: Section) -> None:
        self._section = section
        self._lines = list(section.lines)
        self._splices: list[Splice] = []
        self._top: str | None = None

    def take(self, step: Step) -> None:
        """Take a step that is about the section alone."""
        text = step.text or ""
        if step.action == Action.HEADER:
            self._top = text
            return
        lines = lines_of(text)
        self._lines[step.line : step.line + step.removed] = lines
        self._splices.append(Splice(step.line, step.removed, lines))

    def done(self) -> Section:
        """Return the section; after few steps, with all that was read of its lines."""
        section = self._section
        if len(self._splices) > _FEW_SPLICES:
            section = section.with_lines(self._lines)
        else:
            for splice in self._splices:
                section = section.spliced([splice])
        return section if self._top is None else section.with_top(self._top)
