"""Bring a scratch process into the state of the running HAProxy: servers, stick tables, patterns.

What is read of the running process changes nothing there. Names tell which server, table, map or
list is meant; what only one of the two has stays as it is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from dataplane_core.plugin import DataplaneError, RuntimeClient, RuntimeFailed, runtime_argument
from dataplane_plugins.changes.simulation.facts import read_backends
from dataplane_plugins.changes.simulation.pool import Warm
from dataplane_plugins.patterns.pattern_lists import PatternList, parse_pattern_lists
from dataplane_plugins.server_states import admin_state, all_server_states, parse_server_states

_MOST_ENTRIES = 2000
_MOST_PATTERNS = 20000
_STOPPED = "0"
_ENTRY = re.compile(r"^0x\w+: key=(?P<key>.*?) use=\d+ exp=\d+(?: shard=\d+)?(?P<data>.*)$", re.M)
_DATUM = re.compile(r" (?P<name>[a-z][a-z0-9_]*)(?:\(\d+\))?=(?P<value>\d+)(?= |$)")
_MARK = re.compile(r"^0x\w+ ", re.M)


class RunningState:
    """The state of a running process, read when it is asked for and once.

    Its servers are waited for `seconds`; `remarks` are sentences about what is not copied.
    """

    def __init__(self, client: RuntimeClient, seconds: float) -> None:
        self._client, self._seconds = client, seconds
        self._tables: dict[str, list[str]] = {}
        self.remarks: list[str] = []

    def apply(self, warm: Warm) -> None:
        """Bring a scratch process into this state, unless it is; raises `RuntimeFailed`."""
        if warm.state_of is self:
            return
        answer = all_server_states(self._client, self._seconds)
        known = {(name, one.name) for name, it in warm.backends.items() for one in it.servers}
        states = parse_server_states(answer)
        servers = [one for one in states if (one["be_name"], one["srv_name"]) in known]
        warm.send([command for one in servers for command in _server_commands(one)])
        for kind in ("map", "acl"):
            warm.send(self._patterns(kind, warm))
        entries = [command for name in warm.tables for command in self._table(name)]
        warm.entries = tuple(entries)
        warm.backends = dict(read_backends(warm.process.command("show stat")))
        warm.state_of = self

    def _table(self, name: str) -> list[str]:
        """Return the commands that fill a table of the scratch process as the running one is."""
        if name not in self._tables:
            try:
                answer = self._client.command(f"show table {name}")
            except RuntimeFailed:  # the running process has no such table
                answer = ""
            found = list(_entries(name, answer))
            if len(found) > _MOST_ENTRIES:
                said = f"only {_MOST_ENTRIES} of {len(found)} entries of the stick table {name}"
                self.remarks.append(f"{said} are copied")
            self._tables[name] = found[:_MOST_ENTRIES]
        return self._tables[name]

    def _patterns(self, kind: str, warm: Warm) -> Iterator[str]:
        """Yield the commands that make maps or lists of a scratch process those of the running."""
        mine = {one.file: one for one in _lists(warm.process.command(f"show {kind}")) if one.file}
        for one in _lists(self._client.command(f"show {kind}")):
            own = mine.get(one.file)
            if own is None:
                continue
            if int((one.counts or ("0", "0", "0"))[2]) > _MOST_PATTERNS:
                self.remarks.append(f"{one.file} is large: it is as its file is")
                continue
            wanted = _without_marks(self._client.command(f"show {kind} #{one.id}"))
            if wanted != _without_marks(warm.process.command(f"show {kind} #{own.id}")):
                yield f"clear {kind} #{own.id}"
                yield from _added(kind, own, wanted)


def _lists(answer: str) -> list[PatternList]:
    with suppress(RuntimeFailed):
        return parse_pattern_lists(answer.strip("\n") + "\n")
    return []


def _without_marks(dump: str) -> list[str]:
    return [line for line in _MARK.sub("", dump).splitlines() if line]


def _added(kind: str, own: PatternList, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        key, _, value = line.partition(" ") if kind == "map" else (line, "", "")
        words = [runtime_argument(key), *([runtime_argument(value)] if kind == "map" else [])]
        yield f"add {kind} #{own.id} {' '.join(words)}"


def _server_commands(one: Mapping[str, str]) -> Iterator[str]:
    where = f"set server {one['be_name']}/{one['srv_name']}"
    state = admin_state(int(one["srv_admin_state"]))
    yield f"{where} state {state}"
    if state == "maint":
        return
    yield f"{where} health {'down' if one['srv_op_state'] == _STOPPED else 'up'}"
    yield f"{where} weight {one['srv_uweight']}"


def _entries(table: str, answer: str) -> Iterator[str]:
    for found in _ENTRY.finditer(answer):
        data = [f"data.{one['name']} {one['value']}" for one in _DATUM.finditer(found["data"])]
        with suppress(DataplaneError):  # a key that no command can say
            yield f"set table {table} key {runtime_argument(found['key'])} {' '.join(data)}"
