"""Find what HAProxy would refuse, by the declarations of the plugins alone.

HAProxy reads a file to its end first, and looks only then whether what the lines name is there.
Where it gives up at a line, nobody is told of the rest; here the lines are read all the same.
"""

from collections.abc import Container, Iterator, Sequence

from dataplane_core.errors import Finding
from dataplane_core.grammar.names import NameKind
from dataplane_core.resources.document_names import HasFile
from dataplane_core.resources.referring import dangling, unused
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.language import DEFAULTS


def own_findings(registry: Registry, document: Document) -> Iterator[Finding]:
    """Yield what HAProxy would refuse, or may; lines are counted from 1 in the document."""
    yield from unread_lines(registry, document)
    yield from dangling_names(registry, document, "alert")


def unread_lines(registry: Registry, document: Document) -> Iterator[Finding]:
    """Yield a finding for each line that cannot be read."""
    above = document.preamble.count("\n")
    for section in document.sections:
        header = above + len(section.lead) + 1
        title = f"{section.kind} {section.name}".rstrip()
        for at, line in enumerate(section.lines):
            for severity, message in _unread(registry, section, line):
                yield Finding(header + at + 1, severity, message, title)
        above = header + len(section.lines)


def _unread(registry: Registry, section: Section, line: Line) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a line that nobody can read."""
    if line.tokens[:1] and line.tokens[0].startswith("."):
        return
    if line.tokens:
        heads = registry.names.of(section.kind).heads
        if heads.by_head and not heads.reads(line):
            what = "this server cannot read the line, and HAProxy may refuse it"
            yield "notice", f"{what}: {line.tokens[0]}"
    elif line.broken:
        yield "alert", "a quote or a backslash is not closed on this line"


def dangling_names(
    registry: Registry, document: Document, severity: str, has_file: HasFile | None = None
) -> Iterator[Finding]:
    """Yield a finding for each name of something that is not there.

    In a conditional block it is a notice: HAProxy may leave the line out.
    """
    for use in dangling(registry, document, has_file):
        said = "notice" if use.perhaps else severity
        yield Finding(use.line, said, missing(use.kinds, use.name), use.section, use.resource)


def missing(kinds: Sequence[str], name: str) -> str:
    """Return in words that what a name means is not there."""
    kind = kinds[0]
    if kind == DEFAULTS:
        return f"there is no section defaults {name}, which this one is from"
    if kind == NameKind.FILE:
        return f"there is no file {name}"
    if kind == NameKind.PATTERN_LIST:
        return f"no line loads the file {name}, which is to be changed"
    if kind == NameKind.TABLE:
        return f"there is no stick table {name}"
    if kind in NameKind.ALL:
        return f"there is no {kind} {name}" + ("" if "/" in name else " in this section")
    return f"there is no section {' or '.join(kinds)} {name}"


def unused_names(
    registry: Registry, document: Document, used: Container[tuple[str, str]] = ()
) -> Iterator[Finding]:
    """Yield a warning for each name that nothing refers to, of what does nothing by itself.

    `used` are kinds with the names that others than the configuration refer to.
    """
    for one in unused(registry, document, used):
        message = f"nothing refers to {one.kind} {one.name}"
        yield Finding(one.line, "warning", message, one.section, one.resource)
