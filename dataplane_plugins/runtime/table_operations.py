"""What the specification says of stick tables and their entries."""

from dataclasses import replace

from dataplane_core.plugin import Body, Parameter, Prop, Response, Routes, array, operation
from dataplane_plugins.runtime import stick_tables
from dataplane_plugins.runtime.common import (
    NO_SUCH_OBJECT,
    NUMBER,
    TEXT,
    V2,
    V3,
    name_parameter,
    prop_schema,
)

TAG = "StickTable"
KEY_PATTERN = r"^[^\r\n;#]+$"
"""What the interface takes for keys and filters."""
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
FIRST = {"process": 1}
"""The process that is meant where no request names one."""


def define_table_schemas(routes: Routes) -> None:
    """Define the schemas and the tag that these operations refer to."""
    routes.tag(TAG, "Stick tables of the running HAProxy, and their entries.", 30)
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
    routes.schema("stick_table", {"type": "object", "properties": members}, V2)
    without = {name: one for name, one in members.items() if name != "process"}
    routes.schema("stick_table", {"type": "object", "properties": without}, V3)
    routes.schema("stick_tables", array("stick_table"))
    several = {"type": "object", "properties": {"idx": {"type": "integer"}, "value": NUMBER}}
    data = {name: several if name in stick_tables.ARRAYS else NUMBER
            for name in stick_tables.DATA_TYPES}  # fmt: skip
    shown = {**data, **{prop.name: prop_schema(prop) for prop in TABLE_ENTRY}}
    routes.schema("stick_table_entry", {"type": "object", "properties": shown})
    routes.schema("stick_table_entries", array("stick_table_entry"))


_TABLE = name_parameter("stick_table", "Name of the table.")
LIST = operation(
    "getStickTables",
    TAG,
    "List stick tables. Those of every process of the running HAProxy, or of one.",
    (replace(_PROCESS, required=False),),
    _200=Response({"$ref": "stick_tables"}),
)
ONE = operation(
    "getStickTable",
    TAG,
    "Read a stick table. Its type, its size, and what it counts.",
    (name_parameter("name", "Name of the table.", where="path"), _PROCESS),
    _200=Response({"$ref": "stick_table"}),
    _404=NO_SUCH_OBJECT,
)
ENTRIES = operation(
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
CHANGE = operation(
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
