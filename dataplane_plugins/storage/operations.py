"""What the specification says of stored files."""

from collections.abc import Iterable
from dataclasses import replace

from dataplane_core.plugin import (
    BAD_REQUEST,
    BYTES,
    EXISTS,
    FILE_FIELD,
    NOT_FOUND,
    Body,
    Fragment,
    Operation,
    Parameter,
    Response,
    operation,
)

TAG = "Storage"
PATH = "/services/haproxy/storage"
V2, V3 = ("v2",), ("v3",)
"""The versions of a path that each serves in its own way."""
TEXT: Fragment = {"type": "string"}
SIZE: Fragment = {"type": "integer", "x-nullable": True}
CONTENT: Fragment = {"type": "string", "format": "binary"}
TEXT_BODY = Body(TEXT, "text/plain")
FORM_BODY = Body(CONTENT, "multipart/form-data", form_field=FILE_FIELD)
FORCE = Parameter(
    "force_reload", "boolean", default=False, help="Reload at once and answer when it is over."
)
SKIP = Parameter(
    "skip_reload", "boolean", default=False, help="Change the file and leave HAProxy as it is."
)
DELETED = Response(None, (), "Deleted.")
IN_USE = Response({"$ref": "error"}, ("Configuration-Version",), "The configuration names it.")
UNDER_WAY = "a reload is under way."


def reload_queued(schema: Fragment | None = None) -> Response:
    """Return the answer to a change that needs a reload."""
    return Response(schema, ("Reload-ID",), f"Done; {UNDER_WAY}")


def list_operation(identifier: str, summary: str, schema: Fragment) -> Operation:
    """Return the operation that lists a folder."""
    return operation(identifier, TAG, summary, _200=Response(schema), _404=NOT_FOUND)


def upload_operation(
    identifier: str,
    summary: str,
    schema: Fragment,
    parameters: Iterable[Parameter] = (),
    **more: Response,
) -> Operation:
    """Return the operation that uploads a file; `more` are further answers (`_202=…`)."""
    done = Response(schema, (), "Stored.")
    answers = {"_201": done, **more, "_400": BAD_REQUEST, "_409": EXISTS}
    uploading = operation(identifier, TAG, summary, parameters, FORM_BODY, **answers)
    return replace(uploading, rehearses=True)


def download_operation(identifier: str, summary: str) -> Operation:
    """Return the operation that gives the content of a file."""
    whole = Response(CONTENT, (), f"The file, as {BYTES} whatever the request accepts.")
    reading = operation(identifier, TAG, summary, _200=whole, _404=NOT_FOUND)
    return replace(reading, produces=BYTES)


def replace_operation(
    identifier: str, summary: str, schema: Fragment | None = None, body: Body = TEXT_BODY
) -> Operation:
    """Return the operation that replaces a file's content.

    Its answer is the file's description, or nothing without a schema.
    """
    done = {"_200": Response(schema, (), "Replaced.")} if schema else {"_204": Response(None)}
    answers = {**done, "_202": reload_queued(schema), "_400": BAD_REQUEST, "_404": NOT_FOUND}
    replacing = operation(identifier, TAG, summary, (SKIP, FORCE), body, **answers)
    return replace(replacing, rehearses=True)


def delete_operation(
    identifier: str, summary: str, parameters: Iterable[Parameter] = (), **more: Response
) -> Operation:
    """Return the operation that deletes a file.

    It leaves the running HAProxy as it is, unless it has `parameters` and `more` answers.
    """
    answers = {**more, "_204": DELETED, "_404": NOT_FOUND, "_409": IN_USE}
    deleting = operation(identifier, TAG, summary, parameters, None, **answers)
    return replace(deleting, rehearses=True)
