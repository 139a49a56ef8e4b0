"""`/dataplane/v1/history`: the versions that the configuration has had, and who made them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, cast

from dataplane_core.plugin import (
    BAD_REQUEST,
    CONFLICT,
    FORCE_RELOAD,
    NOT_FOUND,
    OWN,
    InVersion,
    Parameter,
    Response,
    Routes,
    Services,
    View,
    impl,
    operation,
)
from dataplane_plugins.changes.past.following import follow_files

PATH = "/history"
TAG = "History"
ORIGINS = ("request", "transaction", "discovery", "rollback", "restore", "hand_edit")
STATES = ("running", "applied", "waits", "saved", "refused", "rolled_back")
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_AUTHOR: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {**_TEXT, "description": "User, or name in the client certificate."},
        "method": {**_TEXT, "description": "How the name was proved."},
        "address": {**_TEXT, "description": "Address and port, or `unix`."},
        "client": {**_TEXT, "description": "What the client calls itself (User-Agent)."},
        "interface": {**_TEXT, "description": "Version of the interface, as `v3`."},
    },
}
_TOUCHED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "resource": {**_TEXT, "x-nullable": True, "description": "Path in `/v3`."},
        "section": _TEXT,
        "change": {**_TEXT, "enum": ["created", "changed", "deleted", "moved"]},
    },
}
_RECORD: dict[str, Any] = {
    "type": "object",
    "required": ["version", "time", "origin", "state"],
    "properties": {
        "version": _NUMBER,
        "time": {**_TEXT, "format": "date-time"},
        "origin": {**_TEXT, "enum": list(ORIGINS), "description": "What made the version."},
        "state": {
            **_TEXT,
            "enum": list(STATES),
            "description": "HAProxy has loaded it (`running`), took it over its socket (`applied`),"
            " will be reloaded (`waits`), got nothing as the client wanted it (`saved`), refuses it"
            " while it stays in the file (`refused`), or it was taken back (`rolled_back`).",
        },
        "author": {"$ref": "history_author"},
        "reason": {**_TEXT, "description": "The client's own, from `X-Change-Reason`."},
        "request_id": _TEXT,
        "transaction_id": _TEXT,
        "commands": {
            "type": "array",
            "items": _TEXT,
            "description": "Commands with which the running HAProxy took the version.",
        },
        "reload": {
            "type": "object",
            "properties": {
                "id": _TEXT,
                "reason": {**_TEXT, "description": "Why commands would not do."},
            },
        },
        "warnings": {"type": "array", "items": _TEXT, "description": "HAProxy's words."},
        "failure": {
            **_TEXT,
            "description": "Why it was taken back, is refused, or put a former text back.",
        },
        "undone_by": {**_NUMBER, "description": "The version that put back a former text."},
        "text_of": {**_NUMBER, "description": "The version whose text this one put back."},
        "confirmation": {
            "type": "object",
            "description": "What became of a version that had to be confirmed.",
            "properties": {"state": _TEXT, "before": _TEXT, "reason": _TEXT, "ended_by": _TEXT},
        },
        "resources": {
            "type": "array",
            "items": {"$ref": "history_resource"},
            "description": "What the version touched; of very many resources, their sections.",
        },
    },
}
_FILTERS = (
    Parameter("since", help="Versions made at this time or later, as 2026-11-30T01:02:03Z."),
    Parameter("until", help="Versions made before this time."),
    Parameter("who", help="Versions made by this user."),
    Parameter("origin", enum=ORIGINS, help="Versions made in this way."),
    Parameter("resource", help="Versions that touched this path, or a resource below it."),
    Parameter("limit", "integer", default=50, help="Versions in one answer, 1000 at most."),
    Parameter("before", "integer", help="Versions below this one: the next page."),
)
_VERSION = Parameter(
    "version", where="path", required=True, help="Number of the version, or `newest`."
)
_WITH_SECRETS = Parameter(
    "with_secrets", "boolean", default=False, help="Show secrets in lines of the configuration."
)
_BLAMED = {
    "type": "object",
    "required": ["line", "text", "version"],
    "properties": {
        "line": {"type": "integer", "description": "Number of the line in the file, from 1."},
        "text": {"type": "string"},
        "version": {"type": "integer", "description": "The version that wrote the line."},
        "or_earlier": {"type": "boolean", "description": "The line may be older than all texts."},
        "time": {"type": "string", "format": "date-time"},
        "origin": {"type": "string", "enum": list(ORIGINS)},
        "who": {"type": "string"},
        "reason": {"type": "string"},
    },
}
_FILE = {
    "type": "object",
    "properties": {
        "path": _TEXT,
        "sha256": _TEXT,
        "size": _NUMBER,
        "kept": {"type": "boolean", "description": "Whether the content is kept."},
        "now": {**_TEXT, "enum": ["same", "changed", "gone"]},
        "author": {"$ref": "history_author"},
        "reason": _TEXT,
    },
}
_ROLLED_BACK = {
    "type": "object",
    "properties": {
        "version": {**_NUMBER, "description": "The new version; of a dry run, the newest one."},
        "text_of": {**_NUMBER, "description": "The version that is put back."},
        "state": {**_TEXT, "enum": ["planned", "applied", "queued", "reloaded"]},
        "reload_id": _TEXT,
        "confirm_before": _TEXT,
        "files": {"type": "array", "items": _TEXT, "description": "Files that come back."},
        "changes": {"type": "array", "items": {"type": "object"}, "description": "By resources."},
        "diff": _TEXT,
        "warnings": {"type": "array", "items": _TEXT, "description": "HAProxy's words."},
    },
}
_DETAILS = {
    "former": {"type": "integer", "description": "The version before."},
    "is_kept": {"type": "boolean", "description": "Whether both texts are kept."},
    "changes": {"type": "array", "items": {"type": "object"}, "description": "By resources."},
    "diff": {"type": "string", "description": "By lines, as `diff -u` has it."},
}
_LIST = operation(
    "listVersions",
    TAG,
    "List versions. The newest first; `before` with the last one's number gives the next page.",
    _FILTERS,
    _200=Response({"type": "array", "items": {"$ref": "history_version"}}),
    _400=BAD_REQUEST,
)
_ONE = operation(
    "getVersion",
    TAG,
    "Read a version. Its record, and what it changed of the version before.",
    (_VERSION, _WITH_SECRETS),
    _200=Response({"$ref": "history_version_details"}),
    _404=NOT_FOUND,
)
_VERSION_TEXT = replace(
    operation(
        "getVersionText",
        TAG,
        "Read the text of a version. As it stood in the file.",
        (_VERSION,),
        _200=Response({"type": "string"}),
        _404=NOT_FOUND,
    ),
    produces="text/plain",
)
_BLAME = operation(
    "getVersionBlame",
    TAG,
    "Tell who wrote each line. Of the whole text, of a section, or of a resource.",
    (
        _VERSION,
        Parameter("resource", help="Path of the resource."),
        Parameter("section", help="Kind and name of the section, as `backend be1`."),
        _WITH_SECRETS,
    ),
    _200=Response({"type": "array", "items": {"$ref": "history_line"}}),
    _404=NOT_FOUND,
)


_FILES = operation(
    "getVersionFiles",
    TAG,
    "List the files of a version. Those of the storage, and those elsewhere that the text names by "
    "their whole paths; never what they hold.",
    (
        _VERSION,
        Parameter(
            "at",
            enum=("found", "left", "each"),
            default="found",
            help="As the version found them, as it left them to the next one, or each content that "
            "files had in between, in order.",
        ),
    ),
    _200=Response({"type": "array", "items": {"$ref": "history_file"}}),
    _404=NOT_FOUND,
)
_PUT_BACK = operation(
    "rollBackToVersion",
    TAG,
    "Put a version back. Its text becomes a new version, with the files of the storage that it "
    "uses; HAProxy judges both before anything is changed. `dry_run=true` says what it would do.",
    (
        _VERSION,
        Parameter("newest", "integer", help="The version that has to be the newest one now."),
        Parameter(
            "files",
            enum=("found", "left", "keep"),
            default="found",
            help="Files as the version found them, as it left them, or as they are now.",
        ),
        FORCE_RELOAD,
    ),
    _200=Response({"$ref": "history_rollback"}, (), "Put back, or what that would do."),
    _202=Response({"$ref": "history_rollback"}, ("Reload-ID",), "Put back; a reload is under way."),
    _400=BAD_REQUEST,
    _404=NOT_FOUND,
    _409=CONFLICT,
)
_ROLLBACK = replace(_PUT_BACK, plans=True)


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the history."""
    routes.tag(TAG, "The versions that the configuration has had.", -10)
    routes.schema("history_author", _AUTHOR, OWN)
    routes.schema("history_resource", _TOUCHED, OWN)
    routes.schema("history_version", _RECORD, OWN)
    routes.schema("history_line", _BLAMED, OWN)
    details = {**_RECORD, "properties": {**_RECORD["properties"], **_DETAILS}}
    routes.schema("history_version_details", details, OWN)
    routes.schema("history_file", _FILE, OWN)
    routes.schema("history_rollback", _ROLLED_BACK, OWN)
    for path, name, serves in (
        (PATH, "History", _LIST),
        (f"{PATH}/{{version}}", "PastVersion", _ONE),
        (f"{PATH}/{{version}}/text", "VersionText", _VERSION_TEXT),
        (f"{PATH}/{{version}}/blame", "Blame", _BLAME),
        (f"{PATH}/{{version}}/files", "VersionFiles", _FILES),
    ):
        routes.add(path, InVersion(_maker(name, services)), {"GET": serves}, OWN)
    one = InVersion(_maker("VersionRollback", services))
    routes.add(f"{PATH}/{{version}}/rollback", one, {"POST": _ROLLBACK}, OWN)


@impl
def dataplane_start(services: Services) -> None:
    """Follow the files of the storage, in one worker of all."""
    services.lead("history", partial(follow_files, services))


def _maker(name: str, services: Services) -> Callable[[View], object]:
    """Return what makes a responder; what it needs is loaded when somebody first asks for it."""

    def make(view: View) -> object:
        from dataplane_plugins.changes.past import responders, rollback

        responder = getattr(responders, name, None) or getattr(rollback, name)
        return cast(object, responder(services, view))

    return make
