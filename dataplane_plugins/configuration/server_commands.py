"""Servers that come and go while HAProxy runs (management guide, section 9.3, "add server").

HAProxy gives a dynamic server nothing of `default-server`, takes no variables, looks up no name,
and starts it in maintenance with its checks off: all that is made good here, or left to a reload.
"""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from dataplane_core.changes import NeedsReload
from dataplane_core.grammar import Row
from dataplane_core.haproxy.runtime import argument
from dataplane_core.text import Document, Line, Section, unquote

_VARIABLE = re.compile(r'"[^"]*\$')
_FAMILIES = ("unix@", "abns@", "/", "ipv4@", "ipv6@")


def added(document: Document, section: Section, row: Row) -> Iterator[str]:
    """The commands that make a server of a line, and put it to work as the line says."""
    where = _path(section, row)
    common = _default_words(document, section, row.at)
    own = _words(section, row.line)
    reading = row.form.read(Line.make([*row.line.tokens[:3], *common, *row.line.tokens[3:]]))
    if reading is None or not _is_address(str(reading.values.get("address", ""))):
        raise NeedsReload("only a reload looks up the server's address")
    words = [own[2], *map(unquote, common), *own[3:]]
    yield f"add server {where} {' '.join(map(argument, words))}"
    if reading.values.get("check") == "enabled":
        yield f"enable health {where}"
    if reading.values.get("agent-check") == "enabled":
        yield f"enable agent {where}"
    if reading.values.get("maintenance") != "enabled":
        yield f"set server {where} state ready"


def removed(document: Document, section: Section, row: Row) -> Iterator[str]:
    """The commands that take a server away; HAProxy refuses while it has connections."""
    where = _path(section, row)
    yield f"set server {where} state maint"
    yield f"del server {where}"


def inherited(document: Document, section: Section, row: Row) -> dict[str, Any]:
    """What a server has from the `default-server` lines that count for it."""
    common = _default_words(document, section, row.at)
    reading = row.form.read(Line.make([*row.line.tokens[:3], *common])) if common else None
    return reading.values if reading is not None else {}


def _path(section: Section, row: Row) -> str:
    if section.kind not in ("backend", "listen"):
        raise NeedsReload("only servers of backends come and go while HAProxy runs")
    return f"{argument(section.name)}/{argument(row.values['name'])}"


def _words(section: Section, line: Line) -> list[str]:
    """A line's words as HAProxy sees them; not where that takes HAProxy itself."""
    if any(one.tokens and one.tokens[0].startswith(".") for one in section.lines):
        raise NeedsReload("only HAProxy knows which lines of a conditional block count")
    if any(_VARIABLE.search(token) for token in line.tokens):
        raise NeedsReload("only a reload expands variables")
    return [unquote(token) for token in line.tokens]


def _default_words(document: Document, section: Section, end: int) -> list[str]:
    """The raw words of the `default-server` lines that count for line `end` of a section."""
    found: list[str] = []
    for defaults in _defaults(document, section):
        found = [*_default_words(document, defaults, len(defaults.lines)), *found]
    for line in section.lines[:end]:
        if line.tokens[:1] == ("default-server",):
            _words(section, line)
            found += line.tokens[1:]
    return found


def _defaults(document: Document, section: Section) -> list[Section]:
    """The section that another inherits from, which stands above it (manual, chapter 4)."""
    above = document.sections[: document.position(section)]
    found = [one for one in above if one.kind == "defaults"]
    if section.parent is not None:
        found = [one for one in found if one.name == section.parent]
    elif section.kind == "defaults":
        return []
    return found[-1:]


def _is_address(text: str) -> bool:
    if text.startswith(_FAMILIES):
        return True
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
