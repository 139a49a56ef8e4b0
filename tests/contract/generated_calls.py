"""The walk-through as calls of a generated client: what a document names operations and parameters."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tests.harness.addresses import address
from tests.harness.server import Tree
from tests.harness.story import Ports, Step, first_transaction, second_transaction


@dataclass(frozen=True)
class Call:
    """One operation: the tag and id that name it, the parameters, the schema of the body, the body."""

    tag: str
    operation: str
    path: Mapping[str, str | int]
    query: Mapping[str, str]
    model: str
    body: Any


def calls(document: Tree, version: str, ports: Ports) -> list[list[Tree]]:
    """Return the calls of both transactions of the walk-through, to be written as JSON."""
    transactions = (first_transaction(ports), second_transaction(ports))
    return [[asdict(_call(document, version, step)) for step in steps] for steps in transactions]


def _call(document: Tree, version: str, step: Step) -> Call:
    collection, query, body = step
    at = address(version, collection, query, body)
    for template, operations in document["paths"].items():
        names = re.findall(r"\{(\w+)\}", template)
        found = re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", template), at.path)
        if found and "post" in operations:
            operation = operations["post"]
            values = {
                name: int(value) if value.isdigit() else value
                for name, value in zip(names, found.groups(), strict=True)
            }
            named = operation["tags"][0], operation["operationId"]
            return Call(*named, values, at.query, _model(operation), at.body)
    raise LookupError(f"{at.path} is not in the document of {version}")


def _model(operation: Tree) -> str:
    """The name of the schema of an operation's body, in OpenAPI 3 or 2."""
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
    else:
        schema = next(one["schema"] for one in operation["parameters"] if one.get("in") == "body")
    return str(schema["$ref"]).rpartition("/")[2]


def camel(name: str, first: bool = False) -> str:
    """`parent_name` as `parentName`, or `ParentName` where the first letter is a capital, too."""
    start, *rest = name.split("_")
    start = start[:1].upper() + start[1:] if first else start[:1].lower() + start[1:]
    return start + "".join(word.capitalize() for word in rest)
