"""Scopes of a SPOE file: everything from a line `[name]` to the next."""


from dataplane_core.plugin import (
    SCOPE_KIND,
    AlreadyExists,
    Document,
    Invalid,
    NotFound,
    Section,
    lazy_pattern,
)

_NAME = lazy_pattern(r"\[[A-Za-z0-9_.:-]+\]")


def names(document: Document) -> list[str]:
    """Return the scopes, brackets included, in file order."""
    return [section.name for section in document.of_kind(SCOPE_KIND)]


def scope_sections(document: Document, scope: str, kind: str) -> list[Section]:
    """Return the sections of a kind in a scope; raises `NotFound` without the scope."""
    start, end = _span(document, scope)
    return [section for section in document.sections[start:end] if section.kind == kind]


def place(document: Document, scope: str, kind: str, name: str) -> tuple[Document, Section]:
    """Return the document with a new empty section, and that section.

    It goes behind the last of its kind in the scope, else to the scope's end.
    """
    start, end = _span(document, scope)
    alike = [at for at in range(start, end) if document.sections[at].kind == kind]
    at = alike[-1] + 1 if alike else end
    document = document.insert(at, Section.new(kind, name, end=document.line_end()))
    return document, document.sections[at]


def add_scope(document: Document, scope: str) -> Document:
    """Return the document with an empty scope at its end; raises `Invalid`, `AlreadyExists`."""
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
    """Return the document without a scope and all that stands in it; raises `NotFound`."""
    start, end = _span(document, scope)
    for at in range(end - 1, start - 2, -1):
        document = document.remove(document.sections[at])
    return document


def _span(document: Document, scope: str) -> tuple[int, int]:
    """Return the first position of a scope's sections, and the one behind them."""
    start = None
    for at, section in enumerate(document.sections):
        if section.kind == SCOPE_KIND and start is not None:
            return start, at
        if section.kind == SCOPE_KIND and section.name == scope:
            start = at + 1
    if start is None:
        raise NotFound(f"missing object: scope {scope} does not exist")
    return start, len(document.sections)
