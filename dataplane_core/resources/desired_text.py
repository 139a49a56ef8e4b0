"""Make a document say what a desired one says, with the smallest edits.

Sections of the same kind and name are the same ones; what they say is edited line by line
(`text.saying`). They stay where they are as long as they mean the same there
(`resources.section_places`), and else take the order of the desired document, if that is whole.
"""

from collections.abc import Iterable, Iterator, Sequence

from dataplane_core.digests import blake2b
from dataplane_core.errors import Invalid
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.placing import place_of_new
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.row_names import has_names_first
from dataplane_core.resources.row_scope import Rows
from dataplane_core.resources.scope import WHOLE, Scope
from dataplane_core.resources.section_places import (
    Keyed,
    inherits_as_wanted,
    is_as_good,
    keyed,
    reordered,
    who_inherits_otherwise,
)
from dataplane_core.text import Document, Section, SectionKey
from dataplane_core.text.comments import next_heading_start
from dataplane_core.text.conditions import find_blocks, may_hold_directives
from dataplane_core.text.language import DEFAULTS
from dataplane_core.text.lines import lines_of
from dataplane_core.text.saying import FirstWords, all_said, saying


class DesiredText:
    """A desired document, of which the sections in a scope are to be brought into others.

    With `prune`, sections in the scope that it does not have are removed.
    """

    def __init__(
        self, registry: Registry, document: Document, scope: Scope = WHOLE, *, prune: bool = True
    ) -> None:
        self._registry = registry
        self._document = document
        self._scope = scope
        self._prune = prune
        self._is_whole = scope.is_whole and prune
        self._first_words: dict[str, FirstWords] = {}
        self._desired = self._sections = {
            key: one
            for key, one in keyed(document).items()
            if scope.is_whole or scope.holds(key.kind, key.name)
        }

    def on(self, document: Document) -> Document:
        """Return `document` saying what is desired; itself where it says that already.

        Raises `Invalid` where the edit would change what other sections mean.
        """
        known = keyed(document)
        if not self._is_whole:
            self._sections = {
                key: one
                for key, one in self._desired.items()
                if key in known or self._scope.holds_whole(key.kind, key.name)
            }
        if self._is_whole and known.keys().isdisjoint(self._sections):
            return document if document.text() == self._document.text() else self._document
        if self._is_whole and self._needs_order(document, known):
            return self._with_preamble(document, self._in_order(known))
        edited = {key: self._edited(key, section) for key, section in known.items()}
        result = self._with_preamble(document, edited)
        result, keys = self._without_others(result, [*edited])
        result, keys = self._with_new(result, keys)
        result = self._ordered(result, keys)
        others = () if self._is_whole else who_inherits_otherwise(document, result, self._sections)
        if others:
            raise Invalid(
                f"{others[0]} would inherit from other defaults: give the whole text, or name "
                "what sections inherit from with `from`"
            )
        return result

    def _needs_order(self, document: Document, known: Keyed) -> bool:
        """Return whether directives stand around sections, or would stay of one that goes."""
        going = (section for key, section in known.items() if key not in self._sections)
        leaving = any(may_hold_directives(section.text) for section in going)
        return leaving or _has_open_blocks(document, self._document)

    def _edited(self, key: SectionKey, section: Section) -> Section:
        other = self._sections.get(key)
        if other is None or other is section or other.text == section.text:
            return section
        digest = blake2b(other.text.encode("utf-8", "surrogateescape"), 16)
        rows = self._scope.rows(key.kind, key.name)
        if rows is not None:
            said = saying(section, other, self._first_words_in(key.kind))
            return Rows(self._registry, key.kind, rows).of(section, said)
        if section.cache.get(_SAYS_THE_SAME) == digest:
            return section
        new = saying(section, other, self._first_words_in(key.kind))
        if new is not section and not self._is_whole and (section.blocks[1] or other.blocks[1]):
            raise Invalid(_PART_OF_A_BLOCK.format(_shown(key)))
        new.cache[_SAYS_THE_SAME] = digest
        return new

    def _first_words_in(self, kind: str) -> FirstWords:
        """Return the first words of the rows of a kind of section."""
        known = self._first_words.get(kind)
        if known is None:
            rows = self._registry.rows_of(kind)
            known = self._first_words[kind] = FirstWords(
                _first_words(
                    one for one in rows if one.key and has_names_first(one.table, one.key)
                ),
                _first_words(one for one in rows if one.indexed),
            )
        return known

    def _with_preamble(self, document: Document, sections: Keyed) -> Document:
        """Return the document of other sections, with what is to stand in front of them."""
        new, preamble = tuple(sections.values()), document.preamble
        if self._is_whole and _said_in(preamble) != _said_in(self._document.preamble):
            preamble = self._document.preamble
        same = len(new) == len(document.sections) and all(map(_is, new, document.sections))
        if same and preamble == document.preamble:
            return document
        return Document(preamble, new, document.language)

    def _in_order(self, known: Keyed) -> Keyed:
        """Return the desired sections in their order: blocks around them are lines of theirs."""
        return {
            key: self._edited(key, known[key]) if key in known else section
            for key, section in self._sections.items()
        }

    def _without_others(
        self, document: Document, keys: list[SectionKey]
    ) -> tuple[Document, list[SectionKey]]:
        """Return the document without sections that are not desired, and the keys of the others."""
        kept = list(keys)
        for at in range(len(keys) - 1, -1, -1):
            key = keys[at]
            mine = self._scope.holds_whole(key.kind, key.name)
            if self._prune and mine and key not in self._sections:
                document = document.remove_at(at)
                del kept[at]
        return document, kept

    def _with_new(
        self, document: Document, keys: list[SectionKey]
    ) -> tuple[Document, list[SectionKey]]:
        """Return the document with the sections that are new, and the keys of all its sections."""
        there = set(keys)
        if there.issuperset(self._sections):
            return document, keys
        new: dict[int, list[SectionKey]] = {}
        for key, at in self._places_of_new(document, keys):
            new.setdefault(at, []).append(key)
        every = [*self._sections]
        below = dict(zip(every, every[1:], strict=False))
        made = {at: [self._new(key, below.get(key), there) for key in new[at]] for at in new}
        places = range(len(keys) + 1)
        order = [key for at in places for key in (*new.get(at, ()), *keys[at : at + 1])]
        return document.insert_each(made), order

    def _places_of_new(
        self, document: Document, keys: Sequence[SectionKey]
    ) -> Iterator[tuple[SectionKey, int]]:
        """Yield the sections that are new, each with the position in front of which it comes.

        That is behind the section above it in the desired document. Where that is only a part, and
        has no `defaults` above the section, it is where a section made alone would stand.
        """
        places = {key: at for at, key in enumerate(keys)}
        at = next((places[key] for key in self._sections if key in places), 0)
        known: dict[object, int] = {}
        follows = self._is_whole
        for key, section in self._sections.items():
            if key in places:
                at = places[key] + 1
            else:
                alike = key.kind, not key.name, section.parent
                if not follows:
                    if alike not in known:
                        known[alike] = self._alone(document, section)
                    at = known[alike]
                yield key, at
            follows = follows or key.kind == DEFAULTS

    def _alone(self, document: Document, section: Section) -> int:
        order = self._registry.section_order
        return place_of_new(document, section.kind, section.name, section.parent, order)

    def _new(
        self, key: SectionKey, below: SectionKey | None, there: set[SectionKey]
    ) -> Section:
        """Return a new section as the desired document has it, without headings of others."""
        section = self._sections[key]
        if not self._is_whole and section.blocks[1]:
            raise Invalid(_PART_OF_A_BLOCK.format(_shown(key)))
        rows = self._scope.rows(key.kind, key.name)
        if rows is not None:
            empty = section.with_lines(())
            section = Rows(self._registry, key.kind, rows).of(empty, section)
        if below in there:
            section = section.with_lines(section.lines[: next_heading_start(section.lines)])
        return section.trimmed()

    def _ordered(self, document: Document, keys: list[SectionKey]) -> Document:
        if self._is_whole:
            wanted = [*self._sections]
            return document if is_as_good(keys, wanted) else reordered(document, keys, wanted)
        wanted = [key for key in self._sections if self._scope.holds_whole(key.kind, key.name)]
        if not inherits_as_wanted(keys, wanted):
            raise Invalid("the sections stand in another order: give the whole text, or name what "
                          "sections inherit from with `from`")  # fmt: skip
        return document


_PART_OF_A_BLOCK = (
    "{} is part of a conditional block that holds more than lines of it: such blocks are only "
    "applied with the whole text"
)


def _first_words(collections: Iterable[RowCollection]) -> frozenset[str]:
    return frozenset(word for rows in collections for word in rows.table.heads.first_words)


_SAYS_THE_SAME = "says what this text does"
"""Under this, a section keeps the digest of the last desired text that it says: states that follow
each other have most sections in common."""


def _is(one: object, other: object) -> bool:
    return one is other


def _shown(key: SectionKey) -> str:
    return f"{key.kind} {key.name}".rstrip()


def _said_in(preamble: str) -> list[object]:
    return [words for _, words in all_said(lines_of(preamble))]


def _has_open_blocks(*documents: Document) -> bool:
    """Return whether conditional blocks begin in one section and end in another.

    Sections are asked one by one: those that two documents share are looked through once.
    """
    for one in documents:
        if may_hold_directives(one.preamble) and find_blocks(lines_of(one.preamble))[1]:
            return True
        if any(section.blocks[1] for section in one.sections):
            return True
    return False
