"""Servers that come and go while HAProxy runs (management guide, section 9.3, "add server").

HAProxy gives a dynamic server nothing of `default-server`, takes no variables, looks up no name,
and starts it in maintenance with its checks off: all that is made good here, or left to a reload.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataplane_core.plugin import (
    BACKENDS,
    DEFAULTS,
    Document,
    Line,
    NeedsReload,
    Reading,
    Row,
    Section,
    has_variable,
    is_ip,
    runtime_argument,
    unquote,
)

_CHECKED = {"health_check_address", "health_check_port"}
_AROUND = ("ssl", "send-proxy", "send_proxy")
_PATHS = ("unix@", "abns@", "/")


def add_commands(document: Document, section: Section, row: Row) -> Iterator[str]:
    """The commands that make a server of a line, and put it to work as the line says."""
    where = _path(section, row)
    common = _default_words(document, section, row.at)
    own = _words(row.line)
    reading = row.form.read(Line.make([*row.line.tokens[:3], *common, *row.line.tokens[3:]]))
    if reading is None or not _is_address(unquote(str(reading.values.get("address", "")))):
        raise NeedsReload("only a reload looks up the server's address")
    _said_plainly(reading, [*common, *row.line.tokens])
    words = [own[2], *map(unquote, common), *own[3:]]
    yield f"add server {where} {' '.join(map(runtime_argument, words))}"
    if reading.values.get("check") == "enabled":
        yield f"enable health {where}"
    if reading.values.get("agent-check") == "enabled":
        yield f"enable agent {where}"
    if reading.values.get("maintenance") != "enabled":
        yield f"set server {where} state ready"


def delete_commands(document: Document, section: Section, row: Row) -> Iterator[str]:
    """The commands that take a server away; HAProxy refuses while it has connections."""
    where = _path(section, row)
    yield f"set server {where} state maint"
    yield f"del server {where}"


def inherited_values(document: Document, section: Section, row: Row) -> dict[str, Any]:
    """What a server has from the `default-server` lines that count for it."""
    _path(section, row)
    common = _default_words(document, section, row.at)
    _said_plainly(row.reading, row.line.tokens)
    reading = row.form.read(Line.make([*row.line.tokens[:3], *common])) if common else None
    if reading is None:
        return {}
    _said_plainly(reading, common)
    return reading.values


def refuse_unlike_reload(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Raise `NeedsReload` where a server's properties, set one by one, are not all of a change."""
    others = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if "address" in others and not is_ip(unquote(str(before.get("address", "")))):
        raise NeedsReload("only a reload ends the look-up of a server's name")
    agent = after.get("agent-check") == "enabled"
    if agent and "weight" in others:
        raise NeedsReload("an agent's weights are parts of the weight at the last reload")
    if others & _CHECKED:
        if agent:
            raise NeedsReload("only a reload lets an agent follow what is checked")
        # Checks that get their first address or port leave off what the traffic has around it.
        wrapped = any(name.startswith(_AROUND) and after[name] == "enabled" for name in after)
        if wrapped and not _CHECKED & before.keys():
            raise NeedsReload("only a reload takes TLS and the PROXY protocol from checks")


def _said_plainly(reading: Reading, tokens: Iterable[str]) -> None:
    """Quotes can hide keywords, and variables can be several words."""
    if any("[*]" in token and has_variable(token) for token in tokens) or (
        reading.partial and any(unquote(token) != token or has_variable(token) for token in tokens)
    ):
        raise NeedsReload("only HAProxy knows what all words of the server mean")


def _path(section: Section, row: Row) -> str:
    if section.kind not in BACKENDS:
        raise NeedsReload("only servers of backends change while HAProxy runs")
    return f"{runtime_argument(section.name)}/{runtime_argument(unquote(row.values['name']))}"


def _words(line: Line) -> list[str]:
    """A line's words as HAProxy sees them; not where that takes HAProxy itself."""
    if any(map(has_variable, line.tokens)):
        raise NeedsReload("only a reload expands variables")
    return [unquote(token) for token in line.tokens]


def _default_words(document: Document, section: Section, end: int) -> list[str]:
    """The raw words of the `default-server` lines that count for line `end` of a section."""
    found: list[str] = []
    for defaults in _defaults(document, section):
        found = [*_default_words(document, defaults, len(defaults.lines)), *found]
    for line in section.lines[:end]:
        if line.tokens[:1] == ("default-server",):
            _words(line)
            found += line.tokens[1:]
    return found


def _defaults(document: Document, section: Section) -> list[Section]:
    """The section that another inherits from, which stands above it (manual, chapter 4)."""
    above = document.sections[: document.position(section)]
    found = [one for one in above if one.kind == DEFAULTS]
    if section.parent is not None:
        found = [one for one in found if one.name == section.parent]
    elif section.kind == DEFAULTS:
        return []
    return found[-1:]


def _is_address(text: str) -> bool:
    return text.startswith(_PATHS) or is_ip(text.removeprefix("ipv4@").removeprefix("ipv6@"))
