"""What an operation takes and gives: the frame checks it, the specification describes it."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from dataplane_core.codec.codec import Codec
from dataplane_core.codec.lists import ListCodec
from dataplane_core.dataclass import dataclass
from dataplane_core.errors import BadParameter, Code
from dataplane_core.grammar import Problem, Prop
from dataplane_core.text.numbers import parse_integer

Fragment = Mapping[str, Any]
"""A JSON Schema; `{"$ref": "server"}` refers to a definition by its bare name."""

BYTES = "application/octet-stream"
"""The media type of an answer that is a file."""
AS_THEY_ARE = (BYTES, "text/plain")
"""Media types of answers that are given whatever the request accepts: clients ask for JSON."""

_TRUE = frozenset({"1", "t", "true", "yes", "y", "on", "enabled", "ok", "checked", "selected"})
_FALSE = frozenset({"0", "f", "false", "no", "n", "off", "disabled"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query, in the path or in a header.

    A boolean that cannot be read counts as false, unless it is read strictly; an empty value
    counts as none. `current` is the path, below the API version's prefix, of an answer that is the
    value to give now.
    """

    name: str
    type: str = "string"
    where: str = "query"
    required: bool = False
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    default: Any = None
    help: str = ""
    current: str = ""

    def parse(self, text: str | None, *, strict: bool = False) -> Any:
        """Return the value in its type; `BadParameter` with the code of the broken rule."""
        if text is None or text == "":
            if self.required:
                raise self._refuse(Code.REQUIRED, "is required")
            return self.default
        if self.type == "boolean":
            word = text.lower()
            if strict and word not in _TRUE and word not in _FALSE:
                raise self._refuse(Code.TYPE, f"must be true or false, instead of {_quoted(text)}")
            return word in _TRUE
        if self.type == "integer":
            number = parse_integer(text)
            if number is None:
                raise self._refuse(Code.TYPE, f"must be of type int64: {_quoted(text)}")
            return number
        if self.enum and text not in self.enum:
            raise self._refuse(Code.ENUM, f"should be one of [{' '.join(self.enum)}]")
        if self.pattern is not None and re.search(self.pattern, text, re.ASCII) is None:
            raise self._refuse(Code.PATTERN, f"should match '{self.pattern}'")
        return text

    def _refuse(self, code: Code, rule: str) -> BadParameter:
        return BadParameter(f"{self.name} in {self.where} {rule}", code=code)


def _quoted(text: str) -> str:
    return json.dumps(text[:80], ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Body:
    """The body that an operation takes.

    For JSON, either a `codec`, or the `props` of the object that `schema` refers to by name, with
    the `rules` between them; the responder finds the decoded object in `req.body`. Where a view of
    a plugin's own has the codec, `make_codec` gives it for the view of a version. `form_field` is
    the file of a multipart body. `also` are further media types, which the responder itself tells
    apart. `example` is a body that can be sent as it is. `most`: the bytes that are taken at most.
    `is_configuration`: it may be a text of the configuration, whose lines are limited.
    """

    schema: Fragment
    media: str = "application/json"
    also: tuple[str, ...] = ()
    codec: Codec | ListCodec | None = None
    props: tuple[Prop, ...] = ()
    rules: Callable[[Mapping[str, Any]], Iterable[Problem]] = lambda values: ()
    make_codec: Callable[[Any], Codec] | None = None
    required: bool = True
    form_field: str = ""
    help: str = ""
    example: Any = None
    most: int = 1 << 62
    is_configuration: bool = False

    @property
    def description(self) -> str:
        """What the specification says of the body."""
        return self.help or ("The file." if self.form_field else "The object as it shall be.")

    @property
    def types(self) -> tuple[str, ...]:
        """Every media type that is taken."""
        return (self.media, *self.also)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: its schema, if it has a body, and the names of its headers.

    `wrapped`: the answer is what `ApiVersion.wrap` makes of a value with that schema; there always
    is one where it is `required`, and it has a version unless it is not `versioned`.
    """

    schema: Fragment | None = None
    headers: tuple[str, ...] = ()
    help: str = ""
    wrapped: bool = False
    required: bool = False
    versioned: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. Parameters of the path are added from its template unless stated.

    `summary` says in plain words what it does ("List backends"); what follows its first full stop
    is the description.

    `cached`: the answer is a function of path, query and snapshot alone (`View.answer_read`).
    `repeatable`: an answer 200 is a function of the request and the configuration alone, which the
    responder reads with `View.snapshot` or not at all; that of a `cached` operation always is.
    `plans`: with `dry_run` the responder says what it would do, and does nothing (`Planned`); those
    that edit the configuration do so in any case. `rehearses`: what it changes is noted instead
    while it is gone through (`rehearsal`). `edits_file`: it edits a file that has versions of its
    own. `asks`: it changes nothing. `open`: to anybody. `granted`: to whoever is known, whatever
    plugins say of rights. `administers`: to admins alone.
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
    repeatable: bool = False
    plans: bool = False
    rehearses: bool = False
    edits_file: bool = False
    asks: bool = False
    open: bool = False
    granted: bool = False
    administers: bool = False

    @property
    def edits(self) -> bool:
        """Whether it makes a change by an edit, which can be tried and planned."""
        return VERSION in self.parameters or self.edits_file

    @property
    def title(self) -> str:
        """The first sentence of the summary, without its full stop."""
        return self.summary.partition(". ")[0].rstrip(".")

    @property
    def description(self) -> str:
        """What the summary says after its first sentence, else that sentence."""
        return self.summary.partition(". ")[2] or f"{self.title or self.id}."


class Operations(Mapping[str, Operation]):
    """The operations of one path by method, each made when it is first asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], Operation]]) -> None:
        self._makers = makers
        self._made: dict[str, Operation] = {}

    def __getitem__(self, method: str) -> Operation:
        found = self._made.get(method)
        if found is None:
            found = self._made.setdefault(method, self._makers[method]())
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def array(name: str) -> Fragment:
    """Return the schema of a list of objects that the definition `name` describes."""
    return {"type": "array", "items": {"$ref": name}}


def operation(
    identifier: str,
    tag: str,
    summary: str,
    parameters: Iterable[Parameter] = (),
    body: Body | None = None,
    **answers: Response,
) -> Operation:
    """Return an operation whose `answers` are `_200=…`; any other status is a failure."""
    responses = {code.lstrip("_"): answer for code, answer in answers.items()}
    responses["default"] = DEFAULT_RESPONSE
    return Operation(identifier, tag, summary, tuple(parameters), body, responses)


CURRENT_VERSION = "/services/haproxy/configuration/version"
"""Answers what to give as `version`."""

TRANSACTION_ID = Parameter("transaction_id", help="The transaction to read or change in.")
VERSION = Parameter(
    "version",
    "integer",
    help="The version to change; the change is committed at once. Not with a transaction.",
    current=CURRENT_VERSION,
)
FORCE_RELOAD = Parameter(
    "force_reload",
    "boolean",
    default=False,
    help="Reload at once and answer when it is over. Not with a transaction.",
)
FULL_SECTION = Parameter(
    "full_section",
    "boolean",
    default=False,
    help="Show, or replace, the lines of other resources that stand in the section, too.",
)
CHANGE = (TRANSACTION_ID, VERSION, FORCE_RELOAD)
"""The parameters of an operation that changes the configuration."""

_VERSIONED = ("Configuration-Version",)
_ERROR: Fragment = {"$ref": "error"}
BAD_REQUEST = Response(_ERROR, _VERSIONED, "The request cannot be carried out as it is.")
UNAUTHORIZED = Response(_ERROR, ("WWW-Authenticate",), "The request has no valid credentials.")
FORBIDDEN = Response(_ERROR, _VERSIONED, "The user may not do this.")
NOT_FOUND = Response(_ERROR, _VERSIONED, "The object does not exist.")
NOT_ACCEPTABLE = Response(
    _ERROR,
    _VERSIONED,
    "The request accepts no form that the answer has, or the state of the transaction forbids it.",
)
CONFLICT = Response(_ERROR, _VERSIONED, "The given version is not the newest one.")
EXISTS = Response(
    _ERROR, _VERSIONED, "An object of that name exists, or the given version is not the newest one."
)
TOO_LARGE = Response(_ERROR, _VERSIONED, "The body is larger than the server takes.")
UNSUPPORTED_MEDIA = Response(_ERROR, _VERSIONED, "The body is of another media type.")
INVALID = Response(
    _ERROR,
    _VERSIONED,
    "A parameter or property breaks its rule; `code` says which kind of rule: 601 type, "
    "602 required, 605 pattern, 606 allowed words, 608 maximum, 609 minimum, 610 unknown.",
)
DEFAULT_RESPONSE = Response(_ERROR, _VERSIONED, "The request failed; the message says why.")


def deleted() -> dict[str, Response]:
    """Return the answers to a DELETE in the configuration."""
    return {
        "202": Response(None, ("Reload-ID",), "Deleted; a reload is under way."),
        "204": Response(None, (), "Deleted."),
        "404": NOT_FOUND,
        "default": DEFAULT_RESPONSE,
    }


def replaced(schema: Fragment) -> dict[str, Response]:
    """Return the answers to a PUT in the configuration."""
    return {
        "200": Response(schema, (), "Replaced."),
        "202": Response(schema, ("Reload-ID",), "Replaced; a reload is under way."),
        "400": BAD_REQUEST,
        "404": NOT_FOUND,
        "default": DEFAULT_RESPONSE,
    }


def created(schema: Fragment) -> dict[str, Response]:
    """Return the answers to a POST in the configuration."""
    return {
        "201": Response(schema, (), "Created."),
        "202": Response(schema, ("Reload-ID",), "Created; a reload is under way."),
        "400": BAD_REQUEST,
        "409": EXISTS,
        "default": DEFAULT_RESPONSE,
    }
