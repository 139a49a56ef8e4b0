"""`/runtime/stick_tables` and `/runtime/stick_table_entries`."""

from collections.abc import Mapping
from contextlib import closing
from itertools import islice
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    Code,
    Invalid,
    NotFound,
    Routes,
    RuntimeClient,
    Services,
    below,
    impl,
    is_digits,
    refused,
    rehearsing,
    runtime_argument,
    to_json,
)
from dataplane_plugins.runtime import stick_tables
from dataplane_plugins.runtime import table_operations as operations
from dataplane_plugins.runtime.common import (
    PATH,
    V2,
    V3,
    rehearsed,
)

OPERATORS = ("eq", "ne", "le", "ge", "lt", "gt")
_ERRORS = {"No such table": NotFound}


class StickTables:
    """The tables of every process; `numbered`: each is shown with the number of its process."""

    def __init__(self, services: Services, *, numbered: bool = True) -> None:
        self.services = services
        self._numbered = numbered
        self.seconds = services.runtime.deadline

    def process(self, number: int) -> RuntimeClient:
        """Return the process with a number, from 1; raises `NotFound`."""
        clients = self.services.runtime.processes()
        if not 1 <= number <= len(clients):
            raise NotFound(f"HAProxy has no process {number}; they count from 1 to {len(clients)}")
        return clients[number - 1]

    def of(self, number: int) -> list[dict[str, Any]]:
        """Return the tables of a process as clients see them."""
        client = self.process(number)
        found = stick_tables.stick_tables(client, self.seconds)
        return [self._shown(client, number, one) for one in found]

    def one(self, number: int, name: str) -> dict[str, Any]:
        """Return one table; raises `NotFound`."""
        client = self.process(number)
        for one in stick_tables.stick_tables(client, self.seconds):
            if one.name == name:
                return self._shown(client, number, one)
        raise NotFound(f"the running HAProxy has no stick table {name}")

    def _shown(
        self, client: RuntimeClient, number: int, one: stick_tables.StickTable
    ) -> dict[str, Any]:
        fields: list[dict[str, Any]] = []
        if one.used:
            with closing(stick_tables.entry_lines(client, one.name, "", self.seconds)) as lines:
                fields = stick_tables.table_fields(next(lines, ""))
        document = self.services.config.snapshot().document
        fields = stick_tables.in_order(fields, stick_tables.declared_fields(document, one.name))
        shown = {
            "fields": fields,
            "name": one.name,
            "size": one.size,
            "type": one.type,
            "used": one.used,
        }
        return {**shown, "process": number} if self._numbered else shown


def table_filter(key: str | None, filters: str | None) -> str:
    """Return the words of `show table` for a query's key or filter; raises `BadRequest`."""
    if key and filters:
        raise BadRequest("key and filter in query exclude one another")
    if key:
        return f" key {runtime_argument(key)}"
    words = (filters or "").replace(",", " ").split()
    parts = [words[at : at + 3] for at in range(0, len(words), 3)]
    for part in parts:
        if len(part) < 3 or part[1] not in OPERATORS or not is_digits(part[2]):
            raise BadRequest(
                "filter in query must be a data type, one of "
                f"{', '.join(OPERATORS)}, and a whole number"
            )
    return "".join(f" data.{runtime_argument(name)} {how} {number}" for name, how, number in parts)


def data_words(data: Mapping[str, Any]) -> str:
    """Return the words of `set table`; `data` is flat: `gpc0`, `gpc.idx`, `gpc.value`."""
    words = []
    for name in stick_tables.DATA_TYPES:
        index, value = data.get(f"{name}.idx", 0), data.get(f"{name}.value", data.get(name))
        if isinstance(value, int):
            words.append(f"data.{name}[{index}] {value}" if index else f"data.{name} {value}")
    if not words:
        raise Invalid("data_type in body must have something to set", code=Code.REQUIRED)
    return " ".join(words)


class StickTableList:
    """All tables of all processes, or of one."""

    def __init__(self, tables: StickTables) -> None:
        self.tables = tables

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        process = req.query["process"]
        count = len(self.tables.services.runtime.processes())
        numbers = range(1, count + 1) if process is None else [process]
        resp.data = to_json([one for number in numbers for one in self.tables.of(number)])


class StickTableItem:
    """One table of one process."""

    def __init__(self, tables: StickTables) -> None:
        self.tables = tables

    def on_get(self, req: ApiRequest, resp: falcon.Response, name: str) -> None:
        resp.data = to_json(self.tables.one(req.query["process"], name))


class StickTableEntries:
    """The entries of a table: GET; set one: POST."""

    def __init__(self, tables: StickTables) -> None:
        self.tables = tables

    def on_get(self, req: ApiRequest, resp: falcon.Response) -> None:
        query = req.query
        rest = table_filter(query["key"], query["filter"])
        start, count = query["offset"] or 0, query["count"]
        for name in ("offset", "count"):
            if (query[name] or 0) < 0:
                raise Invalid(f"{name} in query must not be negative", code=Code.MINIMUM)
        client = self.tables.process(query["process"])
        lines = stick_tables.entry_lines(client, query["stick_table"], rest, self.tables.seconds)
        with closing(lines):
            end = None if count is None else start + count
            resp.data = to_json(
                [stick_tables.parse_table_entry(line) for line in islice(lines, start, end)]
            )

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        if req.loaded is None:
            raise Invalid("stick_table_entry in body is required", code=Code.REQUIRED)
        values, table = req.body.values, runtime_argument(req.query["stick_table"])
        start = "data_type."
        data = {name[len(start) :]: values[name] for name in values if name.startswith(start)}
        client = self.tables.process(req.query["process"])
        if rehearsing() is not None:
            self.tables.one(req.query["process"], req.query["stick_table"])
        command = f"set table {table} key {runtime_argument(values['key'])} {data_words(data)}"
        if words := client.command(command, self.tables.seconds).strip():
            raise refused(words, _ERRORS)
        resp.status = 204


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve tables and their entries."""
    operations.define_table_schemas(routes)
    several, one = {"GET": operations.LIST}, {"GET": operations.ONE}
    entries = rehearsed({"GET": operations.ENTRIES, "POST": operations.CHANGE})
    tables, path = StickTables(services), f"{PATH}/stick_tables"
    routes.add(path, StickTableList(tables), several, V2)
    routes.add(f"{path}/{{name}}", StickTableItem(tables), one, V2)
    routes.add(f"{PATH}/stick_table_entries", StickTableEntries(tables), entries, V2)
    first, parents = StickTables(services, numbered=False), {"parent_name": "stick_table"}
    routes.add(path, *below(StickTableList(first), several, {}, operations.FIRST), V3)
    routes.add(f"{path}/{{name}}", *below(StickTableItem(first), one, {}, operations.FIRST), V3)
    of_table = below(StickTableEntries(first), entries, parents, operations.FIRST)
    routes.add(f"{path}/{{parent_name}}/entries", *of_table, V3)
