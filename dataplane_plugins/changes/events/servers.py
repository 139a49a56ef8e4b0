"""Tell when the state of a server changes in the running HAProxy."""

from collections.abc import Iterator
from typing import Any

from dataplane_core.plugin import RuntimeFailed, Services
from dataplane_plugins.server_states import admin_state, operational_state

_COLUMNS = ("be_name", "srv_name", "srv_op_state", "srv_admin_state")
_Server = tuple[str, str]
_State = tuple[str, str]


class ServerWatch:
    """Compares the servers with what they were at the last look."""

    def __init__(self, services: Services) -> None:
        self._runtime, self._events = services.runtime, services.events
        self._known: dict[_Server, _State] | None = None

    def look(self) -> None:
        """Record what has changed; raises `DataplaneError` where HAProxy does not say."""
        answer = self._runtime.processes()[0].dump("show servers state").decode("utf-8", "replace")
        before, now = self._known, dict(_states(answer))
        self._known = now
        if before is None:
            return
        changed = [
            ("server_state", _told(server, before[server], state))
            for server, state in now.items()
            if before.get(server, state) != state
        ]
        self._events.record_all(one for one in changed if one[1]["before"] != one[1]["after"])


def _states(answer: str) -> Iterator[tuple[_Server, _State]]:
    """Yield each server with its states, as HAProxy writes them: fast, for there may be many."""
    lines = answer.splitlines()
    header = lines[1][2:].split(" ") if len(lines) > 1 else []
    if not set(_COLUMNS) <= set(header):
        raise RuntimeFailed("HAProxy's answer to show servers state cannot be read")
    backend, name, operational, admin = map(header.index, _COLUMNS)
    most = max(backend, name, operational, admin) + 1
    for line in lines[2:]:
        words = line.split(" ", most)
        if len(words) > most:
            yield (words[backend], words[name]), (words[operational], words[admin])


def _told(server: _Server, before: _State, after: _State) -> dict[str, Any]:
    backend, name = server
    return {"backend": backend, "server": name, "before": _shown(before), "after": _shown(after)}


def _shown(state: _State) -> dict[str, str]:
    operational, admin = state
    return {
        "operational_state": operational_state(operational),
        "admin_state": admin_state(int(admin)),
    }
