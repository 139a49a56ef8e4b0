"""Backends of discovered services: servers in slots, in use or free.

A free slot is a server in maintenance at 127.0.0.1:80. Filling or freeing one is a change of
address and state, which the Runtime API takes (management guide, section 9.3, "set server").
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.plugin import (
    Document,
    Line,
    NotFound,
    RowTable,
    Section,
    Values,
    dataclass,
    is_ip,
    lazy_pattern,
    place_section,
    unquote,
    with_defaults,
)
from dataplane_plugins.discovery.sources import ENTRY_SLOTS, Instance, SourceEntry

FREE = Instance("127.0.0.1", 80)
"""The values of a free slot: a server in maintenance."""

_WEIGHT = 128
_SLOT = lazy_pattern(r"SRV_[1-9]\d*")
_UNFIT = lazy_pattern(r"[^A-Za-z0-9_.-]")
_NAME_END = r"(?![A-Za-z0-9_.:-])"


def backend_name(prefix: str, service: str) -> str:
    """Return the name of a service's backend.

    A byte that the name of a section cannot hold is written as a colon and two hexadecimal digits,
    the colon itself too, so that two services never share a backend.
    """

    def coded(match: re.Match[str]) -> str:
        return "".join(f":{byte:02x}" for byte in match[0].encode("utf-8", "surrogatepass"))

    return prefix + _UNFIT.sub(coded, service)


def capacity(entry: SourceEntry, wanted: int) -> int:
    """Return the number of slots of a backend for so many instances."""
    size = int(entry.get("server_slots_base") or ENTRY_SLOTS)
    step = int(entry.get("server_slots_growth_increment") or ENTRY_SLOTS)
    while size < wanted:
        size += step if entry.get("server_slots_growth_type") == "linear" else size
    return size


@dataclass(frozen=True, slots=True)
class Slot:
    """A server of a backend that is a slot: its place among the servers, and its instance.

    `held` is None where the slot is free.
    """

    at: int
    name: str
    held: Instance | None


class Slots:
    """The slots of backends; `servers` is the table of `server` lines."""

    def __init__(self, servers: RowTable) -> None:
        self._servers = servers

    def of(self, section: Section) -> list[Slot]:
        """Return the slots of a backend; servers with other names are the user's and left alone."""
        return [
            Slot(at, row.values["name"], _instance(row.values))
            for at, row in enumerate(self._servers.rows(section))
            if _SLOT.fullmatch(row.values["name"])
        ]

    def fill(self, section: Section, entry: SourceEntry, instances: Iterable[Instance]) -> Section:
        """Return the backend with these instances: those that it has stay where they are.

        Slots beyond the capacity go once they are free; what has only just been freed may still
        have connections and stays until the next change.
        """
        wanted = dict.fromkeys(Instance(one.address, one.port) for one in instances)
        known = self.of(section)
        free, missing = _unsettled(known, wanted)
        size = capacity(entry, len(wanted))
        servers: list[Values | None] = [row.values for row in self._servers.rows(section)]
        for slot, one in zip(free, missing, strict=False):
            servers[slot.at] = _holding(servers[slot.at], one)
        left = free[len(missing) :]
        for slot in left:
            if slot.held is not None:
                servers[slot.at] = _holding(servers[slot.at], None)
        surplus = sorted(slot.at for slot in left if slot.held is None)
        for at in surplus[max(0, len(surplus) - max(0, len(known) - size)) :]:
            servers[at] = None
        new = _new_slots(section, size - len(known), missing[len(free) :])
        return self._servers.put(section, [*filter(None, servers), *new], "name")

    def plan(
        self,
        document: Document,
        entry: SourceEntry,
        wanted: Mapping[str, Sequence[Instance]],
        gone: Iterable[str],
    ) -> Document:
        """Return the document with the backends `wanted`.

        Those of `gone` that no other section names are removed. Raises `NotFound` when the entry's
        `defaults` is no section of the document, and `BadRequest` when a backend cannot be moved
        behind it.
        """
        parent = entry.get("defaults") or None
        if parent is not None and document.find("defaults", parent) is None:
            raise NotFound(f"defaults: there is no section defaults {parent} in the configuration")
        for name, instances in wanted.items():
            document = self._kept(document, entry, name, parent, instances)
        for name in gone:
            old = document.find("backend", name)
            if old is not None and self._only_slots(old) and not is_named(document, old):
                document = document.remove(old)
            elif old is not None and (new := self.fill(old, entry, ())).text != old.text:
                document = document.replace(old, new)
        return document

    def _kept(
        self,
        document: Document,
        entry: SourceEntry,
        name: str,
        parent: str | None,
        instances: Sequence[Instance],
    ) -> Document:
        """Return the document with the backend of a service, made where there is none."""
        old = document.find("backend", name)
        if old is None:
            document, new = place_section(document, "backend", name, parent, ())
            made = self.fill(new.with_parent(parent), entry, instances)
            return document.replace(new, made)
        if parent is not None:
            document = with_defaults(document, old, parent)
            old = document.find("backend", name) or old
        new = self.fill(old.with_parent(parent) if parent else old, entry, instances)
        return document if new.text == old.text else document.replace(old, new)

    def _only_slots(self, section: Section) -> bool:
        """Return whether a backend has no servers but slots."""
        return not any(map(self._servers.heads.lookup, self._others(section)))

    def _others(self, section: Section) -> list[Line]:
        """Return the lines of a backend that are no slots."""
        rows = self._servers.rows(section)
        slots = {rows[slot.at].at for slot in self.of(section)}
        return [line for at, line in enumerate(section.lines) if at not in slots]


def _instance(values: Values) -> Instance | None:
    """Return the instance that a slot holds; None for a slot in maintenance, which is free."""
    if values.get("maintenance") == "enabled":
        return None
    return Instance(unquote(values.get("address", "")), values.get("port", 0))


def _holding(values: Values | None, one: Instance | None) -> dict[str, Any]:
    """Return the values of a slot that holds an instance, or of a free slot."""
    own = {name: value for name, value in (values or {}).items() if name != "maintenance"}
    state = {"maintenance": "enabled"} if one is None else {}
    where = one or FREE
    return {**own, "address": where.address, "port": where.port, **state}


def _unsettled(
    known: Sequence[Slot], wanted: Iterable[Instance]
) -> tuple[list[Slot], list[Instance]]:
    """Return the slots that can be filled, the free ones first, and the instances without one."""
    left = dict.fromkeys(wanted)
    free: list[Slot] = []
    for slot in known:
        if slot.held is not None and slot.held in left:
            del left[slot.held]
        else:
            free.append(slot)
    free.sort(key=lambda slot: slot.held is not None)
    return free, list(left)


def _new_slots(
    section: Section, count: int, instances: Sequence[Instance]
) -> Iterator[dict[str, Any]]:
    """Return the values of `count` further slots, the first of them with `instances`."""
    taken = {word for line in section.lines for word in line.tokens[1:2]}
    names = (name for number in itertools.count(1) if (name := f"SRV_{number}") not in taken)
    for place, name in enumerate(itertools.islice(names, max(0, count))):
        one = instances[place] if place < len(instances) else None
        yield _holding({"name": name, "weight": _WEIGHT}, one)


def is_named(document: Document, backend: Section) -> bool:
    """Return whether a line of another section names the backend, so that HAProxy needs it."""
    name = re.compile(r"(?<![A-Za-z0-9_.:-])" + re.escape(backend.name) + _NAME_END)
    return any(
        name.search(unquote(token))
        for section in document.sections
        if section is not backend and backend.name in section.text
        for line in section.lines
        for token in line.tokens
    )


def is_address(text: str) -> bool:
    """Return whether a text is an IP address without a zone."""
    return is_ip(text) and not text.startswith("[") and "%" not in text
