"""The refusals of the frame, as the specification names them for each operation."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dataplane_core.api.operations import (
    AS_THEY_ARE,
    BAD_REQUEST,
    CONFLICT,
    DEFAULT_RESPONSE,
    EXISTS,
    FORBIDDEN,
    INVALID,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    TOO_LARGE,
    TRANSACTION_ID,
    UNAUTHORIZED,
    UNSUPPORTED_MEDIA,
    VERSION,
    Operation,
    Parameter,
    Response,
)

_AGAIN = ("Retry-After",)
GUESSED = replace(BAD_REQUEST, headers=_AGAIN, help="Too many wrong passwords came in.")
UNAVAILABLE = replace(
    BAD_REQUEST,
    headers=_AGAIN,
    help="Nothing is changed: the disk has lost writes, and only reads are answered until "
    "the server is started anew; or more is asked for at once than the server does.",
)
ACCEPTED = Response(help="The change is made; what was to be waited for is still to come.")
STORAGE_FULL = replace(
    BAD_REQUEST, help="No room is left on the disk: what was to be changed is as it was."
)

SHARED: Mapping[str, Response] = {
    "BadRequest": BAD_REQUEST,
    "Unauthorized": UNAUTHORIZED,
    "Forbidden": FORBIDDEN,
    "NotFound": NOT_FOUND,
    "NotAcceptable": NOT_ACCEPTABLE,
    "Conflict": CONFLICT,
    "AlreadyExists": EXISTS,
    "TooLarge": TOO_LARGE,
    "UnsupportedMedia": UNSUPPORTED_MEDIA,
    "Invalid": INVALID,
    "Guessed": GUESSED,
    "Unavailable": UNAVAILABLE,
    "StorageFull": STORAGE_FULL,
    "DefaultError": DEFAULT_RESPONSE,
}
"""The answers that a document defines once, by the names of their definitions."""


def answers(operation: Operation, is_authorized: bool, *, changes: bool) -> dict[str, Response]:
    """Return all answers of an operation by status: its own, and the refusals of the frame.

    `is_authorized`: a plugin decides who may do what. `changes`: the operation asks for a change,
    which needs the disk.
    """
    found = {**dict(_refusals(operation, is_authorized)), **operation.responses}
    if changes:
        found = {"503": UNAVAILABLE, "507": STORAGE_FULL, **found}
    return dict(sorted(found.items()))


def can_be_followed(operation: Operation) -> bool:
    """Tell whether the answer of an operation can wait for what becomes of its change."""
    return (operation.edits or operation.plans or operation.rehearses) and not operation.asks


def followed(operation: Operation, parameters: tuple[Parameter, ...]) -> Operation:
    """Return an operation with the parameters by which its answer waits, and what it says then."""
    responses = {"202": ACCEPTED, "409": CONFLICT, **operation.responses}
    return replace(
        operation, parameters=(*operation.parameters, *parameters), responses=responses
    )


def _refusals(operation: Operation, is_authorized: bool) -> Iterator[tuple[str, Response]]:
    yield "401", UNAUTHORIZED
    yield "429", GUESSED
    if is_authorized:
        yield "403", FORBIDDEN
    if operation.produces not in AS_THEY_ARE:
        yield "406", NOT_ACCEPTABLE
    names = {one.name for one in operation.parameters if one.where == "query"}
    body = operation.body
    is_decoded = body is not None and body.media == "application/json"
    if is_decoded or TRANSACTION_ID.name in names:
        yield "400", BAD_REQUEST
    if VERSION.name in names:
        yield "409", CONFLICT
    if body is not None:
        yield "413", TOO_LARGE
        yield "415", UNSUPPORTED_MEDIA
    if is_decoded or any(_can_be_wrong(one) for one in operation.parameters):
        yield "422", INVALID


def _can_be_wrong(one: Parameter) -> bool:
    """Return whether a value can break the parameter's rules."""
    if one.where == "path":
        return one.type == "integer" or bool(one.enum or one.pattern)
    return one.required or one.type == "integer" or bool(one.enum or one.pattern)
