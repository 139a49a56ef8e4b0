"""How servers of the running process differ from the configuration.

A property that is declared with a column of `show servers state` (`Prop.running`) is compared with
that; the command of its declaration (`Prop.live`) brings the file's value to the process. What
HAProxy changes by itself is no difference: an address that it looks up, the weight that an agent
sets, the state of a server whose name cannot be resolved.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from ipaddress import ip_address
from typing import Any

from dataplane_core.plugin import (
    BACKENDS,
    Conflict,
    Document,
    NeedsReload,
    Prop,
    PropertyChange,
    Reference,
    Registry,
    Row,
    RowCollection,
    Section,
    has_variable,
    is_ip,
    runtime_argument,
    runtime_commands,
    unquote,
)
from dataplane_plugins.changes.drift.deviation import (
    Commands,
    Deviation,
    Edit,
    Nothing,
    Reload,
    Remedy,
)
from dataplane_plugins.server_states import (
    FORCED_MAINTENANCE,
    drains,
    has_agent,
    is_stopped,
    removal_commands,
)

State = Mapping[str, str]
"""A row of `show servers state`, by HAProxy's names of the columns."""

_OTHER_TEXT = "HAProxy was started from another text"
_OF_AGENT = {"srv_agent_addr": "srv_check_addr", "srv_agent_port": "srv_check_port"}
"""An agent that is not said to be elsewhere is where the server's checks go."""


class ServerDrift:
    """Compares the servers of a document with those of a process.

    `states` are the process's servers, by backend and name.
    """

    def __init__(self, registry: Registry, states: Mapping[tuple[str, str], State]) -> None:
        self._states = states
        self._collections = [
            one
            for one in registry.collections.values()
            if isinstance(one, RowCollection) and any(prop.running for prop in one.props)
        ]

    def find(self, document: Document) -> Iterator[Deviation]:
        """Yield the differences, backend by backend in the order of the file."""
        known: set[tuple[str, str]] = set()
        templates = set()
        for section in document.sections:
            if section.kind not in BACKENDS:
                continue
            for rows in self._collections:
                for row in rows.table.rows(section):
                    name = unquote(str(row.values[rows.key or ""]))
                    known.add((section.name, name))
                    yield from _Server(rows, document, section, row, name).compare(self._states)
            if any(line.tokens[:1] == ("server-template",) for line in section.lines):
                templates.add(section.name)
        yield from self._unknown(document, known, templates)

    def _unknown(
        self, document: Document, known: set[tuple[str, str]], templates: set[str]
    ) -> Iterator[Deviation]:
        """Yield the servers that the process alone has."""
        backends = {one.name for one in document.sections if one.kind in BACKENDS}
        for (backend, name), state in self._states.items():
            if (backend, name) in known or backend in templates or backend.startswith("<"):
                continue
            where = f"{runtime_argument(backend)}/{runtime_argument(name)}"
            delete = Commands(removal_commands(where))
            there = backend in backends
            yield Deviation(
                "server", f"{backend}/{name}", "", None, f"{state['srv_addr']}:{state['srv_port']}",
                delete if there else Reload(_OTHER_TEXT),
                Nothing("HAProxy does not tell all that a server has: add it with its properties"),
            )  # fmt: skip


class _Server:
    """One server of a document, to be compared with that of a process."""

    def __init__(
        self, rows: RowCollection, document: Document, section: Section, row: Row, name: str
    ) -> None:
        self._rows = rows
        self._document = document
        self._section = section
        self._row = row
        self._name = name
        self._subject = f"{section.name}/{name}"
        self._where = f"{runtime_argument(section.name)}/{runtime_argument(name)}"

    def compare(self, states: Mapping[tuple[str, str], State]) -> Iterator[Deviation]:
        state = states.get((self._section.name, self._name))
        if state is None:
            yield self._missing()
            return
        try:
            inherited = self._rows.live.inherited if self._rows.live else lambda *row: {}
            values = {**inherited(self._document, self._section, self._row), **self._row.values}
        except NeedsReload:  # only HAProxy knows what its lines mean
            return
        for prop in self._rows.props:
            if prop.running in state:
                yield from self._compare(prop, values, state)
        yield from self._states(values, state)

    def _compare(
        self, prop: Prop, values: Mapping[str, Any], state: State
    ) -> Iterator[Deviation]:
        wanted = values.get(prop.name)
        if prop.running in _OF_AGENT:
            if not has_agent(state):  # what no agent is asked by changes nothing
                return
            wanted = values.get(self._column(_OF_AGENT[prop.running])) if wanted is None else wanted
        if prop.running == "srv_port" and state["srv_addr"] == "-" and state["srv_port"] == "0":
            return  # a socket of a file system has no port, whatever stands behind its path
        if isinstance(wanted, str) and (has_variable(wanted) or _is_looked_up(prop, wanted)):
            return
        if prop.running == "srv_uweight":
            if has_agent(state):
                return
            wanted = int(state["srv_iweight"]) if wanted is None else wanted
        found = _value(prop, state[prop.running])
        if _same(wanted, found):
            return
        change = PropertyChange(
            self._rows.name, self._section.name, self._name, prop, found, wanted,
            {**values, prop.name: wanted},
        )  # fmt: skip
        yield self._deviation(prop.name, wanted, found, _commands(change), self._set(prop, found))

    def _column(self, running: str) -> str:
        """Return the name of the property that a column of `show servers state` shows."""
        return next(prop.name for prop in self._rows.props if prop.running == running)

    def _states(self, values: Mapping[str, Any], state: State) -> Iterator[Deviation]:
        """Yield what the columns of states say: draining, and checks that are switched off."""
        if drains(state) and not int(state["srv_admin_state"]) & FORCED_MAINTENANCE:
            ready = Commands((f"set server {self._where} state ready",))
            never = Nothing("a configuration cannot say that a server is drained")
            yield self._deviation("admin_state", "ready", "drain", ready, never)
        for word, column in (("health", "srv_check_state"), ("agent", "srv_agent_state")):
            if is_stopped(state.get(column, "0")):
                enable = Commands((f"enable {word} {self._where}",))
                never = Nothing("a configuration cannot say that checks are paused: remove them")
                yield self._deviation(f"{word} checks", "enabled", "disabled", enable, never)

    def _missing(self) -> Deviation:
        """Return the difference of a server that the process does not have."""
        live = self._rows.live
        try:
            if live is None:
                raise NeedsReload(_OTHER_TEXT)
            make: Remedy = Commands(tuple(live.added(self._document, self._section, self._row)))
        except NeedsReload as reason:
            make = Reload(str(reason))
        remove = Edit(f"removes server {self._subject}", self._without)
        said = self._row.line.raw.strip()
        return self._deviation("", said, None, make, remove)

    def _deviation(
        self, prop: str, in_file: Any, in_process: Any, to_file: Remedy, to_process: Remedy
    ) -> Deviation:
        reference = Reference(self._rows.name, self._section.kind, self._section.name, self._name)
        return Deviation(
            "server", self._subject, prop, in_file, in_process, to_file, to_process, reference
        )

    def _set(self, prop: Prop, value: Any) -> Remedy:
        text = f"sets {prop.name} of server {self._subject} to {value}"
        return Edit(text, partial(self._with, prop, value))

    def _with(self, prop: Prop, value: Any, document: Document) -> Document:
        section, row = self._find(document)
        values = {**row.values, prop.name: value}
        if value is None:
            del values[prop.name]
        return document.replace(section, self._rows.table.replace(section, row, values))

    def _without(self, document: Document) -> Document:
        section, row = self._find(document)
        return document.replace(section, self._rows.table.remove(section, row))

    def _find(self, document: Document) -> tuple[Section, Row]:
        """Return the server's section and row in a document in which others may have changed."""
        section = document.find(self._section.kind, self._section.name)
        key = self._rows.key or ""
        if section is not None:
            for row in self._rows.table.rows(section):
                if unquote(str(row.values[key])) == self._name:
                    return section, row
        raise Conflict(f"server {self._subject} has just been removed from the configuration")


def _commands(change: PropertyChange) -> Remedy:
    try:
        return Commands(tuple(runtime_commands([change])))
    except NeedsReload as reason:
        return Reload(str(reason))


def _is_looked_up(prop: Prop, value: str) -> bool:
    """Return whether HAProxy finds an address out by itself: a name, or no network at all."""
    return prop.running in ("srv_addr", "srv_check_addr", "srv_agent_addr") and not is_ip(
        unquote(value)
    )


def _value(prop: Prop, text: str) -> Any:
    """Return what a column says as the property has it; None for nothing."""
    if prop.running == "srv_admin_state":
        return "enabled" if int(text) & FORCED_MAINTENANCE else None
    if prop.json == "integer":
        number = int(text)
        return number if number or prop.running == "srv_uweight" else None
    return None if text == "-" else text


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, str) and isinstance(found, str):
        bare = unquote(wanted).strip("[]")
        if is_ip(bare) and is_ip(found):
            return ip_address(bare) == ip_address(found)
        return bare == found
    return wanted == found or {wanted, found} <= {None, "disabled"}
