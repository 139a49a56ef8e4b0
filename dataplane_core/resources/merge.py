"""Put a change that was made for an older version on the newest one, where the two do not overlap.

Objects decide what overlaps (`overlaps`). The text is then put together section by section: one
that only one side changed is taken whole; of one that both changed, the lines are merged, and where
edits of lines touch, the objects are changed one by one. Last, the result is compared with the
newest version: it has to differ from it in just what the change did, and has to have in its place
what depends on that (`merged_places`). What cannot be merged so is refused.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dataplane_core.errors import MergeConflict
from dataplane_core.grammar import Row
from dataplane_core.resources.alike_lines import AlikeLines
from dataplane_core.resources.collections import RowCollection, SectionCollection, SingleSection
from dataplane_core.resources.comparison import compare
from dataplane_core.resources.locate import named_rows, row_name
from dataplane_core.resources.merged_places import comments_of, misplaced
from dataplane_core.resources.object_changes import ObjectChange
from dataplane_core.resources.objects import SectionKind
from dataplane_core.resources.overlaps import (
    Overlap,
    by_identity,
    differing,
    identity,
    is_new_without_name,
    overlaps,
)
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.secrets import Secrets
from dataplane_core.resources.unseen_overlaps import repeated_keywords, touching_rows
from dataplane_core.text import Document, Section
from dataplane_core.text.conditions import directives_of
from dataplane_core.text.document import SectionKey
from dataplane_core.text.three_way import merge_lists

_SINCE = "the configuration was changed in the same place since"


class Merger:
    """Merges changes over all that a registry declares."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def merge(self, base: Document, mine: Document, newest: Document) -> Document:
        """Return `newest` with the change from `base` to `mine`; raises `MergeConflict`."""
        if base.text() == newest.text():
            return mine
        own, others = compare(self._registry, base, mine), compare(self._registry, base, newest)
        sealed = self._sealed(own), self._sealed(others)
        found = [*overlaps(*sealed), *repeated_keywords(self._registry, base.language, *sealed)]
        found += touching_rows(self._registry, base, mine, newest)
        if found:
            raise MergeConflict(_SINCE, _distinct(found))
        merged = _Merge(self._registry, base, mine, newest, own).document()
        done = compare(self._registry, newest, merged)
        if _said(done) != _said(own, others):
            raise MergeConflict(_SINCE, _somewhere(own))
        if found_there := misplaced(base, mine, newest, merged):
            raise MergeConflict(f"{_SINCE}: {found_there}", _somewhere(own))
        return merged

    def _sealed(self, changes: Sequence[ObjectChange]) -> list[ObjectChange]:
        """Return changes with seals in the place of secrets, which can be compared."""
        secrets = Secrets(self._registry)

        def sealed(one: ObjectChange, values: Mapping[str, Any] | None) -> dict[str, Any] | None:
            return None if values is None else secrets.sealed(one.reference, values)

        return [
            replace(one, before=sealed(one, one.before), after=sealed(one, one.after))
            for one in changes
        ]


class _Merge:
    """One merge; `changes` are those from `base` to `mine`."""

    def __init__(
        self, registry: Registry, base: Document, mine: Document, newest: Document,
        changes: Sequence[ObjectChange],
    ) -> None:  # fmt: skip
        self._registry = registry
        self._base, self._mine, self._newest = base, mine, newest
        self._changes = changes

    def document(self) -> Document:
        """Return the newest document with the change of mine; raises `MergeConflict`."""
        result = self._newest
        olds = {self._base.key(section): section for section in self._base.sections}
        mine = self._own_sections(olds)
        for key, old in olds.items():
            new, there = mine.get(key), result.by_key(key)
            if new is old or (new is not None and new.text == old.text) or there is None:
                continue
            if new is None:
                result = result.remove(there)
            elif there.text == old.text:
                result = result.replace(there, new)
            else:
                result = result.replace(there, self._section(old, new, there))
        for at, (key, section) in enumerate(mine.items(), 1):
            if key not in olds and result.by_key(key) is None:
                result = result.insert(self._place([*mine][at:], result), section)
        if self._mine.preamble != self._base.preamble:
            result = Document(self._mine.preamble, result.sections, result.language)
        return result

    def _own_sections(self, olds: Mapping[SectionKey, Section]) -> dict[SectionKey, Section]:
        """Return the sections of mine, the changed ones without the lines that others add too."""
        alike = AlikeLines(self._registry, self._base, self._mine, self._newest)
        found = {}
        for section in self._mine.sections:
            key = self._mine.key(section)
            old = olds.get(key)
            same = old is not None and (old is section or old.text == section.text)
            found[key] = section if same else alike.left_out(key, section)
        return found

    def _place(self, followers: Sequence[SectionKey], result: Document) -> int:
        """Return where a new section goes: in front of the one that follows it, or at the end."""
        for follower in followers:
            there = result.by_key(follower)
            if there is not None:
                return result.position(there)
        return len(result.sections)

    def _section(self, old: Section, mine: Section, newest: Section) -> Section:
        """Return a section that both sides have changed with both changes."""
        if mine.top == old.top:
            top = newest.top
        elif newest.top in (old.top, mine.top):
            top = mine.top
        else:
            raise MergeConflict(_SINCE, _somewhere(self._changes))
        raws = [[line.raw for line in one.lines] for one in (old, mine, newest)]
        lines = merge_lists(raws[0], (raws[1], raws[2]), (mine.lines, newest.lines))
        merged = self._by_objects(old, mine, newest) if lines is None else newest.with_lines(lines)
        return merged if merged.top == top else merged.with_top(top)

    def _by_objects(self, old: Section, mine: Section, newest: Section) -> Section:
        """Return the newest section with what my change did to its objects, one after the other."""
        kind = SectionKind(self._registry, old.kind)
        if comments_of(mine) - comments_of(old) or directives_of(old.text):
            raise MergeConflict(_SINCE, _somewhere(self._changes))
        for rows in kind.rows.values():
            if rows.key is None:
                newest = _with_list(rows, old, mine, newest)
        for change in self._changes:
            one = identity(change)
            if (one.kind, one.section) != (old.kind, old.name):
                continue
            if one.key is None:
                newest = _with_own(kind.owner, change, newest)
            elif (found := kind.rows.get(one.collection)) is not None and found.key is not None:
                if change.change == "moved" or not _is_unique(found, one.key, old, newest):
                    raise MergeConflict(_SINCE, _somewhere([change]))
                newest = _with_row(found, change, newest)
        return newest


def _with_list(rows: RowCollection, old: Section, mine: Section, newest: Section) -> Section:
    """Return a section with both edits of a list of rows that have no names."""
    lists = [rows.table.rows(one) for one in (old, mine, newest)]
    labels = [[_label(row.values) for row in some] for some in lists]
    if labels[0] == labels[1]:
        return newest
    values = [[row.values for row in some] for some in lists]
    merged = merge_lists(labels[0], (labels[1], labels[2]), (values[1], values[2]))
    if merged is None:
        title = f"{old.kind} {old.name}".rstrip()
        raise MergeConflict(f"{_SINCE}: the list of {rows.name} of {title}")
    return rows.table.put(newest, merged)


def _is_unique(rows: RowCollection, name: object, *sections: Section) -> bool:
    """Return whether no section has two rows with a name, of which one would be taken."""
    return all(
        sum(row_name(rows, row) == name for row in rows.table.rows(section)) < 2
        for section in sections
    )


def _label(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def _with_row(rows: RowCollection, change: ObjectChange, section: Section) -> Section:
    """Return a section with what a change did to a row that has a name."""
    row: Row | None = named_rows(rows, section).get(str(identity(change).key))
    if change.after is None:
        return section if row is None else rows.table.remove(section, row)
    known = {prop.name for prop in rows.props}
    if row is None:
        return rows.table.insert(section, {k: v for k, v in change.after.items() if k in known})
    if change.reference.key != row_name(rows, row) and change.former is None:
        return section
    altered = {name: new for name, (_, new) in differing(change).items() if name in known}
    return rows.table.replace(section, row, _updated(row.values, altered))


def _with_own(
    owner: SectionCollection | SingleSection | None, change: ObjectChange, section: Section
) -> Section:
    """Return a section with what a change did to the properties of the section itself."""
    if owner is None or change.after is None:
        return section
    known = {prop.name for prop in owner.model.props}
    altered = {name: new for name, (_, new) in differing(change).items() if name in known}
    return owner.model.put(section, _updated(owner.model.read(section), altered))


def _updated(values: Mapping[str, Any], altered: Mapping[str, Any]) -> dict[str, Any]:
    updated = {**values, **altered}
    return {name: value for name, value in updated.items() if value is not None}


def _said(
    changes: Sequence[ObjectChange], others: Sequence[ObjectChange] = ()
) -> list[tuple[str, ...]]:
    """Return what changes do, in a form that is the same wherever their objects stand.

    Left out is what others have done alike.
    """
    known = by_identity(others)
    found = []
    for change in changes:
        other = None if is_new_without_name(change) else known.get(identity(change))
        done = {} if other is None else differing(other)
        if other is not None and other.after is None:
            continue
        left = {
            name: new for name, (_, new) in differing(change).items()
            if name not in done
        }  # fmt: skip
        if not left and (other is not None or change.change == "moved"):
            continue
        one = change.reference
        key = "" if isinstance(one.key, int) or one.key is None else one.key
        kind = "gone" if change.after is None else "there"
        found.append((one.collection, one.kind, one.section, key, kind, _label(left)))
    return sorted(found)


def _distinct(found: Sequence[Overlap]) -> list[Overlap]:
    """Return overlaps, each property once."""
    return [*{(one.reference, one.prop): one for one in reversed(found)}.values()][::-1]


def _somewhere(changes: Sequence[ObjectChange]) -> list[Overlap]:
    """Return an overlap whose place is not known better than by what a change touches."""
    return [Overlap(change.reference, "", None, None, None) for change in changes[:1]]
