"""The policy: what a configuration has to be like before it is committed."""

from collections.abc import Iterator
from ipaddress import ip_address

from dataplane_core.plugin import (
    DEFAULTS, LISTEN, Document, Registry, Row, Section, inherited_sections,
)

_LOCAL = ("/", "unix@", "abns@", "abnsz@", "sockpair@")
_STATS = "stats_options."
_AUTHENTICATION = _STATS + "stats_auths"


def breaches(registry: Registry, document: Document) -> Iterator[str]:
    """Yield a sentence for each breach: the line, the section, what is wrong, and the remedy."""
    at = document.preamble.count("\n")
    for section in document.sections:
        header = at + section.top.count("\n")
        at += section.text.count("\n")
        for line, fault in _faults(registry, document, section):
            name = f"{section.kind} {section.name}".strip()
            yield f"line {header + line}, {name}: {fault}"


def _faults(
    registry: Registry, document: Document, section: Section
) -> Iterator[tuple[int, str]]:
    """Yield the breaches in a section, each with its line, counted from the header."""
    if section.kind in ("frontend", LISTEN):
        for row in _rows(registry, "binds", section):
            if not row.values.get("ssl") and not _is_local(row):
                yield row.at + 1, (
                    "it can be reached from other machines without TLS; add `ssl crt FILE` to the "
                    "bind, or give it a loopback address"
                )
    if section.kind in ("frontend", "backend", LISTEN, DEFAULTS):
        yield from _open_statistics(registry, section)
    if section.kind in ("backend", LISTEN):
        yield from _unchecked(registry, document, section)


def _is_local(bind: Row) -> bool:
    """Whether all addresses of a bind are of this machine alone."""
    values = bind.values
    address = str(values.get("address", ""))
    several = f"{address}:{values.get('port', '')}".split(",") if "," in address else [address]
    return all(_is_loopback(one) for one in several)


def _is_loopback(address: str) -> bool:
    if address.startswith(_LOCAL):
        return True
    host = address.rpartition("@")[2]
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _open_statistics(registry: Registry, section: Section) -> Iterator[tuple[int, str]]:
    """Yield whether a section shows statistics to anybody.

    Lines of its own end what it inherits.
    """
    values = _values(registry, section)
    if any(name.startswith(_STATS) for name in values) and not values.get(_AUTHENTICATION):
        words = [line.tokens[:1] for line in section.lines]
        at = words.index(("stats",)) + 1 if ("stats",) in words else 0
        yield at, "anybody can see the statistics; add `stats auth USER:PASSWORD`"


def _unchecked(
    registry: Registry, document: Document, section: Section
) -> Iterator[tuple[int, str]]:
    """Yield whether none of the servers of a backend is checked."""
    lines = (section, *inherited_sections(document, section))
    if any(_values(registry, one).get("default_server.check") == "enabled" for one in lines):
        return
    servers = [*_rows(registry, "servers", section), *_rows(registry, "server_templates", section)]
    if servers and not any(
        one.values.get("check") == "enabled" or one.values.get("track") for one in servers
    ):
        yield 0, (
            "no server is checked; add `check` to its servers, or a line `default-server check`"
        )


def _rows(registry: Registry, name: str, section: Section) -> tuple[Row, ...]:
    rows = registry.declared_rows(name)
    return () if rows is None else rows.table.rows(section)


def _values(registry: Registry, section: Section) -> dict[str, object]:
    """Return what the lines of a section say; those of a `listen` section as a backend's."""
    found = registry.sections_of("backend" if section.kind == LISTEN else section.kind)
    return {} if found is None else dict(found.model.read(section))
