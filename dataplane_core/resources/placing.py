"""Put sections where people look for them, and where they change nothing for others.

HAProxy reads from top to bottom: `from` names a `defaults` section further up, and a section
without `from` inherits from the last one above it (manual, chapter 4).
"""

from collections.abc import Iterator, Sequence

from dataplane_core.errors import BadRequest, Code, Invalid
from dataplane_core.resources.locate import UNNAMED_DEFAULTS, find_defaults, shown_names
from dataplane_core.text import Document, Section
from dataplane_core.text.language import DEFAULTS, INHERITING
from dataplane_core.text.tokens import is_one_word, unquote


def place_section(
    document: Document, kind: str, name: str, parent: str | None, order: Sequence[str]
) -> tuple[Document, Section]:
    """Return the document with a new empty section, and that section.

    It goes behind the last of its kind, and behind the `defaults` section `parent`, which its
    `from` is to name. Raises `Invalid` for a name that HAProxy would read as another, or as several
    words, or as a comment.
    """
    refuse_strange_name(name)
    new = Section.new(kind, name, end=document.line_end())
    at = place_of_new(document, kind, name, parent, order)
    document = document.insert(at, new)
    return document, document.sections[at]


def refuse_strange_name(name: str) -> None:
    """Raise `Invalid` for a name that HAProxy would read as another, as several, or a comment."""
    if name and not (is_one_word(name) and unquote(name) == name):
        message = f"name in body must be one word without quotes, instead of {name!r}"
        raise Invalid(message, code=Code.PATTERN)


def place_of_new(
    document: Document, kind: str, name: str, parent: str | None, order: Sequence[str]
) -> int:
    """Return the position of the section in front of which `place_section` puts a new one."""
    origin = None if parent is None else find_defaults(document, parent)
    if kind == DEFAULTS:
        return _place_of_defaults(document, name, origin, order)
    at = document.free_place(document.place_of_kind(kind, order))
    return at if origin is None else _behind(document, origin, kind, at)


def place_section_beside(
    document: Document, kind: str, name: str, other: Section, order: Sequence[str]
) -> tuple[Document, Section]:
    """Return the document with a new section that inherits what `other` does, and that section."""
    parent = other.parent or inherited(document, other)
    document, new = place_section(document, kind, name, parent, order)
    target = None if parent is None else find_defaults(document, parent)
    if target is not None and (target.name or parent == inherited(document, new)):
        at = document.position(new)
        document = with_defaults(document, new, parent)
        new = document.sections[at]
    return document, new


def _place_of_defaults(
    document: Document, name: str, origin: Section | None, order: Sequence[str]
) -> int:
    """Return the place of a new `defaults` section, where no proxy inherits from it unasked.

    It goes in front of the last one, where proxies below inherit from that, or to the end of the
    file, if it is itself to inherit from that one, or if proxies inherit from none. Only the one
    without a name, which a client sets for all proxies, goes to the top.
    """
    others = document.of_kind(DEFAULTS)
    if not others:
        at = document.place_of_kind(DEFAULTS, order)
        unasked = any(_inherits_from_last(section) for section in document.sections[at:])
        return document.free_place(len(document.sections) if name and unasked else at)
    at = document.position(others[-1])
    if not any(_inherits_from_last(section) for section in document.sections[at:]):
        return document.free_place(at + 1)
    if origin is not None and document.position(origin) >= at:
        at = len(document.sections)
    return document.free_place(at)


def _inherits_from_last(section: Section) -> bool:
    """Return whether the last `defaults` section above holds for a section."""
    return section.kind in INHERITING - {DEFAULTS} and section.parent is None


def _behind(document: Document, origin: Section, kind: str, at: int) -> int:
    """Return the place for a section that is to inherit from `origin`; `at`, if that will do.

    It is one in front of the next `defaults` section, where there is one that is free: there a
    section inherits from one without a name, too.
    """
    sections = document.sections
    first = document.position(origin) + 1
    later = (one for one in range(first, len(sections)) if sections[one].kind == DEFAULTS)
    end = next(later, len(sections))
    if first <= at and (at <= end or origin.name):
        return at
    alike = [one + 1 for one in range(first, end) if sections[one].kind == kind]
    places = [*alike[-1:], *range(end, first - 1, -1)]
    free = next((one for one in places if document.free_place(one) == one), len(sections))
    if free <= end or origin.name:
        return free
    return next((one for one in places if not document.is_conditional(one)), free)


def inherited(document: Document, section: Section) -> str | None:
    """Return the `defaults` section of a section without `from`: the last one above it."""
    if section.kind == DEFAULTS:
        return None
    above = document.sections[: document.position(section)]
    last = next((one for one in reversed(above) if one.kind == DEFAULTS), None)
    if last is None:
        return None
    named = shown_names(document, DEFAULTS, UNNAMED_DEFAULTS)
    return next(name for name, one in named if one is last)


def inherited_sections(document: Document, section: Section) -> Iterator[Section]:
    """Yield the `defaults` sections whose lines count for a section, the nearest first."""
    found: set[int] = set()
    while id(section) not in found:
        found.add(id(section))
        name = section.parent or inherited(document, section)
        parent = None if name is None else find_defaults(document, name)
        if parent is None:
            return
        yield parent
        section = parent


def inherited_by_each(document: Document) -> dict[int, str]:
    """Return, by the `id` of each section without `from`, what it inherits from, as `inherited`."""
    names = {id(one): name for name, one in shown_names(document, DEFAULTS, UNNAMED_DEFAULTS)}
    found, last = {}, None
    for section in document.sections:
        if section.kind == DEFAULTS:
            last = names[id(section)]
        elif last is not None and _inherits_from_last(section):
            found[id(section)] = last
    return found


def with_defaults(document: Document, section: Section, wanted: str | None) -> Document:
    """Return the document with `section` inheriting from `wanted`.

    The header changes only if it must, and the section moves only where it stands above `wanted`.
    Raises `BadRequest` where that cannot be.
    """
    if wanted == section.parent:
        return document
    if wanted is None:
        return document.replace(section, section.with_parent(None))
    words = f"{section.kind} {section.name}".rstrip()
    target = find_defaults(document, wanted)
    if target is None:
        raise BadRequest(f"{words} references missing defaults section {wanted} in from")
    if document.position(target) >= document.position(section):
        document, section = _moved(document, section, target, wanted)
    if wanted == inherited(document, section) and (section.parent is None or not target.name):
        return document.replace(section, section.with_parent(None))
    if not target.name:
        raise BadRequest(f"from cannot name {wanted}, which has no name in the file")
    return document.replace(section, section.with_parent(wanted))


def _moved(
    document: Document, section: Section, target: Section, wanted: str
) -> tuple[Document, Section]:
    """Return the document with a proxy moved behind `target`, and the proxy.

    `target` are the defaults that the proxy is to inherit from. Its own comments move along; what
    speaks of others too stays where it is.
    """
    here, there = document.position(section), document.position(target)
    whole = not section.blocks[1] and not document.is_conditional(here)
    if section.kind == DEFAULTS or not whole:
        raise BadRequest(
            f"{section.kind} {section.name}".rstrip() + f" cannot inherit from {wanted}, which "
            "stands below it: from can only name a defaults section further up in the file"
        )
    leaving = document.removal(section).leaving
    rest = document.remove(section)
    at = _behind(rest, rest.sections[there - 1], section.kind, -1)
    moved = rest.insert(at, leaving.trimmed())
    return moved, moved.sections[at]
