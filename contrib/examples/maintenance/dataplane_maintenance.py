"""A calendar of maintenance: in a window a server is drained, and behind it ready again.

Windows are no configuration: they stand in the state of the server, at `/services/maintenance`.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any

from dataplane_core.plugin import (
    BAD_REQUEST, EXISTS, NOT_FOUND, WORD, AlreadyExists, Body, Code, DataplaneError, Fact,
    NotFound, Operation, Outage, Problem, Prop, Response, Routes, Services, State, array,
    first_words, impl, operation, runtime_argument, setting, setting_kinds as kinds, to_json,
)

PLUGIN_API = "1.2"
TAG = "Maintenance"
PATH = "/services/maintenance/windows"
WINDOW, WINDOWS = "maintenance_window", "maintenance_windows"
PROPS = (
    Prop("name", required=True, pattern=WORD, help="What the window is called."),
    Prop("backend", required=True, pattern=WORD, help="The backend of the server."),
    Prop("server", required=True, pattern=WORD, help="The server that is drained."),
    Prop("from", required=True, help="When it begins, with a zone: `2030-01-01T22:00:00Z`."),
    Prop("until", required=True, help="When it ends; the server is then ready."),
    Prop("note", help="What it is for."),
)
EXAMPLE = {
    "name": "new-disk", "backend": "shop", "server": "s1",
    "from": "2030-01-01T22:00:00Z", "until": "2030-01-01T23:00:00Z",
}
_TABLES = (
    "CREATE TABLE maintenance_windows (name TEXT PRIMARY KEY, body TEXT NOT NULL)",
    "CREATE TABLE maintenance_drained (backend TEXT, server TEXT, PRIMARY KEY (backend, server))",
)

Window = Mapping[str, Any]
Server = tuple[str, str]


@dataclass(frozen=True)
class MaintenanceSettings:
    """How the calendar is kept."""

    look_every: float = setting(5.0, kinds.DURATION, "How often the calendar is looked at.")


def moment(text: str) -> float:
    """Return the seconds since 1970 of a time with a zone; raises ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("has no zone")
    return found.timestamp()


def rules(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the times of a window."""
    times = []
    for name in ("from", "until"):
        try:
            times.append(moment(values.get(name, "")))
        except ValueError:
            said = f"{name} in body must be a time with a zone, such as 2030-01-01T22:00:00Z"
            yield Problem(name, Code.PATTERN, said)
    if len(times) == 2 and times[0] >= times[1]:
        yield Problem("until", Code.MINIMUM, "until in body must be later than from")


class Calendar:
    """The windows, and the servers that are drained for them, in the state of the server."""

    def __init__(self, state: State) -> None:
        self.state = state
        state.migrate("maintenance", _TABLES)

    def all(self) -> list[Window]:
        """Return all windows, by name."""
        rows = self.state.read("SELECT body FROM maintenance_windows ORDER BY name")
        return [json.loads(row["body"]) for row in rows]

    def get(self, name: str) -> Window:
        """Return a window; raises `NotFound`."""
        found = next((one for one in self.all() if one["name"] == name), None)
        if found is None:
            raise NotFound(f"there is no maintenance window {name}")
        return found

    def put(self, window: Window, new: bool) -> None:
        """Keep a window; raises `AlreadyExists` for a new one whose name is taken."""
        name = window["name"]
        with self.state.write() as connection:
            query = "SELECT 1 FROM maintenance_windows WHERE name = ?"
            if new and connection.execute(query, (name,)).fetchone():
                raise AlreadyExists(f"the maintenance window {name} exists")
            sql = "INSERT OR REPLACE INTO maintenance_windows VALUES (?, ?)"
            connection.execute(sql, (name, json.dumps(window)))

    def delete(self, name: str) -> None:
        """Forget a window; its server is ready again soon."""
        with self.state.write() as connection:
            connection.execute("DELETE FROM maintenance_windows WHERE name = ?", (name,))

    def wanted(self, now: float) -> dict[Server, Window]:
        """Return the servers that should be drained now, each with its window."""
        return {
            (one["backend"], one["server"]): one
            for one in self.all()
            if moment(one["from"]) <= now < moment(one["until"])
        }

    def drained(self) -> set[Server]:
        """Return the servers that were drained."""
        rows = self.state.read("SELECT backend, server FROM maintenance_drained")
        return {(row["backend"], row["server"]) for row in rows}

    def note(self, server: Server, drained: bool) -> None:
        """Keep whether a server is drained."""
        sql = "DELETE FROM maintenance_drained WHERE backend = ? AND server = ?"
        if drained:
            sql = "INSERT OR IGNORE INTO maintenance_drained VALUES (?, ?)"
        with self.state.write() as connection:
            connection.execute(sql, server)


class WindowList:
    """All windows; a POST adds one."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar

    def on_get(self, req, resp):
        resp.data = to_json(self.calendar.all())

    def on_post(self, req, resp):
        self.calendar.put(req.body.echo, new=True)
        resp.status = 201
        resp.data = to_json(req.body.echo)


class WindowItem:
    """One window."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar

    def on_get(self, req, resp, name):
        resp.data = to_json(self.calendar.get(name))

    def on_put(self, req, resp, name):
        self.calendar.get(name)
        window = {**req.body.echo, "name": name}
        self.calendar.put(window, new=False)
        resp.data = to_json(window)

    def on_delete(self, req, resp, name):
        self.calendar.get(name)
        self.calendar.delete(name)
        resp.status = 204


def _operation(id: str, summary: str, body: Body | None = None, **answers: Response) -> Operation:
    return operation(id, TAG, summary, (), body, **answers)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the windows under every version of the interface."""
    calendar, one = Calendar(services.state), {"$ref": WINDOW}
    body = Body(one, props=PROPS, rules=rules, example=EXAMPLE)
    routes.tag(TAG, "When which server is drained.")
    routes.schema(WINDOWS, {**array(WINDOW), "description": "All windows, by name."})
    routes.add(PATH, WindowList(calendar), {
        "GET": _operation(
            "getMaintenanceWindows", "List windows", _200=Response({"$ref": WINDOWS})
        ),
        "POST": _operation(
            "createMaintenanceWindow", "Add a window", body,
            _201=Response(one), _400=BAD_REQUEST, _409=EXISTS,
        ),
    })  # fmt: skip
    routes.add(f"{PATH}/{{name}}", WindowItem(calendar), {
        "GET": _operation(
            "getMaintenanceWindow", "Read a window", _200=Response(one), _404=NOT_FOUND
        ),
        "PUT": _operation(
            "replaceMaintenanceWindow", "Replace a window", body,
            _200=Response(one), _400=BAD_REQUEST, _404=NOT_FOUND,
        ),
        "DELETE": _operation(
            "deleteMaintenanceWindow", "Delete a window", _204=Response(), _404=NOT_FOUND
        ),
    })  # fmt: skip


def turn(services: Services, now: float) -> None:
    """Drain what should be drained, and let all else that was drained be ready again.

    A server is drained each time: a reload of HAProxy begins with all of them ready. Raises
    `DataplaneError` where HAProxy does not answer, or knows no such server.
    """
    calendar = Calendar(services.state)
    wanted, drained = calendar.wanted(now), calendar.drained()
    for server in wanted:
        calendar.note(server, True)  # first: what was drained has to be ready again in any case
        _set_state(services, server, "drain")
    for server in drained - wanted.keys():
        _set_state(services, server, "ready")
        calendar.note(server, False)


def _set_state(services: Services, server: Server, state: str) -> None:
    backend, name = map(runtime_argument, server)
    said = first_words(services.runtime.execute(f"set server {backend}/{name} state {state}"))
    if said and state == "drain":  # one that is gone need not be ready
        raise DataplaneError(f"{backend}/{name}: {said}")


def follow(services: Services, stop: Event) -> None:
    """Look at the calendar until the server stops."""
    every = services.settings.block(MaintenanceSettings).look_every
    outage = Outage(services.log, "the maintenance calendar", "the calendar is followed again")
    while not stop.is_set():
        try:
            turn(services, time.time())
            outage.over()
        except DataplaneError as error:
            outage.note(error)
        stop.wait(every)


@impl
def dataplane_start(services: Services) -> None:
    """Follow the calendar, in one worker of all."""
    services.lead("maintenance", lambda stop: follow(services, stop))


@impl
def dataplane_status(services: Services) -> Iterator[Fact]:
    """Tell how many windows there are, and which servers are drained."""
    calendar = Calendar(services.state)
    yield Fact("maintenance", f"{len(calendar.all())} windows in the calendar")
    for (backend, server), one in calendar.wanted(time.time()).items():
        yield Fact("maintenance", f"{backend}/{server} is drained until {one['until']}")
