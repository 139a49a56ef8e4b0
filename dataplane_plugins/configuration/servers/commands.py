"""Servers that come and go while HAProxy runs (management guide, section 9.3, "add server").

To a server that is added at run time HAProxy gives none of the parameters of `default-server`. It
expands no variables and looks up no host name, and the server starts in maintenance with its checks
off. The commands add what is missing; where they cannot, `NeedsReload` is raised.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
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
    keyword_words,
    runtime_argument,
    unquote,
)
from dataplane_plugins.server_states import removal_commands

_CHECKED = {"health_check_address", "health_check_port"}
_ASKED = {"agent-addr", "agent-port", "agent-send"}
_AROUND = ("ssl", "send-proxy", "send_proxy")
_DEFAULT_SERVER = "default-server"
_DEFAULT_LINES = "lines with default-server"
_PATHS = ("unix@", "abns@", "/")

_READ = "it has read that file for something else"
UNSURE = {"id": "no other server has it", **dict.fromkeys(("ca-file", "crl-file", "crt"), _READ)}
"""Keywords of added servers, and on what it depends that a running HAProxy takes them."""


def add_commands(document: Document, section: Section, row: Row) -> Iterator[str]:
    """Return the commands that add the server of a line, and set the state that the line says.

    Raises `NeedsReload` where the server would differ from the one that a reload makes.
    """
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


def added_keywords(document: Document, section: Section, row: Row) -> list[str]:
    """Return the keywords in the command that adds the server of a line."""
    common = _default_words(document, section, row.at)
    reading = row.form.read(Line.make([*row.line.tokens[:3], *common, *row.line.tokens[3:]]))
    return [] if reading is None else [*map(unquote, keyword_words(reading))]


def delete_commands(document: Document, section: Section, row: Row) -> Iterator[str]:
    """Return the commands that delete the server of a line."""
    yield from removal_commands(_path(section, row))


def inherited_values(document: Document, section: Section, row: Row) -> dict[str, Any]:
    """Return the values that a server takes from the `default-server` lines above it.

    Raises `NeedsReload` where HAProxy alone can say what those lines mean.
    """
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
    if others & _ASKED and not agent:
        raise NeedsReload("HAProxy is told where an agent is only of servers that have one")
    if others & _CHECKED:
        if after.get("check") != "enabled":
            raise NeedsReload("HAProxy is told what to check only of servers that are checked")
        if agent:
            raise NeedsReload("only a reload lets an agent follow what is checked")
        # Checks that get their first address or port leave off what the traffic has around it.
        wrapped = any(name.startswith(_AROUND) and after[name] == "enabled" for name in after)
        if wrapped and not _CHECKED & before.keys():
            raise NeedsReload("only a reload takes TLS and the PROXY protocol from checks")


def _said_plainly(reading: Reading, tokens: Iterable[str]) -> None:
    """Raise `NeedsReload` if quotes may hide keywords, or variables stand for several words."""
    if any("[*]" in token and has_variable(token) for token in tokens) or (
        reading.partial and any(unquote(token) != token or has_variable(token) for token in tokens)
    ):
        raise NeedsReload("only HAProxy knows what all words of the server mean")


def _path(section: Section, row: Row) -> str:
    """Return `backend/server` as commands name a server; raise `NeedsReload` in a ring or peers."""
    if section.kind not in BACKENDS:
        raise NeedsReload("only servers of backends change while HAProxy runs")
    return f"{runtime_argument(section.name)}/{runtime_argument(unquote(row.values['name']))}"


def _words(line: Line) -> list[str]:
    """Return a line's words without quotes; raise `NeedsReload` if one has a variable."""
    if any(map(has_variable, line.tokens)):
        raise NeedsReload("only a reload expands variables")
    return [unquote(token) for token in line.tokens]


def _default_words(document: Document, section: Section, end: int) -> list[str]:
    """Return the raw words of the `default-server` lines that apply at line `end` of a section."""
    found: list[str] = []
    for defaults in _defaults(document, section):
        found = [*_default_words(document, defaults, len(defaults.lines)), *found]
    for at, line in _default_lines(section):
        if at < end:
            _words(line)
            found += line.tokens[1:]
    return found


def _default_lines(section: Section) -> list[tuple[int, Line]]:
    """Return the `default-server` lines of a section, which are looked for once for all servers."""
    known: list[tuple[int, Line]] | None = section.cache.get(_DEFAULT_LINES)
    if known is None:
        lines = enumerate(section.lines if _DEFAULT_SERVER in section.text else ())
        known = [
            (at, line) for at, line in lines
            if _DEFAULT_SERVER in line.raw and line.tokens[:1] == (_DEFAULT_SERVER,)
        ]  # fmt: skip
        section.cache[_DEFAULT_LINES] = known
    return known


def _defaults(document: Document, section: Section) -> list[Section]:
    """Return the `defaults` section that another inherits from, or none (manual, chapter 4)."""
    parent = section.parent
    if parent is None and section.kind == DEFAULTS:
        return []
    below = len(document.sections) - document.position(section)
    above = islice(reversed(document.sections), below, None)
    some = (one for one in above if one.kind == DEFAULTS and parent in (None, one.name))
    return [*islice(some, 1)]


def _is_address(text: str) -> bool:
    return text.startswith(_PATHS) or is_ip(text.removeprefix("ipv4@").removeprefix("ipv6@"))
