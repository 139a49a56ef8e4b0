"""Hostile strings in every parameter, and in every body that is no object of the configuration.

They are sent to the application beside a running HAProxy. No answer is a 5xx, and none adds a
line to the configuration but where the body is a text of it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from json import dumps, loads
from typing import Any, NamedTuple
from urllib.parse import quote

from falcon import testing

from tests.runtime.support import Api
from tests.torture.hostile.objects import Figures
from tests.torture.hostile.strings import HOSTILE, Place, put_at, value_at
from tests.torture.shares import share

DOCUMENTS = ("/v1/specification", "/v2/specification", "/v3/specification", "/dataplane/v1/openapi.json")
THERE = {"parent_name": "be", "backend": "be", "frontend": "fe", "index": "0", "map": "m.map", "server": "s1",
         "version": "1", "table": "st", "parent_type": "backend"}  # fmt: skip
"""Names that the configuration has, by the parameters that ask for them; else `be`."""
_STREAM = "text/event-stream"
Known = Mapping[str, frozenset[str]]
"""The schemas of the objects of the configuration, by the names of versions."""


@dataclass(frozen=True)
class Spot:
    """A place for a string in the requests of an operation: a parameter, or a place in the body."""

    method: str
    path: str
    where: str
    name: str
    query: dict[str, str]
    body: Any = None
    place: Place = ()
    media: str = ""
    is_stream: bool = False
    """Whether the answer is a stream of events, which does not end."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.name} in {self.where}"


class Document:
    """What a served document says that clients can send."""

    def __init__(self, api: Api, path: str) -> None:
        self.document = api.call("GET", path).json
        self.base = self.document.get("basePath", path.rpartition("/")[0])

    def resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        """What a reference leads to."""
        while "$ref" in value:
            inner: Any = self.document
            for part in value["$ref"].split("/")[1:]:
                inner = inner[part]
            value = inner
        return value

    def spots(self, known: frozenset[str] = frozenset()) -> Iterator[Spot]:
        """The places of strings, but for bodies whose schema is `known`."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                is_stream = any(_STREAM in one.get("content", ()) for one in operation["responses"].values())
                for spot in self._of_operation(method.upper(), self.base + path, operation, known):
                    yield replace(spot, is_stream=is_stream)

    def _of_operation(self, method: str, path: str, operation: Any, known: frozenset[str]) -> Iterator[Spot]:
        parameters = [self.resolved(one) for one in operation.get("parameters", ())]
        media, schema = self._body(operation, parameters)
        is_known = schema is not None and self._name(schema) in known
        body = None if schema is None else {} if is_known else self.example(schema)
        query = {
            one["name"]: THERE.get(one["name"], "be")
            for one in parameters
            if one["in"] == "query" and one["name"] in ("parent_type", "parent_name", "backend", "frontend", "map")
        }
        for one in parameters:
            kind = _type(one if "type" in one else self.resolved(one.get("schema", {})))
            if one["in"] in ("path", "query") and kind == "string":
                yield Spot(method, path, one["in"], one["name"], query, body, (), media)
        if schema is None or is_known:
            return
        whole = self.made(schema)
        for name, place in _strings(whole):
            held = _with_place(body, whole, place)
            yield Spot(method, path, "body", name or "the whole", query, held, place, media)

    def _name(self, schema: Any) -> str:
        """The name of a schema, or of that of the items of a list."""
        schema = schema.get("items", schema)
        named: str = schema.get("$ref", "").rpartition("/")[2]
        inner = {} if not named else self.resolved(schema)
        return self._name(inner) if inner.get("type") == "array" else named

    def _body(self, operation: Any, parameters: list[Any]) -> tuple[str, Any]:
        """The media type and the schema of the body."""
        if "requestBody" in operation:
            [media, *_] = content = operation["requestBody"]["content"]
            schema = content[media].get("schema", {})
        else:
            forms = [one for one in parameters if one["in"] == "formData"]
            bodies = [one["schema"] for one in parameters if one["in"] == "body"]
            media = (operation.get("consumes") or ["application/json"])[0]
            schema = bodies[0] if bodies else {"type": "string", "x-form": forms[0]["name"]} if forms else None
        return ("", None) if schema is None else (media, schema)

    def example(self, schema: Any) -> Any:
        """The example of a schema, else a value with what is required."""
        schema = self.resolved(schema)
        if "example" in schema or _type(schema) != "object":
            return self.made(schema)
        needed = schema.get("required", ())
        return {name: self.made(one, 1) for name, one in schema.get("properties", {}).items() if name in needed}

    def made(self, schema: Any, depth: int = 0) -> Any:
        """A value as a schema has it, with all its properties."""
        schema = self.resolved(schema)
        kind = _type(schema)
        if "example" in schema and kind not in ("object", "array"):
            return schema["example"]
        if kind == "object":
            names = schema.get("properties", {}) if depth < 4 else {}
            return {name: self.made(one, depth + 1) for name, one in names.items() if not one.get("readOnly")}
        if kind == "array":
            return [self.made(schema.get("items", {}), depth + 1)] if depth < 4 else []
        return {"integer": schema.get("minimum", 1), "number": 1, "boolean": True}.get(
            kind, (schema.get("enum") or ["be"])[0]
        )


def _type(schema: Any) -> str:
    """The type of a schema's values, but for null."""
    kind = schema.get("type", "object" if "properties" in schema else "string")
    found: str = kind if isinstance(kind, str) else next(one for one in kind if one != "null")
    return found


def _with_place(body: Any, whole: Any, place: Place) -> Any:
    """A body in which a place of the whole one is there."""
    try:
        value_at(body, place)
    except (KeyError, IndexError, TypeError):
        return {**body, place[0]: whole[place[0]]} if isinstance(body, dict) and isinstance(whole, dict) else whole
    return body


def _strings(value: Any, name: str = "", place: Place = ()) -> Iterator[tuple[str, Place]]:
    """The name and the place of each string in a body."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _strings(one, f"{name}.{key}".strip("."), (*place, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _strings(one, f"{name}[]", (*place, at))
    elif isinstance(value, str):
        yield name, place


class Head(NamedTuple):
    """What comes before the events of an answer; `status` and `text` as those of a whole one."""

    status_code: int
    status: str
    text: str = ""


def _head(api: Api, **request: Any) -> Head:
    """Ask for a stream, and end it at once."""
    begun = testing.StartResponseMock()
    events: Any = api.app(testing.create_environ(**request), begun)
    getattr(events, "close", bool)()
    return Head(int(begun.status[:3]), begun.status)


def send(api: Api, spot: Spot, value: str) -> testing.Result | Head:
    """Send a request with a string at a spot."""
    keys = {spot.name: value} if spot.where == "path" else {}
    path = re.sub(
        r"\{(\w+)\}", lambda match: quote(keys.get(match[1], THERE.get(match[1], "be")), safe="", errors="surrogatepass"),
        spot.path,
    )
    query = {**spot.query, **({spot.name: value} if spot.where == "query" else {})}
    asked = "&".join(f"{name}={quote(one, safe='', errors='surrogatepass')}" for name, one in query.items())
    content = _content(spot, value)
    media = f"{spot.media}; boundary=edge" if spot.media.startswith("multipart") else spot.media
    headers = {"Authorization": "Basic YWRtaW46cHc=", "Host": "localhost"}
    if media:
        headers["Content-Type"] = media
    if spot.is_stream:
        return _head(api, method=spot.method, path=path, headers=headers, query_string=asked)
    return api.client.simulate_request(spot.method, path, headers=headers, body=content, query_string=asked)


def _content(spot: Spot, value: str) -> bytes | None:
    """The body, with the string in it where that is its place."""
    if not spot.media:
        return None
    in_body = spot.where == "body"
    if spot.media.startswith("multipart"):
        name = value if in_body else "be"
        head = f'--edge\r\nContent-Disposition: form-data; name="file_upload"; filename="{name}"\r\n\r\n'
        return f"{head}{name}\r\n--edge--\r\n".encode("utf-8", "surrogatepass")
    if not spot.media.endswith("json"):
        return (value if in_body else "be").encode("utf-8", "surrogatepass")
    body = loads(dumps(spot.body))
    if in_body:
        if not spot.place:
            body = value
        else:
            put_at(body, spot.place, value)
    return dumps(body).encode()


def is_text(spot: Spot) -> bool:
    """Whether a body is a text of the configuration, which may have any lines."""
    return spot.where == "body" and (not spot.media.endswith("json") or "text" in spot.name)


def try_spot(api: Api, spot: Spot, figures: Figures) -> None:
    """Send each hostile string to one spot."""
    file = api.folder / "haproxy.cfg"
    figures.properties += 1
    for value in HOSTILE:
        before = file.read_bytes().count(b"\n")
        figures.counts["tried"] += 1
        try:
            answer = send(api, spot, value)
        except Exception as error:
            figures.tell(str(spot), spot.name, value, f"fails: {error!r}")
            continue
        figures.counts["taken" if answer.status_code < 400 else "refused"] += 1
        if answer.status_code >= 500:
            figures.tell(str(spot), spot.name, value, f"is answered with {answer.status}: {answer.text[:200]}")
        if not is_text(spot) and file.read_bytes().count(b"\n") > before + 1:
            figures.tell(str(spot), spot.name, value, f"adds lines: {answer.text[:200]}")


def every_spot(api: Api, known: Known) -> list[Spot]:
    """The spots of all served documents."""
    return [spot for path in DOCUMENTS for spot in Document(api, path).spots(known.get(path.split("/")[1], frozenset()))]


def try_requests(api: Api, known: Known, number: int = 0, seed: int = 0) -> Figures:
    """Try all spots, or a sample of so many by a seed."""
    figures, text = Figures(), (api.folder / "haproxy.cfg").read_bytes()
    spots = every_spot(api, known)
    for spot in share(spots, number, seed):
        (api.folder / "haproxy.cfg").write_bytes(text)
        try_spot(api, spot, figures)
    return figures
