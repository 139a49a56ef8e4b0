"""Judge what the lines of a merge depend on beyond what they say: their places in the file.

A section without `from` inherits from the last `defaults` above it, a line in a conditional block
counts only under its condition, and where sections stand counts for both. None of that is an
object, so that comparing objects does not tell whether a merge keeps it.
"""

from collections import Counter
from collections.abc import Sequence

from dataplane_core.text import Document, Section
from dataplane_core.text.conditions import directives_of
from dataplane_core.text.document import SectionKey
from dataplane_core.text.language import DEFAULTS, INHERITING

_Above = dict[SectionKey, SectionKey | None]


def misplaced(base: Document, mine: Document, newest: Document, merged: Document) -> str:
    """Return what a merge would not have in its place; empty if nothing."""
    directives = directives_of(base.text())
    if any(directives_of(one.text()) != directives for one in (mine, newest, merged)):
        return "conditional blocks were changed"
    if _order(mine, base) != _order(base, mine) and _order(mine, newest) != _order(newest, mine):
        return "sections were moved"
    if directives and not _is_as_conditional(base, mine, merged):
        return "a new section would stand in a conditional block, or out of it"
    return _wrong_heir(*map(_inherited, (base, mine, newest, merged)))


def comments_of(section: Section) -> Counter[str]:
    """Return the lines of a section that are comments and nothing else, counted."""
    return Counter(
        line.raw.strip() for line in section.lines if line.raw.lstrip().startswith("#")
    )


def _keys(document: Document) -> list[SectionKey]:
    """Return the keys of all sections, in the order of the file."""
    counts: dict[tuple[str, str], int] = {}
    found = []
    for section in document.sections:
        one = section.kind, section.name
        found.append(SectionKey(*one, counts.get(one, 0)))
        counts[one] = counts.get(one, 0) + 1
    return found


def _order(document: Document, other: Document) -> Sequence[SectionKey]:
    """Return the sections that another document has too, in the order of the first."""
    shared = {*_keys(other)}
    return [key for key in _keys(document) if key in shared]


def _is_as_conditional(base: Document, mine: Document, merged: Document) -> bool:
    """Tell whether the sections that mine adds depend on a condition where they did in mine."""
    known, there = {*_keys(base)}, {key: at for at, key in enumerate(_keys(merged))}
    return all(
        mine.is_conditional(at) == merged.is_conditional(there[key])
        for at, key in enumerate(_keys(mine))
        if key not in known and key in there
    )


def _inherited(document: Document) -> _Above:
    """Return of each section without `from` the `defaults` that it inherits from."""
    found: _Above = {}
    last: SectionKey | None = None
    for key, section in zip(_keys(document), document.sections, strict=True):
        if key.kind == DEFAULTS:
            last = key
        elif key.kind in INHERITING and section.parent is None:
            found[key] = last
    return found


def _wrong_heir(base: _Above, mine: _Above, newest: _Above, merged: _Above) -> str:
    """Return which section would inherit from others than both sides have it; empty if none."""
    for key, has in merged.items():
        was, wanted, now = (one.get(key, ...) for one in (base, mine, newest))
        if has != (now if wanted in (was, ...) else wanted):
            return f"{key.kind} {key.name} would inherit from another defaults section"
    return ""
