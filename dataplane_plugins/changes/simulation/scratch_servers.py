"""Rewrite servers so that the scratch process itself answers for them."""

from dataplane_core.plugin import Line, Row, StatementLine
from dataplane_plugins.changes.simulation import kept
from dataplane_plugins.changes.simulation.scratch_text import ANSWERS, ANSWERS_TCP, FOLDER

_STAND_IN = "/x"
_OF_ALL_SERVERS = "default_server."
_TABLE_LEFT_OUT = frozenset({"stick_table.peers", "stick_table.write_to"})


def address(mode: str) -> str:
    """Return the word with the address of the servers in a mode."""
    socket = ANSWERS if mode == "http" else ANSWERS_TCP
    return f'"unix@${{{FOLDER}}}/{socket}"'


def server(row: Row, mode: str) -> Line:
    """Return the line of a server, or of several that are made by number, at another address."""
    left = {name: value for name, value in row.values.items() if name in kept.SERVER}
    name = "fqdn" if "prefix" in left else "address"
    words = row.form.write({**left, name: _STAND_IN}, row.reading.layout)
    words[words.index(_STAND_IN)] = address(mode)
    return row.line.rewritten(words)


def default_server(line: Line, one: StatementLine) -> Line | None:
    """Return a line for all servers with what decides about a request."""
    if one.reading is None:
        return None
    kept_of_all = {_OF_ALL_SERVERS + name for name in kept.SERVER}
    left = {name: value for name, value in one.reading.values.items() if name in kept_of_all}
    return line.rewritten(one.form.write(left, one.reading.layout)) if left else None


def dispatch(line: Line, mode: str) -> Line:
    """Return a server in the place of the one address that a proxy sends all to."""
    return line.rewritten(["server", "dispatch", address(mode)])


def stick_table(line: Line, one: StatementLine) -> Line:
    """Return a table that is not shared with peers."""
    if one.reading is None:
        return line
    values = one.reading.values
    left = {name: value for name, value in values.items() if name not in _TABLE_LEFT_OUT}
    return line.rewritten(one.form.write(left, one.reading.layout))
