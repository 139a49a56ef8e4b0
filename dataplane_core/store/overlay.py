"""Record an edit of a document as steps that another process can take again.

A step replaces, inserts or removes one section at a position, or replaces the text in front of the
first section; only a document that has little in common with the former one is kept whole. Taken in
order on the same document, the steps give the same text to the byte.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from dataplane_core.text import Document, Section, SectionKey
from dataplane_core.text.matching import opcodes

_MOST_SECTIONS = 64
_NOWHERE = SectionKey("", "", 0)


class Action(StrEnum):
    """What a step does with its section, or with the document."""

    REPLACE = "replace"
    INSERT = "insert"
    REMOVE = "remove"
    PREAMBLE = "preamble"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Step:
    """One change: `key` names the section for people and for comparisons, `position` says where."""

    action: Action
    position: int
    key: SectionKey
    text: str | None


def steps_between(old: Document, new: Document) -> list[Step]:
    """Return the steps that make `new` of `old`; none when both have the same text."""
    before, after = old.sections, new.sections
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and _same(before[start], after[start]):
        start += 1
    end = 0
    while end < shorter - start and _same(before[-1 - end], after[-1 - end]):
        end += 1
    gone, come = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(gone), len(come)) > _MOST_SECTIONS:
        return [Step(Action.WHOLE, 0, _NOWHERE, new.text())]
    steps = list(_section_steps(old, gone, new, come, start))
    if old.preamble != new.preamble:
        steps.append(Step(Action.PREAMBLE, 0, _NOWHERE, new.preamble))
    return steps


def _same(one: Section, other: Section) -> bool:
    return one is other or one.text == other.text


def _section_steps(
    old: Document,
    gone: tuple[Section, ...],
    new: Document,
    come: tuple[Section, ...],
    start: int,
) -> Iterator[Step]:
    """Yield the steps for the sections from `start` on, where `come` stands in place of `gone`."""
    before, after = [one.text for one in gone], [one.text for one in come]
    for _, first, last, at, until in opcodes(before, after):
        if before[first:last] == after[at:until]:
            continue
        common = min(last - first, until - at)
        for number in range(common):
            section = come[at + number]
            yield Step(Action.REPLACE, start + at + number, new.key(section), section.text)
        for number in range(at + common, until):
            yield Step(Action.INSERT, start + number, new.key(come[number]), come[number].text)
        for number in range(first + common, last):
            yield Step(Action.REMOVE, start + at + common, old.key(gone[number]), None)


def replay(document: Document, steps: Iterable[Step]) -> Document:
    """Return the document that `steps` make of `document`."""
    preamble, sections = document.preamble, list(document.sections)
    for step in steps:
        text = step.text or ""
        match step.action:
            case Action.REPLACE:
                sections[step.position] = Section.parse(text, document.language)
            case Action.INSERT:
                sections.insert(step.position, Section.parse(text, document.language))
            case Action.REMOVE:
                del sections[step.position]
            case Action.PREAMBLE:
                preamble = text
            case Action.WHOLE:
                document = Document.parse(text, document.language, document)
                preamble, sections = document.preamble, list(document.sections)
    return Document(preamble, tuple(sections), document.language)
