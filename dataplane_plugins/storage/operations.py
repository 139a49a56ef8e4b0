"""What the specification says of stored files."""

from collections.abc import Iterable
from pathlib import Path

from dataplane_core.plugin import (
    BAD_REQUEST,
    BYTES,
    EXISTS,
    FAILURE,
    NOT_FOUND,
    Body,
    Fragment,
    Operation,
    Parameter,
    Response,
    Services,
)
from dataplane_plugins.storage.files import FIELD
from dataplane_plugins.storage.folders import Folder

TAG = "Storage"
PATH = "/services/haproxy/storage"
TEXT: Fragment = {"type": "string"}
SIZE: Fragment = {"type": "integer", "x-nullable": True}
CONTENT: Fragment = {"type": "string", "format": "binary"}
FORCE = Parameter(
    "force_reload", "boolean", default=False, help="Reload at once and answer when it is over."
)
SKIP = Parameter(
    "skip_reload", "boolean", default=False, help="Change the file and leave HAProxy as it is."
)
GONE = Response(None, (), "Deleted.")
IN_USE = Response({"$ref": "error"}, ("Configuration-Version",), "The configuration names it.")
UNDER_WAY = "a reload is under way."


def queued(schema: Fragment | None = None) -> Response:
    """The answer to a change that needs a reload."""
    return Response(schema, ("Reload-ID",), f"Done; {UNDER_WAY}")


def listed(identifier: str, summary: str, schema: Fragment) -> Operation:
    """The list of a folder."""
    responses = {"200": Response(schema), "404": NOT_FOUND, "default": FAILURE}
    return Operation(identifier, TAG, summary, responses=responses)


def uploaded(
    identifier: str,
    summary: str,
    schema: Fragment,
    parameters: Iterable[Parameter] = (),
    **more: Response,
) -> Operation:
    """The upload of a file."""
    body = Body(CONTENT, "multipart/form-data", form_field=FIELD)
    responses = {
        "201": Response(schema, (), "Stored."),
        **{code.lstrip("_"): answer for code, answer in more.items()},
        "400": BAD_REQUEST,
        "409": EXISTS,
        "default": FAILURE,
    }
    return Operation(identifier, TAG, summary, tuple(parameters), body, responses)


def downloaded(identifier: str, summary: str) -> Operation:
    """The content of a file."""
    whole = Response(CONTENT, (), f"The file, as {BYTES} whatever the request accepts.")
    responses = {"200": whole, "404": NOT_FOUND, "default": FAILURE}
    return Operation(identifier, TAG, summary, responses=responses, produces=BYTES)


def replaced(identifier: str, summary: str, schema: Fragment | None = None) -> Operation:
    """Other content for a file; the answer is its description, or nothing without a schema."""
    done = ("200", Response(schema, (), "Replaced.")) if schema else ("204", Response(None))
    responses = {
        done[0]: done[1],
        "202": queued(schema),
        "400": BAD_REQUEST,
        "404": NOT_FOUND,
        "default": FAILURE,
    }
    return Operation(identifier, TAG, summary, (SKIP, FORCE), Body(TEXT, "text/plain"), responses)


def removed(identifier: str, summary: str) -> Operation:
    """The deletion of a file that nothing is told of."""
    responses = {"204": GONE, "404": NOT_FOUND, "409": IN_USE, "default": FAILURE}
    return Operation(identifier, TAG, summary, responses=responses)


def folder(services: Services, name: str, suffix: str = "", mode: int = 0o644) -> Folder:
    """The folder of a setting of `dataplaneapi.resources`."""
    settings = services.settings
    return Folder(
        Path(getattr(settings.dataplaneapi.resources, name)),
        services.state.path(f"{name}.lock"),
        suffix,
        mode,
        settings.dataplane.link_targets,
    )
