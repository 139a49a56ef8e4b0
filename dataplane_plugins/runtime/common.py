"""Parameters, answers and failures that the resources of the running HAProxy share."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dataplane_core.plugin import (
    Operation,
    Parameter,
    Prop,
    Response,
    Runtime,
    RuntimeClient,
    RuntimeFailed,
)

PATH = "/services/haproxy/runtime"
V1, V2, V3 = ("v1",), ("v2",), ("v3",)
"""The versions of a path that only one has: parents are in the query of v2, in the path of v3."""
NAME_PATTERN = '^[^\\r\\n<>*;$#&{}"]+$'
"""The names that the interface takes, in paths and in queries."""
TEXT, NUMBER = {"type": "string"}, {"type": "integer", "x-nullable": True}

REFUSED = Response({"$ref": "error"}, (), "HAProxy does not do it; the message has its words.")
NO_SUCH_OBJECT = Response({"$ref": "error"}, (), "There is no such object.")
OBJECT_EXISTS = Response({"$ref": "error"}, (), "The object exists.")
DELETED = Response(None, (), "Deleted.")


def rehearsed(operations: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return operations that change what is running, and can be gone through without that."""
    return {method: replace(one, rehearses=method != "GET") for method, one in operations.items()}


def prop_schema(prop: Prop) -> dict[str, Any]:
    """Return the JSON Schema of a property."""
    facts: dict[str, Any] = {"type": prop.json}
    if prop.help:
        facts["description"] = prop.help
    if prop.enum:
        facts["enum"] = list(prop.enum)
    if prop.nullable:
        facts["x-nullable"] = True
    return facts


def name_parameter(name: str, help: str, *, where: str = "query") -> Parameter:
    """Return the parameter of a required name in the query or the path."""
    return Parameter(name, where=where, required=True, pattern=NAME_PATTERN, help=help)


def answers_of_all(
    runtime: Runtime, name: str, ask: Callable[[RuntimeClient, float], Any]
) -> list[dict[str, Any]]:
    """Return what each process answers, as `{"runtimeAPI": its address, name: its answer}`.

    `ask` is given the process and the seconds that it has. A process that gives no answer has
    `error` instead, unless none gives any: that is raised.
    """
    end = time.monotonic() + runtime.deadline
    found: list[dict[str, Any]] = []
    failures: list[RuntimeFailed] = []
    for client in runtime.processes():
        one: dict[str, Any] = {"runtimeAPI": str(client.addresses[0])}
        try:
            one[name] = ask(client, max(0.01, end - time.monotonic()))
        except RuntimeFailed as error:
            failures.append(error)
            one["error"] = error.message
        found.append(one)
    if len(failures) == len(found):
        raise failures[0]
    return found
