"""What an operation takes and gives: checked by the frame, told by the specification."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dataplane_core.api.codec import Codec
from dataplane_core.errors import Code, Invalid
from dataplane_core.grammar import Prop
from dataplane_core.text.numbers import integer

Fragment = Mapping[str, Any]
"""A JSON Schema; `{"$ref": "server"}` refers to a definition by its bare name."""

BYTES = "application/octet-stream"
"""The media type of an answer that is a file."""

_TRUE = frozenset({"1", "t", "true", "yes", "y", "on", "enabled", "ok", "checked", "selected"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query, in the path or in a header.

    A boolean that cannot be read counts as false; an empty value counts as none.
    """

    name: str
    type: str = "string"
    where: str = "query"
    required: bool = False
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    default: Any = None
    help: str = ""

    def parse(self, text: str | None) -> Any:
        """The value in its type; `Invalid` with the inner code of the broken rule."""
        if text is None or text == "":
            if self.required:
                raise self._refuse(Code.REQUIRED, "is required")
            return self.default
        if self.type == "boolean":
            return text.lower() in _TRUE
        if self.type == "integer":
            number = integer(text)
            if number is None:
                told = json.dumps(text[:80], ensure_ascii=False)
                raise self._refuse(Code.TYPE, f"must be of type int64: {told}")
            return number
        if self.enum and text not in self.enum:
            raise self._refuse(Code.ENUM, f"should be one of [{' '.join(self.enum)}]")
        if self.pattern is not None and re.search(self.pattern, text, re.ASCII) is None:
            raise self._refuse(Code.PATTERN, f"should match '{self.pattern}'")
        return text

    def _refuse(self, code: Code, rule: str) -> Invalid:
        return Invalid(f"{self.name} in {self.where} {rule}", code=code)


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries.

    For JSON, either a `codec`, or the `props` of the object that `schema` refers to by name; the
    responder finds the decoded object in `req.body`. `form_field` is the file of a multipart body.
    `also` are further media types, which the responder itself tells apart.
    """

    schema: Fragment
    media: str = "application/json"
    also: tuple[str, ...] = ()
    codec: Codec | None = None
    props: tuple[Prop, ...] = ()
    required: bool = True
    form_field: str = ""

    @property
    def types(self) -> tuple[str, ...]:
        """Every media type that is taken."""
        return (self.media, *self.also)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: its schema, if it has a body, and the names of its headers."""

    schema: Fragment | None = None
    headers: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. Parameters of the path are added from its template unless stated.

    An answer that is a file (`produces` is `BYTES`) is given whatever the request accepts.
    `cached`: the answer is a function of path, query and snapshot alone (`View.answer_read`).
    """

    id: str
    tag: str
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    responses: Mapping[str, Response] = field(default_factory=dict)
    produces: str = "application/json"
    deprecated: bool = False
    cached: bool = False


TRANSACTION_ID = Parameter("transaction_id", help="The transaction to read or change in.")
VERSION = Parameter(
    "version",
    "integer",
    help="The version to change; the change is committed at once. Not with a transaction.",
)
FORCE_RELOAD = Parameter(
    "force_reload",
    "boolean",
    default=False,
    help="Reload at once and answer when it is over. Not with a transaction.",
)
CHANGE = (TRANSACTION_ID, VERSION, FORCE_RELOAD)
"""The parameters of an operation that changes the configuration."""

BAD_REQUEST = Response({"$ref": "error"}, ("Configuration-Version",), "The request cannot be done.")
NOT_FOUND = Response({"$ref": "error"}, ("Configuration-Version",), "There is no such object.")
EXISTS = Response({"$ref": "error"}, ("Configuration-Version",), "The object exists.")
NOT_ACCEPTABLE = Response({"$ref": "error"}, ("Configuration-Version",), "The state forbids it.")
FAILURE = Response({"$ref": "error"}, ("Configuration-Version",), "The request failed.")


def deleted() -> dict[str, Response]:
    """The answers to a DELETE in the configuration."""
    return {
        "202": Response(None, ("Reload-ID",), "Deleted; a reload is under way."),
        "204": Response(None, (), "Deleted."),
        "404": NOT_FOUND,
        "default": FAILURE,
    }


def replaced(schema: Fragment) -> dict[str, Response]:
    """The answers to a PUT in the configuration."""
    return {
        "200": Response(schema, (), "Replaced."),
        "202": Response(schema, ("Reload-ID",), "Replaced; a reload is under way."),
        "400": BAD_REQUEST,
        "404": NOT_FOUND,
        "default": FAILURE,
    }


def created(schema: Fragment) -> dict[str, Response]:
    """The answers to a POST in the configuration."""
    return {
        "201": Response(schema, (), "Created."),
        "202": Response(schema, ("Reload-ID",), "Created; a reload is under way."),
        "400": BAD_REQUEST,
        "409": EXISTS,
        "default": FAILURE,
    }
