"""Find what two changes both touch although no object and no property of both shows it.

A keyword that stands twice, as in two sections `global`, is a property once, and a line that no
property shows the other time. Rows without names are known by what stands around them: where one
side has changed that, nobody knows any more which place the other one means.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.errors import Reference
from dataplane_core.resources.collections import RowCollection
from dataplane_core.resources.extra_props import UNMANAGED
from dataplane_core.resources.object_changes import ObjectChange
from dataplane_core.resources.objects import SectionKind
from dataplane_core.resources.overlaps import Overlap, by_identity, differing, identity
from dataplane_core.resources.registry import Registry
from dataplane_core.resources.secrets import Secrets, unsealed
from dataplane_core.text import Document, Section
from dataplane_core.text.language import Language
from dataplane_core.text.three_way import touching_hunks


def repeated_keywords(
    registry: Registry, language: Language, mine: Sequence[ObjectChange],
    theirs: Sequence[ObjectChange],
) -> Iterator[Overlap]:  # fmt: skip
    """Yield properties that one side changes where the other changes a line that repeats them."""
    others = by_identity(theirs)
    for change in mine:
        other = others.get(identity(change))
        if other is None or change.reference.key is not None:
            continue
        kind = change.reference.kind
        for one, two, is_mine in ((change, other, True), (other, change, False)):
            said = _on_lines(registry, language, kind, two)
            for name, (before, after) in differing(one).items():
                if name in said and name != UNMANAGED.name:
                    sides = (after, said[name]) if is_mine else (said[name], after)
                    yield Overlap(change.reference, name, *map(unsealed, (before, *sides)))


def _on_lines(
    registry: Registry, language: Language, kind: str, change: ObjectChange
) -> Mapping[str, Any]:
    """Return what the lines say by themselves that a change adds, and that no property shows.

    What only lines say that the change removes is None.
    """
    owner = SectionKind(registry, kind).owner
    before, after = ([*(lines or ())] for lines in differing(change).get(UNMANAGED.name, ((), ())))
    if owner is None:
        return {}

    def said(lines: Sequence[str], others: Sequence[str]) -> dict[str, Any]:
        text = "".join(f"{kind} x\n  {line}\n" for line in lines if line not in others)
        found: dict[str, Any] = {}
        for alone in Document.parse(text, language).sections:
            found.update(owner.model.read(alone))
        return found

    return {**dict.fromkeys(said(before, after)), **said(after, before)}


def touching_rows(
    registry: Registry, base: Document, mine: Document, newest: Document
) -> Iterator[Overlap]:
    """Yield rows without names that one side changes next to those that the other changes."""
    secrets = Secrets(registry)
    for old, *sides in _changed_by_both(registry, base, mine, newest):
        for rows in SectionKind(registry, old.kind).rows.values():
            if rows.key is None:
                yield from _touching(rows, old, sides, secrets)


def _changed_by_both(
    registry: Registry, base: Document, mine: Document, newest: Document
) -> Iterator[tuple[Section, Section, Section]]:
    """Yield the sections that both sides change; those that make one together, as one."""
    joined: set[str] = set()
    for old in base.sections:
        if old.kind in joined:
            continue
        if SectionKind(registry, old.kind).is_joined:
            joined.add(old.kind)
            found = [one.joined(old.kind) for one in (base, mine, newest)]
        else:
            key = base.key(old)
            found = [old, mine.by_key(key), newest.by_key(key)]
        sections = [one for one in found if one is not None]
        if len(sections) == 3 and all(one.text != sections[0].text for one in sections[1:]):
            yield sections[0], sections[1], sections[2]


def _touching(
    rows: RowCollection, old: Section, sides: Sequence[Section], secrets: Secrets
) -> Iterator[Overlap]:
    """Yield the overlap of each two edits of one list that touch, with the rows of both."""
    values = [[row.values for row in rows.table.rows(one)] for one in (old, *sides)]
    labels = [[json.dumps(one, sort_keys=True) for one in some] for some in values]
    for mine, theirs in touching_hunks(labels[0], (labels[1], labels[2])):
        reference = Reference(rows.name, old.kind, old.name, theirs.at if rows.indexed else None)
        places = values[0][theirs.start : theirs.end], values[1][mine.at : mine.until]
        found = (*places, values[2][theirs.at : theirs.until])
        shown = ([unsealed(secrets.sealed(reference, one)) for one in some] for some in found)
        yield Overlap(reference, "", *(_one_or_all(some) for some in shown))


def _one_or_all(found: list[Any]) -> Any:
    """Return the rows of an edit: one of them by itself, None for none."""
    return found[0] if len(found) == 1 else found or None
