"""Find the names that a change takes from lines that refer to them.

It costs what differs: the lines with which both documents begin and end are not read, and of the
others only what they name. Names that meant nothing before the change are not lost by it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from dataplane_core.grammar.names import Name
from dataplane_core.resources.document_names import FEW, DocumentNames, Thing, Use
from dataplane_core.resources.line_names import Given, may_say
from dataplane_core.resources.name_reader import NameReader
from dataplane_core.resources.name_readers import NameReaders
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.lines import split_lines
from dataplane_core.text.splice import common_end, common_start

LONG = 1 << 17
"""Characters of a section from which on lines are not kept that are looked at once."""

MANY = 100
"""Changed lines from which on those are left out that only stand elsewhere, or between changes."""

_Key = tuple[str, str]


class Gone(NamedTuple):
    """What a change took away; of names that are counted, `given` has the numbers."""

    thing: Thing
    given: Given | None = None

    def has_name(self, kinds: Iterable[str], text: str) -> bool:
        """Return whether a name of one of these kinds is its own."""
        if self.thing.kind not in kinds:
            return False
        return text == self.thing.name or (self.given is not None and self.given.counts(text))


def lost_uses(
    readers: NameReaders, before: Document, after: Document, gone: list[Gone] | None = None
) -> Iterator[tuple[Thing, Use]]:
    """Yield what the document `before` had, and the uses of its name after the change.

    `gone` is what the change took away, if it is `taken` already.
    """
    gone = [*taken(readers, before, after)] if gone is None else gone
    if not gone:
        return
    was, now = DocumentNames(readers, before), DocumentNames(readers, after)
    by_name = _ByName(gone)
    for use in _candidates(now, gone):
        name = use.mention.name
        for one in by_name.of(name):
            if not now.is_there(use.section, name):
                former = before.find(use.section.kind, use.section.name)
                if former is not None or one.thing.is_section or name.scope:
                    meant = was.things(former or use.section, name)
                    if any(thing.section is one.thing.section for thing in meant):
                        yield Thing(one.thing.section, one.thing.kind, name.text), use
                        break


class _ByName:
    """What a change took away, to be found by name: each of many names may be asked about."""

    def __init__(self, gone: Iterable[Gone]) -> None:
        self._named: defaultdict[str, list[Gone]] = defaultdict(list)
        self._counted: list[Gone] = []
        for one in gone:
            (self._counted if one.given else self._named[one.thing.name]).append(one)

    def of(self, name: Name) -> Iterator[Gone]:
        """Yield what had a name that a line refers to."""
        for one in (*self._named.get(name.text, ()), *self._counted):
            if one.has_name(name.kinds, name.text):
                yield one


def taken(readers: NameReaders, before: Document, after: Document) -> Iterator[Gone]:
    """Yield what is not there any more: sections, and what lines of those that stay gave."""
    kept = {id(section) for section in after.sections}
    olds = [section for section in before.sections if id(section) not in kept]
    if not olds:
        return
    kept = {id(section) for section in before.sections}
    names = {(section.kind, section.name) for section in olds}
    news: defaultdict[_Key, list[Section]] = defaultdict(list)
    for section in after.sections:
        if id(section) not in kept and (section.kind, section.name) in names:
            news[section.kind, section.name].append(section)
    for section in olds:
        replaced = news.get((section.kind, section.name))
        if replaced:
            yield from _given_no_more(readers, section, replaced)
        elif section.name and after.find(section.kind, section.name) is None:
            yield Gone(Thing(section, section.kind, section.name))


def _given_no_more(readers: NameReaders, old: Section, news: list[Section]) -> Iterator[Gone]:
    """Yield the names that lines of a section gave, and those in its place do not."""
    new = news[0]
    reader = readers.of(old.kind)
    is_read = (old.is_cut and new.is_cut) or len(old.text) + len(new.text) <= LONG
    cut, given = (_lines, reader.given) if is_read else _in_passing(reader)
    lines, others = cut(old), cut(new)
    start = common_start(lines, others)
    end = common_end(lines, others, start)
    went, came = lines[start : len(lines) - end], others[start : len(others) - end]
    differ = _unlike(went, came) if len(went) > MANY else went
    gone = dict.fromkeys(given(differ)) if differ else {}
    if gone:
        if differ is not went and not any(one.numbers for one in gone):
            came = _unlike(came, went)
        for one in given(came):
            gone.pop(one, None)
        for section in news[1:]:
            for one in given(cut(section)):
                gone.pop(one, None)
    for one in gone:
        if one.numbers or not any(
            reader.saying(section, one.name).gives(one.kind, one.name) for section in news
        ):
            yield Gone(Thing(old, one.kind, one.name), one if one.numbers else None)


def _unlike(some: Sequence[Any], others: Sequence[Any]) -> Sequence[Any]:
    """Return the lines that do not stand among others word by word, as those name the same."""
    known = {getattr(one, "raw", one) for one in others}
    return [one for one in some if getattr(one, "raw", one) not in known]


def _lines(section: Section) -> Sequence[Any]:
    return section.lines


def _in_passing(
    reader: NameReader,
) -> tuple[Callable[[Section], Sequence[Any]], Callable[[Iterable[Any]], Iterator[Given]]]:
    """Return what cuts a section, and finds the names that lines give, and keeps no line."""
    return (
        lambda section: split_lines(section.text[len(section.top) :]),
        lambda texts: reader.given(map(Line, texts)),
    )


def _candidates(now: DocumentNames, gone: list[Gone]) -> Iterator[Use]:
    """Yield the uses that may be of what is gone, each once."""
    if len(gone) > FEW or any(one.given for one in gone):
        holders = {word for one in gone for word in (one.thing.section.name, one.thing.name)}
        for section in now.document.sections:
            text = section.text
            if len(gone) > FEW or any(may_say(text, word) for word in holders):
                yield from now.uses(section)
        return
    seen: set[tuple[int, int, str]] = set()
    for one in gone:
        own, holder = one.thing.section, one.thing.section.name
        for section in now.document.sections:
            if section.name != holder or section.kind != own.kind:
                text = section.text  # most sections are passed over here, without another call
                plain = "'" not in text and '"' not in text and "\\" not in text
                if holder not in text and (plain or not may_say(text, holder)):
                    continue
            for use in now.saying(section, one.thing.name):
                key = (id(section), use.at, use.mention.path + use.mention.name.text)
                if key not in seen:
                    seen.add(key)
                    yield use
