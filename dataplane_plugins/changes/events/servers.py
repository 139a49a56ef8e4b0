"""Tell when the state of a server changes in the running HAProxy."""

from collections.abc import Iterator
from typing import Any

from dataplane_core.plugin import Services
from dataplane_plugins.server_states import (
    admin_state,
    all_server_states,
    operational_state,
    server_columns,
)

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
        answer = all_server_states(self._runtime.processes()[0], self._runtime.deadline)
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
    """Yield each server with its states, as HAProxy writes them."""
    for backend, name, operational, admin in server_columns(answer, _COLUMNS):
        yield (backend, name), (operational, admin)


def _told(server: _Server, before: _State, after: _State) -> dict[str, Any]:
    backend, name = server
    return {"backend": backend, "server": name, "before": _shown(before), "after": _shown(after)}


def _shown(state: _State) -> dict[str, str]:
    operational, admin = state
    return {
        "operational_state": operational_state(operational),
        "admin_state": admin_state(int(admin)),
    }
