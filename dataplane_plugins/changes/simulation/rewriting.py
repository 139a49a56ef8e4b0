"""Make of a configuration the text of a scratch process: nothing in it leaves the machine.

Lines are found and written by the declarations of the registry. A line that none of them reads is
kept, unless it begins as one that listens or connects.
"""

from collections.abc import Callable, Iterator, Set

from dataplane_core.plugin import (
    BACKENDS,
    DEFAULTS,
    FRONTENDS,
    Document,
    Line,
    Model,
    Registry,
    Row,
    RowCollection,
    Section,
    SectionCollection,
    SingleSection,
    StatementLine,
)
from dataplane_plugins.changes.simulation import kept
from dataplane_plugins.changes.simulation.entrances import Entrances
from dataplane_plugins.changes.simulation.frame import first_lines, last_lines, proxy_lines
from dataplane_plugins.changes.simulation.noted_rules import NOTED_ROWS, NOTED_STATEMENTS, RuleNotes
from dataplane_plugins.changes.simulation.scratch_servers import (
    default_server,
    dispatch,
    server,
    stick_table,
)
from dataplane_plugins.changes.simulation.scratch_text import Remark, ScratchText, Subject

Change = Callable[[Row, Section, int], Line | None]
"""Makes of a row, its section and its line's number the line that stands for it, or none."""

_CONNECTING = frozenset({"binds", "servers", "server_templates"})
_DISPATCH = "dispatch.address"
_PEERS = "peers"
_TABLES = "tables"
_LEFT_OUT_GLOBAL = kept.GLOBAL | kept.BEFORE_SCRIPTS


class Modes:
    """The modes of proxies, which are asked for in the order of the file: they may be inherited."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._named: dict[str, str] = {}
        self._last = "tcp"

    def of(self, section: Section) -> str:
        """Return the mode of a proxy, or that which a `defaults` section gives to others."""
        if section.kind not in (DEFAULTS, *FRONTENDS, *BACKENDS):
            return "tcp"
        model = model_of(self._registry, section.kind)
        own = model.read(section).get("mode") if model is not None else None
        if section.parent is not None:
            inherited = self._named.get(section.parent, "tcp")
        else:
            inherited = "tcp" if section.kind == DEFAULTS else self._last
        mode = str(own or inherited)
        if section.kind == DEFAULTS:
            self._last = self._named[section.name] = mode
        return mode


class Rewriting:
    """One configuration on its way to the text of a scratch process.

    `folder` is that of the configuration file, from which `default-path` may have names begin.
    """

    def __init__(self, registry: Registry, subject: Subject, folder: str) -> None:
        document = subject.document
        self.made = ScratchText()
        self._above = subject.above
        self._registry = registry
        self._document = document
        self._folder = folder
        self._notes = RuleNotes(self.made, accepts=_accepts(registry, document))
        self._entrances = Entrances(self.made)
        self._modes = Modes(registry)
        self._texts: list[str] = []
        self._mode = ""

    def done(self) -> ScratchText:
        """Return the text, with what its lines are."""
        globals_ = self._document.of_kind("global")
        model = model_of(self._registry, "global")
        values = [model.read(one) for one in globals_] if model is not None else []
        sizes = (int(one.get("tune_options.bufsize") or 0) for one in values)
        self.made.buffer = min((self.made.buffer, *filter(None, sizes)))
        self._add(first_lines(values, self._global_lines(model), self._folder))
        self._add(self._document.preamble)
        number = self._above + self._document.preamble.count("\n") + 1
        for section in self._document.sections:
            first = number + len(section.lead) + 1
            mode = self._mode = self._modes.of(section)
            if section.kind in kept.SECTIONS and (section.kind == DEFAULTS or mode in kept.MODES):
                self._section(section, first, mode)
            else:
                self._directives(section, first)
            number += section.text.count("\n")
        self._entrances.compare()
        self._add(last_lines())
        self.made.text = "".join(self._texts)
        return self.made

    def _global_lines(self, model: Model | None) -> Iterator[tuple[Set[str], str]]:
        """Yield the lines of `global`, each with the properties that it can say."""
        if model is None:
            return
        for section in self._document.of_kind("global"):
            for statement, lines in model.find(section).items():
                yield from ((statement.names, section.lines[one.at].raw) for one in lines)

    def _add(self, text: str, number: int = 0) -> None:
        """Add text that stands for a line of the configuration, or for none."""
        if text:
            text = text if text.endswith("\n") else text + "\n"
            self._texts.append(text)
            self.made.lines += [number] * text.count("\n")

    def _directives(self, section: Section, first: int) -> None:
        """Keep of a section that is left out the edges of conditional blocks."""
        for at, line in enumerate(section.lines):
            if line.tokens and line.tokens[0].startswith("."):
                self._add(line.raw, first + at)

    def _section(self, section: Section, first: int, mode: str) -> None:
        self._add(section.header.raw, first - 1)
        self._add(proxy_lines(section.kind, mode))
        others: dict[int, Line | None] = {}
        if section.kind == _PEERS:
            others = dict.fromkeys(self._beside_tables(section))
        else:
            for rows in self._registry.rows_of(section.kind):
                others.update(self._rows(rows, section, first))
            others.update(self._statements(section, first))
        for at, line in enumerate(section.lines):
            new = others.get(at, line)
            if new is not None:
                self._add(new.raw, first + at)

    def _beside_tables(self, section: Section) -> Iterator[int]:
        tables = self._registry.declared_rows(_TABLES)
        for at, line in enumerate(section.lines):
            is_directive = bool(line.tokens) and line.tokens[0].startswith(".")
            if not is_directive and (tables is None or not tables.table.heads.has_head(line)):
                yield at

    def _rows(
        self, rows: RowCollection, section: Section, first: int
    ) -> Iterator[tuple[int, Line | None]]:
        """Yield the places of rows that stay not as they are, with what stands there."""
        change = self._change(rows)
        if change is None:
            return
        heads = rows.table.heads
        for at, line in section.lines_with(heads.first_words):
            if not line.tokens or not heads.has_head(line):
                continue
            row = rows.table.row(section, at)
            if row is not None:
                new = change(row, section, first + at)
                if new is not line:
                    yield at, new
            elif rows.name in _CONNECTING:
                text = "the line cannot be read, and is left out"
                self.made.remarks.append(Remark(first + at, section, text))
                yield at, None

    def _change(self, rows: RowCollection) -> Change | None:
        """Return what makes of rows of a collection those of the scratch process."""
        if rows.name in kept.ROWS:
            return _left_out
        if rows.name in NOTED_ROWS:
            return lambda row, section, number: self._notes.row(rows, row, section, number)
        changes: dict[str, Change] = {
            "acls": self._notes.acl,
            "filters": self._filter,
            "binds": self._entrances.bind,
            "servers": self._server,
            "server_templates": self._server,
        }
        return changes.get(rows.name)

    def _filter(self, row: Row, section: Section, number: int) -> Line | None:
        if row.values.get("type") in kept.FILTERS:
            return row.line
        text = f"the filter {row.values.get('type')} is left out: what it does cannot be told"
        self.made.remarks.append(Remark(number, section, text))
        return None

    def _server(self, row: Row, section: Section, number: int) -> Line | None:
        if row.values.get("hash_key") in kept.HASHED_ADDRESSES:
            text = "its place in the hash is made of its address, which is another here"
            self.made.remarks.append(Remark(number, section, text, hides=True))
        return server(row, self._mode)

    def _statements(self, section: Section, first: int) -> Iterator[tuple[int, Line | None]]:
        """Yield the places of a section's own lines that stay not as they are."""
        model = model_of(self._registry, section.kind)
        if model is None:
            return
        left_out = _LEFT_OUT_GLOBAL if section.kind == "global" else kept.PROXY
        for statement, lines in model.find(section).items():
            names = statement.names
            if names & left_out:
                yield from ((one.at, None) for one in lines)
                continue
            noted = names & NOTED_STATEMENTS
            changed = _CHANGES.keys() & names
            for one in lines:
                self._remark_hidden(names, one, section, first + one.at)
                if noted:
                    number = first + one.at
                    yield one.at, self._notes.statement(min(noted), one, section, number)
                for name in changed:
                    yield one.at, _CHANGES[name](section.lines[one.at], one)
                if _DISPATCH in names:
                    yield one.at, dispatch(section.lines[one.at], self._mode)

    def _remark_hidden(
        self, names: Set[str], one: StatementLine, section: Section, number: int
    ) -> None:
        for name in kept.HIDING.keys() & names:
            if one.reading is not None and one.reading.values.get(name):
                remark = Remark(number, section, kept.HIDING[name], hides=True)
                self.made.remarks.append(remark)


_CHANGES: dict[str, Callable[[Line, StatementLine], Line | None]] = {
    "default_server": default_server,
    "stick_table.type": stick_table,
}
"""What makes of lines with a property those of the scratch process."""


def _left_out(row: Row, section: Section, number: int) -> None:
    return None


def model_of(registry: Registry, kind: str) -> Model | None:
    """Return the model of sections of a kind."""
    for one in registry.collections.values():
        if isinstance(one, SectionCollection | SingleSection) and one.kind == kind:
            return one.model
    return None


def _accepts(registry: Registry, document: Document) -> bool:
    """Return whether a rule for connections accepts, so that others are passed over."""
    rows = registry.declared_rows("tcp_request_rules")
    return rows is not None and any(
        (row.values.get("type"), row.values.get("action")) == ("connection", "accept")
        for section in document.sections
        if section.kind in rows.parents
        for row in rows.table.rows(section)
    )
