"""A client as swagger-codegen makes it from the interface's document: haproxy-py is one.

Facts of such a client: it says that what it sends is JSON, of a GET as well; to a POST, PUT or
DELETE without a body it gives `{}`; it writes booleans as Python does; and its models refuse an
answer that lacks what is required or has what the document does not allow.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from tests.harness.server import Answer, Client

Tree = dict[str, Any]
FORM = "multipart/form-data"
BOUNDARY = "d0e5f6"
KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
FORGOTTEN = {("status", "OPEN")}
"""Values that the document forgets, and that every server of the interface answers: a frontend's."""
LIMITS = ("minimum", "maximum", "minLength", "maxLength")


@dataclass(frozen=True)
class File:
    """A file to upload."""

    name: str
    content: str


class Document:
    """The interface's document, with its references followed."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def followed(self, value: Tree) -> Tree:
        while "$ref" in value:
            found: Any = self.tree
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            value = found
        parts = [self.followed(one) for one in value.get("allOf", ())]
        if not parts:
            return value
        members = {name: one for part in [*parts, value] for name, one in part.get("properties", {}).items()}
        required = [name for part in [*parts, value] for name in part.get("required", ())]
        return {"type": "object", "properties": members, "required": required}

    def operations(self) -> set[tuple[str, str]]:
        """Method and path of every operation."""
        methods = ("get", "put", "post", "delete")
        paths = self.tree["paths"].items()
        return {(one.upper(), path) for path, item in paths for one in item if one in methods}

    def operation(self, method: str, path: str) -> Tree:
        item = self.tree["paths"][path]
        found = dict(item[method.lower()])
        listed = [*item.get("parameters", []), *found.get("parameters", [])]
        found["parameters"] = [self.followed(one) for one in listed]
        return found

    def problems(self, schema: Tree, value: Any, where: str = "answer") -> Iterator[str]:
        """Why a model would refuse a value."""
        schema = self.followed(schema)
        kind = schema.get("type", "object" if "properties" in schema else None)
        if kind in KINDS:
            fits = isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))
            if not fits:
                yield f"{where}: {value!r} is no {kind}"
                return
        if "enum" in schema and value not in schema["enum"] and (where.rpartition(".")[2], value) not in FORGOTTEN:
            yield f"{where}: {value!r} is none of {schema['enum']}"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where}: {value!r} does not match {schema['pattern']}"
        yield from (f"{where}: {value!r} and {one}" for one in LIMITS if not within(schema, one, value))
        if kind == "array":
            for index, item in enumerate(value):
                yield from self.problems(schema.get("items", {}), item, f"{where}.{index}")
        if kind == "object":
            yield from self._members(schema, value, where)

    def _members(self, schema: Tree, value: Tree, where: str) -> Iterator[str]:
        for name in schema.get("required", ()):
            if value.get(name) is None:
                yield f"{where}: {name} is required"
        for name, member in schema.get("properties", {}).items():
            if value.get(name) is not None:
                yield from self.problems(member, value[name], f"{where}.{name}")


def within(schema: Tree, limit: str, value: Any) -> bool:
    """Whether a value keeps to one limit of its schema."""
    if limit not in schema:
        return True
    measured = len(value) if limit.endswith("Length") else value
    least = limit.startswith("min")
    return bool(measured >= schema[limit] if least else measured <= schema[limit])


class Generated:
    """Calls operations by method and path, with the parameters that their document names."""

    def __init__(self, document: Document, client: Client) -> None:
        self.document, self.client = document, client

    def call(
        self, method: str, path: str, values: Mapping[str, object], body: Any = None
    ) -> tuple[Answer, list[str]]:
        """Send one request; its answer, and why the client's models would refuse the answer."""
        operation = self.document.operation(method, path)
        parameters = operation["parameters"]
        query = {
            one["name"]: values[one["name"]]
            for one in parameters
            if one["in"] == "query" and one["name"] in values
        }
        unknown = values.keys() - {one["name"] for one in parameters}
        assert not unknown, f"{method} {path} has no {unknown}"
        target = re.sub(r"\{(\w+)\}", lambda name: quote(str(values[name[1]]), safe=""), path)
        target = "/v2" + target + ("?" + urlencode(query) if query else "")
        content, headers = sent(operation, body)
        if method == "GET":
            content = None
        answer = self.client.call(method, target, text=content, headers=headers)
        return answer, self.refused(operation, answer)

    def refused(self, operation: Tree, answer: Answer) -> list[str]:
        """Why the client's models would refuse an answer."""
        responses = operation["responses"]
        response = self.document.followed(responses.get(str(answer.status), responses["default"]))
        schema = response.get("schema")
        if schema is None or schema.get("type") == "file":
            return []
        return list(self.document.problems(schema, answer.json))


def sent(operation: Tree, body: Any) -> tuple[str, dict[str, str]]:
    """What a request has for content, and the headers that go with it."""
    accepted = ", ".join(operation.get("produces", ["application/json"]))
    headers = {"Accept": accepted, "Content-Type": "application/json"}
    consumed = operation.get("consumes", ["application/json"])
    if isinstance(body, File):
        assert FORM in consumed
        headers["Content-Type"] = f"{FORM}; boundary={BOUNDARY}"
        head = f'Content-Disposition: form-data; name="file_upload"; filename="{body.name}"'
        kind = "Content-Type: application/octet-stream"
        parts = [f"--{BOUNDARY}", head, kind, "", body.content, f"--{BOUNDARY}--", ""]
        return "\r\n".join(parts), headers
    if consumed == ["text/plain"]:
        return body, {**headers, "Content-Type": "text/plain"}
    return json.dumps({} if body is None else body), headers
