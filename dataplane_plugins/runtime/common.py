"""What the resources of the running HAProxy share: parameters, answers, and failures."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dataplane_core.plugin import (
    FAILURE,
    BadRequest,
    Body,
    DataplaneError,
    Operation,
    Parameter,
    Prop,
    Response,
    Runtime,
    RuntimeClient,
    RuntimeFailed,
)

PATH = "/services/haproxy/runtime"
NAME = '^[^\\r\\n<>*;$#&{}"]+$'
"""The names that the interface takes, in paths and in queries."""
TEXT, NUMBER = {"type": "string"}, {"type": "integer", "x-nullable": True}

BAD = Response({"$ref": "error"}, (), "HAProxy does not do it; the message has its words.")
MISSING = Response({"$ref": "error"}, (), "There is no such object.")
EXISTS = Response({"$ref": "error"}, (), "The object exists.")
GONE = Response(None, (), "Deleted.")


def fragment(prop: Prop) -> dict[str, Any]:
    """A property in a specification."""
    facts: dict[str, Any] = {"type": prop.json}
    if prop.help:
        facts["description"] = prop.help
    if prop.enum:
        facts["enum"] = list(prop.enum)
    if prop.nullable:
        facts["x-nullable"] = True
    return facts


def array(name: str) -> dict[str, Any]:
    """The schema of a list of objects."""
    return {"type": "array", "items": {"$ref": name}}


def named(name: str, help: str, *, where: str = "query") -> Parameter:
    """A required name in the query or the path."""
    return Parameter(name, where=where, required=True, pattern=NAME, help=help)


def operation(
    identifier: str,
    tag: str,
    summary: str,
    parameters: Iterable[Parameter] = (),
    body: Body | None = None,
    **answers: Response,
) -> Operation:
    """An operation; `answers` are `_200=…`, and any other status is a failure."""
    responses = {code.lstrip("_"): answer for code, answer in answers.items()}
    return Operation(
        identifier, tag, summary, tuple(parameters), body, {**responses, "default": FAILURE}
    )


def first_words(answers: list[str]) -> str:
    """What HAProxy says to a command that answers nothing when all is well; "" then."""
    return next((one.strip() for one in answers if one.strip()), "")


def from_each(
    runtime: Runtime, name: str, ask: Callable[[RuntimeClient, float], Any]
) -> list[dict[str, Any]]:
    """What each process answers, as `{"runtimeAPI": where, name: …}`.

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


def refused(words: str, kinds: Mapping[str, type[DataplaneError]]) -> DataplaneError:
    """The failure that HAProxy's words mean: the first kind whose key is in them, else a 400.

    `kinds` maps parts of sentences to failures.
    """
    kind = next((kind for part, kind in kinds.items() if part in words), BadRequest)
    return kind(f"HAProxy says: {words}")
