"""Scopes of a SPOE file: everything from a line `[name]` to the next."""

import re

from dataplane_core.plugin import SCOPE_KIND, AlreadyExists, Document, Invalid, NotFound, Section

_NAME = re.compile(r"\[[A-Za-z0-9_.:-]+\]")


def names(document: Document) -> list[str]:
    """The scopes, brackets included, in file order."""
    return [section.name for section in document.of_kind(SCOPE_KIND)]


def parts(document: Document, scope: str, kind: str) -> list[Section]:
    """The sections of a kind in a scope; raises `NotFound` without the scope."""
    start, end = _span(document, scope)
    return [section for section in document.sections[start:end] if section.kind == kind]


def find(document: Document, scope: str, kind: str, name: str) -> Section:
    """One section of a scope; raises `NotFound`."""
    for section in parts(document, scope, kind):
        if section.name == name:
            return section
    raise NotFound(f"missing object: {kind} {name} does not exist in scope {scope}")


def add(document: Document, scope: str, section: Section) -> Document:
    """The document with a section behind the last of its kind in the scope, else at its end."""
    start, end = _span(document, scope)
    places = range(start, end)
    if any(document.sections[at].name == section.name
           and document.sections[at].kind == section.kind for at in places):  # fmt: skip
        raise AlreadyExists(
            f"object already exists: {section.kind} {section.name} already exists in scope {scope}"
        )
    alike = [at for at in places if document.sections[at].kind == section.kind]
    return document.insert(alike[-1] + 1 if alike else end, section)


def add_scope(document: Document, scope: str) -> Document:
    """The document with an empty scope at its end; raises `Invalid` and `AlreadyExists`."""
    if not _NAME.fullmatch(scope):
        raise Invalid(
            "a scope is a name in brackets, such as [mirror]; the name may hold letters, digits, "
            f"'-', '_', '.' and ':', instead of {scope!r}",
            code=605,
        )
    if scope in names(document):
        raise AlreadyExists(f"object already exists: scope {scope} already exists")
    return document.insert(len(document.sections), Section.new(scope))


def remove_scope(document: Document, scope: str) -> Document:
    """The document without a scope and all that stands in it; raises `NotFound`."""
    start, end = _span(document, scope)
    for at in range(end - 1, start - 2, -1):
        document = document.remove(document.sections[at])
    return document


def _span(document: Document, scope: str) -> tuple[int, int]:
    """The positions of the sections in a scope, its own line left out."""
    start = None
    for at, section in enumerate(document.sections):
        if section.kind == SCOPE_KIND and start is not None:
            return start, at
        if section.kind == SCOPE_KIND and section.name == scope:
            start = at + 1
    if start is None:
        raise NotFound(f"missing object: scope {scope} does not exist")
    return start, len(document.sections)
