"""Find what HAProxy would refuse, by the declarations of the plugins alone.

HAProxy reads a file to its end first, and looks only then whether what the lines name is there.
Where it gives up at a line, nobody is told of the rest; here the lines are read all the same.
"""

from collections.abc import Iterator, Mapping

from dataplane_core.errors import Finding
from dataplane_core.grammar import ACLS, Prop, Statement
from dataplane_core.grammar.model import HeadTable
from dataplane_core.resources.collections import SectionCollection, SingleSection
from dataplane_core.resources.registry import Registry
from dataplane_core.text import Document, Line, Section
from dataplane_core.text.language import DEFAULTS, LISTEN, LISTEN_PARTS

# Those that every HAProxy has (manual, section 7.4 "Pre-defined ACLs").
_GIVEN_ACLS = frozenset({
    "FALSE", "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_2.0", "HTTP_3.0", "HTTP_CONTENT",
    "HTTP_URL_ABS", "HTTP_URL_SLASH", "HTTP_URL_STAR", "LOCALHOST", "METH_CONNECT",
    "METH_DELETE", "METH_GET", "METH_HEAD", "METH_OPTIONS", "METH_POST", "METH_PUT",
    "METH_TRACE", "RDP_COOKIE", "REQ_CONTENT", "TRUE", "WAIT_END",
})  # fmt: skip
# HAProxy makes this section itself where there is none (manual, section 5.3.2).
_GIVEN_SECTIONS = frozenset({("resolvers", "default")})
_MADE_AT_RUN_TIME = "%$\"'\\/"  # expressions, variables, quotes, and tables inside of peers


def own_findings(registry: Registry, document: Document) -> Iterator[Finding]:
    """Yield what HAProxy would refuse, or may; lines are counted from 1 in the document."""
    reader = _Reader(registry, document)
    above = document.preamble.count("\n")
    for section in document.sections:
        header = above + len(section.lead) + 1
        title = f"{section.kind} {section.name}".rstrip()
        for at, severity, message in reader.findings(section):
            yield Finding(header + at, severity, message, title)
        above = header + len(section.lines)


class _Reader:
    """Reads the lines of sections, each with the declarations that its kind of section has."""

    def __init__(self, registry: Registry, document: Document) -> None:
        self._registry = registry
        self._document = document
        self._tables: dict[str, list[HeadTable]] = {}

    def findings(self, section: Section) -> Iterator[tuple[int, str, str]]:
        """Yield place (0 is the header), severity and message."""
        parent = section.parent
        if parent and self._document.find(DEFAULTS, parent) is None:
            yield 0, "alert", f"there is no section defaults {parent}, which this one is from"
        named = (line.tokens for line in section.lines if line.tokens[:1] == ACLS)
        acls = {words[1] for words in named if len(words) > 1}
        blocks, _ = section.blocks
        for at, line in enumerate(section.lines, 1):
            if line.tokens[:1] and line.tokens[0].startswith("."):
                continue
            if line.tokens:
                perhaps = any(at - 1 in block for block in blocks)  # HAProxy may leave it out
                for severity, message in self._of_line(section.kind, line, acls):
                    yield at, "notice" if perhaps else severity, message
            elif line.broken:
                yield at, "alert", "a quote or a backslash is not closed on this line"

    def _of_line(self, kind: str, line: Line, acls: set[str]) -> Iterator[tuple[str, str]]:
        tables = self._tables_of(kind)
        found = [match for table in tables if (match := table.lookup(line))]
        read = [(statement, reading) for statement, _, reading in found if reading is not None]
        if tables and not read:
            what = "this server cannot read the line, and HAProxy may refuse it"
            yield "notice", f"{what}: {line.tokens[0]}"
        for statement, reading in read[:1]:
            for prop in _referring(statement):
                yield from self._of_value(prop, reading.values, acls)

    def _of_value(
        self, prop: Prop, values: Mapping[str, object], acls: set[str]
    ) -> Iterator[tuple[str, str]]:
        value = values.get(prop.name)
        if not isinstance(value, str) or not value:
            return
        if prop.refers_to == ACLS:
            for name in dict.fromkeys(_acl_names(value)):
                if name not in acls and name not in _GIVEN_ACLS:
                    yield "alert", f"there is no acl {name} in this section"
        elif not set(value) & set(_MADE_AT_RUN_TIME) and not self._has(prop.refers_to, value):
            yield "alert", f"there is no section {' or '.join(prop.refers_to)} {value}"

    def _has(self, kinds: tuple[str, ...], name: str) -> bool:
        places = {(kind, name) for kind in kinds}
        return bool(places & _GIVEN_SECTIONS or places & self._document.index.keys())

    def _tables_of(self, kind: str) -> list[HeadTable]:
        """Return what the lines of a kind of section may be: its rows, and those of its model."""
        if kind not in self._tables:
            kinds = {kind, *LISTEN_PARTS} if kind == LISTEN else {kind}
            every = self._registry.collections.values()
            owners = (one for one in every if isinstance(one, SectionCollection | SingleSection))
            models = [one.model for one in owners if one.kind in kinds]
            rows = [one.table.heads for one in self._registry.rows_of(kind)]
            self._tables[kind] = [*rows, *(model.heads for model in models)]
        return self._tables[kind]


def _referring(statement: Statement) -> list[Prop]:
    return [prop for prop in statement.props if prop.refers_to]


def _acl_names(condition: str) -> Iterator[str]:
    """Yield the ACLs that a condition names (manual, section 7.2); `{ … }` holds one without."""
    inside = False
    for word in condition.split():
        word = word.lstrip("!")
        if word == "{":
            inside = True
        elif word == "}":
            inside = False
        elif not inside and word not in ("", "or", "||") and not set(word) & set(_MADE_AT_RUN_TIME):
            yield word
