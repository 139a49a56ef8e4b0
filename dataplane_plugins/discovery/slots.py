"""Backends of discovered services: servers in slots, in use or free.

A free slot is a server in maintenance at 127.0.0.1:80. Filling or freeing one is a change of
address and state, which the Runtime API takes (management guide, section 9.3, "set server").
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dataplane_core.plugin import (
    Document,
    Line,
    NotFound,
    Section,
    is_digits,
    place_section,
    unquote,
    with_defaults,
)
from dataplane_plugins.discovery.sources import ENTRY_SLOTS, Instance, SourceEntry

FREE = Instance("127.0.0.1", 80)
_SLOT = re.compile(r"SRV_[1-9]\d*")
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]")
_NAME_END = r"(?![A-Za-z0-9_.:-])"


def backend_name(prefix: str, service: str) -> str:
    """The name of a service's backend.

    A byte that the name of a section cannot hold is written as a colon and two hexadecimal digits,
    the colon itself too, so that two services never share a backend.
    """

    def coded(match: re.Match[str]) -> str:
        return "".join(f":{byte:02x}" for byte in match[0].encode("utf-8", "surrogatepass"))

    return prefix + _UNFIT.sub(coded, service)


def capacity(entry: SourceEntry, wanted: int) -> int:
    """How many slots a backend has for so many instances."""
    size = int(entry.get("server_slots_base") or ENTRY_SLOTS)
    step = int(entry.get("server_slots_growth_increment") or ENTRY_SLOTS)
    while size < wanted:
        size += step if entry.get("server_slots_growth_type") == "linear" else size
    return size


@dataclass(frozen=True, slots=True)
class Slot:
    """A server line of a backend that is a slot, and the instance that has it."""

    at: int
    line: Line
    held: Instance | None


def slots(section: Section) -> list[Slot]:
    """The slots of a backend; other servers are somebody else's."""
    found = []
    for at, line in enumerate(section.lines):
        words = line.tokens
        if len(words) > 2 and words[0] == "server" and _SLOT.fullmatch(words[1]):
            held = None if "disabled" in words[3:] else _instance(unquote(words[2]))
            found.append(Slot(at, line, held))
    return found


def _instance(where: str) -> Instance:
    address, _, port = where.rpartition(":")
    return Instance(address.strip("[]"), int(port) if is_digits(port) else 0)


def _where(one: Instance) -> str:
    """The address of a server line; an IPv6 address is in brackets there."""
    return f"[{one.address}]:{one.port}" if ":" in one.address else f"{one.address}:{one.port}"


def _filled(slot: Slot, one: Instance | None) -> Line:
    rest = [word for word in slot.line.tokens[3:] if word != "disabled"]
    state = ["disabled"] if one is None else []
    return slot.line.rewritten([*slot.line.tokens[:2], _where(one or FREE), *state, *rest])


def fill(section: Section, entry: SourceEntry, instances: Iterable[Instance]) -> Section:
    """The backend with these instances: those that it has stay where they are.

    Slots beyond the capacity go once they are free; what has only just been freed may still have
    connections and stays until the next change.
    """
    wanted = dict.fromkeys(Instance(one.address, one.port) for one in instances)
    size = capacity(entry, len(wanted))
    known = slots(section)
    kept: set[Instance] = set()
    free: list[Slot] = []
    lines = list(section.lines)
    for slot in known:
        if slot.held in wanted and slot.held not in kept:
            kept.add(slot.held)
        else:
            free.append(slot)
    missing = [one for one in wanted if one not in kept]
    free.sort(key=lambda slot: slot.held is not None)
    for slot, one in zip(free, missing, strict=False):
        lines[slot.at] = _filled(slot, one)
    left = free[len(missing) :]
    surplus = {slot.at for slot in left if slot.held is None} if len(known) > size else set()
    surplus = set(sorted(surplus)[-(len(known) - size) :]) if surplus else surplus
    for slot in left:
        if slot.held is not None:
            lines[slot.at] = _filled(slot, None)
    changed = section.with_lines([line for at, line in enumerate(lines) if at not in surplus])
    return _grown(changed, size - len(known), missing[len(free) :])


def _grown(section: Section, count: int, instances: Sequence[Instance]) -> Section:
    """The backend with `count` slots more, the first of them for `instances`."""
    taken = {line.tokens[1] for line in section.lines if line.tokens[:1] == ("server",)}
    new: list[Line] = []
    number = 0
    while len(new) < count:
        number += 1
        if (name := f"SRV_{number}") in taken:
            continue
        one = instances[len(new)] if len(new) < len(instances) else None
        words = ["server", name, _where(one or FREE), *(["disabled"] if one is None else [])]
        new.append(Line.make([*words, "weight", "128"], section.indent(), section.line_end()))
    return section.insert(section.end(), *new) if new else section


def plan(
    document: Document,
    entry: SourceEntry,
    wanted: Mapping[str, Sequence[Instance]],
    gone: Iterable[str],
) -> Document:
    """The document with the backends `wanted`, and without those of `gone` that nobody names.

    Raises `NotFound` when the entry's `defaults` is no section of the document, and `BadRequest`
    when a backend cannot be moved behind it.
    """
    parent = entry.get("defaults") or None
    if parent is not None and document.find("defaults", parent) is None:
        raise NotFound(f"defaults: there is no section defaults {parent} in the configuration")
    for name, instances in wanted.items():
        old = document.find("backend", name)
        if old is None:
            document, new = place_section(document, "backend", name, parent, ())
            made = fill(new.with_parent(parent), entry, instances)
            document = document.replace(new, made)
        else:
            if parent is not None:
                document = with_defaults(document, old, parent)
                old = document.find("backend", name) or old
            new = fill(old.with_parent(parent) if parent else old, entry, instances)
            document = document if new.text == old.text else document.replace(old, new)
    for name in gone:
        old = document.find("backend", name)
        if old is None:
            continue
        if _only_slots(old) and not is_named(document, old):
            document = document.remove(old)
        elif (new := fill(old, entry, ())).text != old.text:
            document = document.replace(old, new)
    return document


def _only_slots(section: Section) -> bool:
    """Whether a backend has no servers that somebody added by hand."""
    servers = sum(line.tokens[:1] == ("server",) for line in section.lines)
    return servers == len(slots(section))


def is_named(document: Document, backend: Section) -> bool:
    """Whether a line of another section names the backend: HAProxy could not do without it."""
    name = re.compile(r"(?<![A-Za-z0-9_.:-])" + re.escape(backend.name) + _NAME_END)
    return any(
        name.search(unquote(token))
        for section in document.sections
        if section is not backend and backend.name in section.text
        for line in section.lines
        for token in line.tokens
    )


def is_address(text: str) -> bool:
    """Whether a text is an IP address, without a zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
