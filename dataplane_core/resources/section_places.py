"""Tell which orders of sections mean the same, and put sections into another order.

HAProxy reads a file from top to bottom. A proxy inherits from the last `defaults` section above it,
and the order of all other sections than proxies counts: `global` comes first, a `crt-store` before
the listeners that use it. Proxies only find each other by their names.
"""

from collections.abc import Container, Iterator, Mapping, Sequence

from dataplane_core.text import Document, Section, SectionKey
from dataplane_core.text.language import BACKENDS, DEFAULTS, FRONTENDS

Keyed = Mapping[SectionKey, Section]
"""Sections by their keys, in an order."""

_PROXIES = frozenset({*FRONTENDS, *BACKENDS})


def keyed(document: Document) -> dict[SectionKey, Section]:
    """Return the sections of a document by their keys, in the order of the file."""
    found: dict[SectionKey, Section] = {}
    others: dict[SectionKey, int] = {}
    for section in document.sections:
        key = SectionKey(section.kind, section.name, 0)
        if key in found:
            others[key] = number = others.get(key, 0) + 1
            key = key._replace(ordinal=number)
        found[key] = section
    return found


def is_as_good(order: Sequence[SectionKey], wanted: Sequence[SectionKey]) -> bool:
    """Return whether all sections of a file mean in one order what they mean in another."""
    if order == wanted:
        return True
    return not _has_namesakes(wanted) and dict(_surroundings(order)) == dict(_surroundings(wanted))


def _has_namesakes(order: Sequence[SectionKey]) -> bool:
    """Return whether sections have one kind and name: nothing but their order tells them apart."""
    return any(key.ordinal for key in order)


def _surroundings(order: Sequence[SectionKey]) -> Iterator[tuple[SectionKey, int]]:
    """Yield each section with the number of sections above it that are no proxies."""
    above = 0
    for key in order:
        yield key, above
        above += key.kind not in _PROXIES


def inherits_as_wanted(order: Sequence[SectionKey], wanted: Sequence[SectionKey]) -> bool:
    """Return whether sections that are wanted below some `defaults` are below these in a file.

    `order` are all sections of the file, of which some are `wanted`.
    """
    if _has_namesakes(wanted) and [key for key in order if key in {*wanted}] != wanted:
        return False
    below = dict(_defaults_above(order))
    return all(found in (None, below[key]) for key, found in _defaults_above(wanted))


def _defaults_above(order: Sequence[SectionKey]) -> Iterator[tuple[SectionKey, SectionKey | None]]:
    """Yield each section with the last `defaults` section above it."""
    last = None
    for key in order:
        yield key, last
        if key.kind == DEFAULTS:
            last = key


def reordered(
    document: Document, keys: Sequence[SectionKey], wanted: Sequence[SectionKey]
) -> Document:
    """Return a document with the sections that are `wanted` in that order.

    `keys` are those of all its sections; each of the others stays behind the section that it is
    behind now.
    """
    sections = dict(zip(keys, document.sections, strict=True))
    among, behind = set(wanted), {key: [key] for key in wanted}
    top: list[SectionKey] = []  # the sections above the first one that is wanted
    group = top
    for key in keys:
        if key in among:
            group = behind[key]
        else:
            group.append(key)
    order = [*top, *(key for one in wanted for key in behind[one])]
    if order == list(keys):
        return document
    last = sections[keys[-1]]
    if order[-1] != keys[-1] and not last.ends_blank():
        sections[keys[-1]] = last.with_lines(last.lines).with_blank_end()
    return Document(
        document.preamble, tuple(sections[key] for key in order), document.language
    )


def who_inherits_otherwise(
    before: Document, after: Document, but: Container[SectionKey]
) -> list[str]:
    """Return the proxies that inherit from other `defaults` than before, which exist still.

    Those of some keys are not among them, nor who inherited from none, and does from new `defaults`
    without a name: these are made for all proxies.
    """
    now = dict(_inherited(after))
    there = {key for key in now if key.kind == DEFAULTS}
    return [
        f"{key.kind} {key.name}".rstrip()
        for key, origin in _inherited(before)
        if key in now and key not in but and now[key] != origin
        if (_is_unasked(now[key]) if origin is None else origin in there)
    ]


def _is_unasked(origin: SectionKey | None) -> bool:
    return origin is not None and bool(origin.name)


def _inherited(document: Document) -> Iterator[tuple[SectionKey, SectionKey | None]]:
    """Yield each section with the `defaults` that it inherits from without saying so."""
    sections = keyed(document)
    for key, above in _defaults_above([*sections]):
        unsaid = key.kind in _PROXIES and sections[key].parent is None
        yield key, above if unsaid else None
