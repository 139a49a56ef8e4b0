"""Servers as HAProxy writes them (management guide, section 9.3, "show servers state")."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataplane_core.plugin import RuntimeClient, RuntimeFailed, parse_integer

_UNREADABLE = "HAProxy's answer to show servers state cannot be read"
_MAINTENANCE = 0x01 | 0x02 | 0x20 | 0x40
"""Asked for, inherited from a tracked server; no address or host name resolved.

Not 0x04: that its line says `disabled` stays said of a server that was made ready since.
"""
_DRAIN = 0x08 | 0x10
_OPERATIONAL = {"0": "down", "1": "up", "2": "up", "3": "stopping"}
"""Stopped; starting (it grows to its weight); running; stopping softly."""

NUMBERS = {
    "agent_port": "srv_agent_port",
    "agent_state": "srv_agent_state",
    "backend_forced_id": "bk_f_forced_id",
    "backend_id": "be_id",
    "check_health": "srv_check_health",
    "check_port": "srv_check_port",
    "check_result": "srv_check_result",
    "check_state": "srv_check_state",
    "check_status": "srv_check_status",
    "forced_id": "srv_f_forced_id",
    "iweight": "srv_iweight",
    "last_time_change": "srv_time_since_last_change",
    "uweight": "srv_uweight",
}
TEXTS = {
    "agent_addr": "srv_agent_addr",
    "backend_name": "be_name",
    "check_addr": "srv_check_addr",
    "fqdn": "srv_fqdn",
    "srvrecord": "srvrecord",
}
"""Properties of a whole state, and HAProxy's columns for them."""
_NUMERIC = frozenset({*NUMBERS.values(), "srv_admin_state", "srv_port"})
_ALWAYS = frozenset(
    {"srv_addr", "srv_admin_state", "srv_id", "srv_name", "srv_op_state", "srv_port", "srv_uweight"}
)

ServerState = dict[str, Any]


def all_server_states(client: RuntimeClient, seconds: float) -> str:
    """Return what a process says of all its servers, which may be much, within some seconds."""
    return client.dump("show servers state", seconds).decode("utf-8", "replace")


def parse_server_states(answer: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of an answer to `show servers state`, by HAProxy's names of the columns.

    Raises `RuntimeFailed` for a row without what HAProxy says of each server, and for one whose
    numbers are none.
    """
    header, lines = _split(answer)
    numeric = [name for name in header if name in _NUMERIC]
    for line in lines:
        given = dict(zip(header, line.split(" "), strict=False))
        if not given.keys() >= _ALWAYS or not _are_numbers(map(given.get, numeric)):
            raise RuntimeFailed(_UNREADABLE)
        yield given


def server_columns(answer: str, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield a few columns of each row alone: fast, for there may be many.

    Raises `RuntimeFailed` as `parse_server_states` does.
    """
    header, lines = _split(answer)
    if not set(names) <= set(header):
        raise RuntimeFailed(_UNREADABLE)
    places = [header.index(name) for name in names]
    numeric = [header.index(name) for name in names if name in _NUMERIC]
    most = max(places) + 1
    for line in lines:
        words = line.split(" ", most)
        if len(words) > most:
            if numeric and not _are_numbers([words[at] for at in numeric]):
                raise RuntimeFailed(_UNREADABLE)
            yield tuple([words[at] for at in places])


def _are_numbers(cells: Iterable[str | None]) -> bool:
    """Return whether cells of a row hold numbers; one that a short row lacks holds none to read."""
    return all(cell is None or parse_integer(cell) is not None for cell in cells)


def _split(answer: str) -> tuple[list[str], list[str]]:
    """Return the names of the columns in an answer, and the lines below them."""
    lines = answer.splitlines()
    if len(lines) < 2 or not lines[1].startswith("# be_id "):
        raise RuntimeFailed(_UNREADABLE)
    return lines[1][2:].split(" "), lines[2:]


def removal_commands(server: str) -> tuple[str, ...]:
    """Return what deletes a server, `backend/name`: HAProxy refuses while it has connections."""
    return f"set server {server} state maint", f"del server {server}"


def short_state(given: Mapping[str, str]) -> ServerState:
    """Return a server's address and states."""
    return {
        "address": given["srv_addr"],
        "admin_state": admin_state(int(given["srv_admin_state"])),
        "id": given["srv_id"],
        "name": given["srv_name"],
        "operational_state": operational_state(given["srv_op_state"]),
        "port": int(given["srv_port"]),
    }


def whole_state(given: Mapping[str, str]) -> ServerState:
    """Return all that HAProxy says of a server; a column that it lacks is left out."""
    numbers = {name: int(given[column]) for name, column in NUMBERS.items() if column in given}
    numbers["weight"] = numbers["uweight"]
    texts = {name: given[column] for name, column in TEXTS.items() if column in given}
    ssl = {"use_ssl": given["srv_use_ssl"] == "1"} if "srv_use_ssl" in given else {}
    return {**short_state(given), **numbers, **texts, **ssl}


Shown = Callable[[Mapping[str, str]], ServerState]
"""Makes what a client sees of a row."""


def operational_state(number: str) -> str:
    """Return `up`, `down` or `stopping` for HAProxy's number of a state."""
    return _OPERATIONAL.get(number, "down")


def admin_state(bits: int) -> str:
    """Return `maint`, `drain` or `ready` for a server's bits: maintenance outweighs draining."""
    if bits & _MAINTENANCE:
        return "maint"
    return "drain" if bits & _DRAIN else "ready"


# Bits of the columns of states (management guide, section 9.3, "show servers state").
FORCED_MAINTENANCE = 0x01
_FORCED_DRAIN = 0x08
_CONFIGURED, _ENABLED = 0x02, 0x04


def drains(given: Mapping[str, str]) -> bool:
    """Return whether somebody has asked for a server to be drained."""
    return bool(int(given["srv_admin_state"]) & _FORCED_DRAIN)


def has_agent(given: Mapping[str, str]) -> bool:
    """Return whether an agent is asked for a server's weight and state."""
    return bool(int(given.get("srv_agent_state", "0")) & _CONFIGURED)


def is_stopped(state: str) -> bool:
    """Return whether checks, or an agent, are configured and have been switched off."""
    bits = int(state)
    return bool(bits & _CONFIGURED) and not bits & _ENABLED
