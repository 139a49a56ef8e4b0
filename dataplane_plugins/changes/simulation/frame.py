"""The lines of a scratch process that its configuration does not have."""

from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

from dataplane_core.plugin import FRONTENDS
from dataplane_plugins.changes.simulation import kept
from dataplane_plugins.changes.simulation.conditions import TRACE
from dataplane_plugins.changes.simulation.folders import owner
from dataplane_plugins.changes.simulation.scratch_text import (
    CONTROL,
    FOLDER,
    LOG,
    LONGEST_LINE,
    NAME,
    PRELUDE_FILE,
)

_LOG = f"  log fd@{LOG} len {LONGEST_LINE} format raw local0 debug\n"
_FACTS = "%[fc_pp_unique_id] %ft %b %s %ST"
_HURRY = "  timeout tarpit 1\n"


def first_lines(
    values: Iterable[Mapping[str, Any]], said: Iterable[tuple[Set[str], str]], folder: str
) -> str:
    """Return what stands in front of a configuration.

    `values` are those of its `global`, and `said` its lines with the properties that they can say.
    """
    lines = [
        "global",
        "  nbthread 1",
        "  maxconn 100",
        f"  localpeer {NAME}",
        f"  stats socket fd@{CONTROL} level admin",
        *_unprivileged(),
    ]
    every = {name: value for one in values for name, value in one.items()}
    kind = every.get("default_path.type")
    near = {"config": folder, "parent": str(Path(folder).parent)}
    path = near.get(str(kind), every.get("default_path.path"))
    if kind is not None and kind != "current" and path:
        lines.append(f"  default-path origin {path}")
    names = set[str]()
    for properties, line in said:
        names |= properties
        if properties & kept.BEFORE_SCRIPTS:
            lines.append(line.rstrip("\r\n"))
    if "lua_loads" in names:
        lines.append(f'  lua-load "${{{FOLDER}}}/{PRELUDE_FILE}"')
    if "lua_load_per_thread" in names:
        lines.append(f'  lua-load-per-thread "${{{FOLDER}}}/{PRELUDE_FILE}"')
    return "\n".join(lines) + "\n\n"


def _unprivileged() -> Iterable[str]:
    who = owner()
    return () if who is None else (f"  uid {who[0]}", f"  gid {who[1]}")


def proxy_lines(kind: str, mode: str) -> str:
    """Return the lines behind the header of a section of a kind and, for proxies, a mode."""
    if kind in FRONTENDS:
        # The word with the state of the client's cookie is for HTTP alone.
        end = f"%{'tsc' if mode == 'http' else 'ts'} %[var({TRACE})]"
        formats = f'  log-format "stream {_FACTS} {end}"\n'
        formats += f'  error-log-format "session {_FACTS} {end}"\n'
        return _LOG + formats + _HURRY
    return _HURRY if kind in ("backend", "defaults") else ""


def last_lines() -> str:
    """Return what stands behind a configuration: HAProxy starts with something to listen at."""
    return f"""
defaults
  mode tcp
  timeout client 1s

frontend {NAME}
  bind "unix@${{{FOLDER}}}/{NAME}"
  tcp-request connection reject
"""
