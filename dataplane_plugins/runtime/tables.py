"""`/runtime/stick_tables` and `/runtime/stick_table_entries`."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    Body,
    Code,
    Invalid,
    NotFound,
    Parameter,
    Prop,
    Response,
    Routes,
    RuntimeClient,
    Services,
    array,
    impl,
    is_digits,
    operation,
    refused,
    runtime_argument,
    to_json,
)
from dataplane_plugins.runtime import stick_tables
from dataplane_plugins.runtime.common import (
    NO_SUCH_OBJECT,
    NUMBER,
    PATH,
    TEXT,
    name_parameter,
    prop_schema,
)

TAG = "StickTable"
KEY_PATTERN = r"^[^\r\n;#]+$"
"""What the interface takes for keys and filters."""
OPERATORS = ("eq", "ne", "le", "ge", "lt", "gt")
_ERRORS = {"No such table": NotFound}

_IDX = Prop("idx", "integer", minimum=0)
_VALUE = Prop("value", "integer", minimum=0, nullable=True)


def _data_props() -> tuple[Prop, ...]:
    """Return the properties of an entry that can be set."""
    found: list[Prop] = []
    for name in stick_tables.DATA_TYPES:
        if name in stick_tables.ARRAYS:
            found += (Prop(name, "object"), _IDX.under(name), _VALUE.under(name))
        else:
            found.append(Prop(name, "integer", minimum=0, nullable=True))
    return tuple(found)


DATA = _data_props()
TABLE_ENTRY = (
    Prop("exp", "integer", help="Milliseconds until it is forgotten.", nullable=True),
    Prop("id", help="HAProxy's own mark of the entry."),
    Prop("key", help="What is counted for."),
    Prop("use", "boolean", help="Whether a session refers to it."),
)
TABLE_ENTRY_CHANGE = (
    Prop("key", required=True, pattern=KEY_PATTERN, help="What is counted for."),
    Prop("data_type", "object", required=True, help="What is set."),
    *(prop.under("data_type") for prop in DATA),
    *(replace(prop, read_only=True).under("data_type") for prop in TABLE_ENTRY),
)
_PROCESS = Parameter("process", "integer", required=True, help="Number of the process, from 1.")


class StickTables:
    """The tables of every process."""

    def __init__(self, services: Services) -> None:
        self.services = services
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
        if not fields:
            document = self.services.config.snapshot().document
            fields = stick_tables.declared_fields(document, one.name)
        return {
            "fields": fields,
            "name": one.name,
            "process": number,
            "size": one.size,
            "type": one.type,
            "used": one.used,
        }


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
        command = f"set table {table} key {runtime_argument(values['key'])} {data_words(data)}"
        if words := client.command(command, self.tables.seconds).strip():
            raise refused(words, _ERRORS)
        resp.status = 204


def _schemas(routes: Routes) -> None:
    field = {
        "field": {"type": "string", "enum": list(stick_tables.DATA_TYPES)},
        "idx": {"type": "integer"},
        "period": {"type": "integer", "description": "Milliseconds."},
        "type": {"type": "string", "enum": ["rate", "counter"]},
    }
    members = {
        "fields": {"type": "array", "items": {"type": "object", "properties": field}},
        "name": TEXT,
        "process": NUMBER,
        "size": NUMBER,
        "type": {"type": "string", "enum": ["ip", "ipv6", "integer", "string", "binary"]},
        "used": NUMBER,
    }
    routes.schema("stick_table", {"type": "object", "properties": members})
    routes.schema("stick_tables", array("stick_table"))
    several = {"type": "object", "properties": {"idx": {"type": "integer"}, "value": NUMBER}}
    data = {name: several if name in stick_tables.ARRAYS else NUMBER
            for name in stick_tables.DATA_TYPES}  # fmt: skip
    shown = {**data, **{prop.name: prop_schema(prop) for prop in TABLE_ENTRY}}
    routes.schema("stick_table_entry", {"type": "object", "properties": shown})
    routes.schema("stick_table_entries", array("stick_table_entry"))


_TABLE = name_parameter("stick_table", "Name of the table.")
_LIST = operation(
    "getStickTables",
    TAG,
    "List stick tables. Those of every process of the running HAProxy, or of one.",
    (replace(_PROCESS, required=False),),
    _200=Response({"$ref": "stick_tables"}),
)
_ONE = operation(
    "getStickTable",
    TAG,
    "Read a stick table. Its type, its size, and what it counts.",
    (name_parameter("name", "Name of the table.", where="path"), _PROCESS),
    _200=Response({"$ref": "stick_table"}),
    _404=NO_SUCH_OBJECT,
)
_ENTRIES = operation(
    "getStickTableEntries",
    TAG,
    "List the entries of a stick table. The keys with what is counted for them now.",
    (
        *(_TABLE, _PROCESS),
        Parameter("filter", pattern=KEY_PATTERN, help="Only such as `gpc0 gt 1`."),
        Parameter("key", pattern=KEY_PATTERN, help="Only the entry of this key."),
        Parameter("count", "integer", help="So many at most."),
        Parameter("offset", "integer", help="Leave so many out."),
    ),
    _200=Response({"$ref": "stick_table_entries"}),
)
_CHANGE = operation(
    "setStickTableEntries",
    TAG,
    "Set the counters of a key in a stick table. The entry is made if it is not there.",
    (_TABLE, _PROCESS),
    Body(
        {"$ref": "stick_table_change"},
        props=TABLE_ENTRY_CHANGE,
        required=False,
        example={"key": "192.0.2.1", "data_type": {"gpc0": 1}},
    ),
    _204=Response(None, (), "Set."),
)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve tables and their entries."""
    routes.tag(TAG, "Stick tables of the running HAProxy, and their entries.", 30)
    _schemas(routes)
    tables = StickTables(services)
    routes.add(f"{PATH}/stick_tables", StickTableList(tables), {"GET": _LIST})
    routes.add(f"{PATH}/stick_tables/{{name}}", StickTableItem(tables), {"GET": _ONE})
    several = {"GET": _ENTRIES, "POST": _CHANGE}
    routes.add(f"{PATH}/stick_table_entries", StickTableEntries(tables), several)
