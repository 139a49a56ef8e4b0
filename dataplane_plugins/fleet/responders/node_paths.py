"""The operations that look into members: differences, logs, and HAProxy's statistics."""

from typing import Any

from dataplane_core.plugin import (
    BAD_REQUEST,
    CONFLICT,
    NOT_FOUND,
    Operation,
    Parameter,
    Response,
    operation,
)
from dataplane_plugins.fleet import TAG

_NAME = Parameter("name", where="path", required=True, help="A member.")
_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}
SCHEMAS = {
    "fleet_diff": {
        "type": "object",
        "properties": {
            "name": _TEXT,
            "revision": {**_NUMBER, "description": "The revision that the member has."},
            "newest": {**_NUMBER, "description": "The one that it is compared with."},
            "asked": {
                "type": "boolean",
                "description": "Whether the member was asked; else what it has said that it has.",
            },
            "diff": {**_TEXT, "description": "What differs, as `diff -u` has it."},
            "files": {
                "type": "array", "items": _TEXT,
                "description": "The files beside the configuration that differ.",
            },
        },
    },
    "fleet_statistics": {
        "type": "object",
        "properties": {
            "stats": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "backend_name": _TEXT, "name": _TEXT, "type": _TEXT, "stats": _OBJECT,
                    },
                },
            },
            "nodes": {"type": "array", "items": {"$ref": "fleet_answer"}},
        },
    },
}  # fmt: skip
"""What their answers look like."""


def diff() -> Operation:
    """Return the operation that shows what a member has otherwise."""
    return operation(
        "getFleetNodeDiff", TAG,
        "Read what differs on a member. Between the newest version of the fleet, with what is the "
        "member's own, and what the member has.",
        (_NAME,), _200=Response({"$ref": "fleet_diff"}), _404=NOT_FOUND, _409=CONFLICT,
    )  # fmt: skip


def log() -> Operation:
    """Return the operation that shows what has happened on a member."""
    limit = Parameter("limit", "integer", default=100, help="The newest events, 1000 at most.")
    return operation(
        "getFleetNodeLog", TAG, "Read what has happened on a member. Of the fleet, and reloads.",
        (_NAME, limit), _200=Response({"type": "array", "items": _OBJECT}),
        _400=BAD_REQUEST, _404=NOT_FOUND, _409=CONFLICT,
    )  # fmt: skip


def statistics() -> Operation:
    """Return the operation that shows what HAProxy has counted on all members together."""
    return operation(
        "getFleetStatistics", TAG,
        "Read the statistics of all members together. In the form of HAProxy's own, each field "
        "added up, or otherwise put together, as HAProxy says what it is.",
        (
            Parameter("type", enum=("frontend", "backend", "server"), help="Show only these."),
            Parameter("name", help="Show only the object of this name; with a type."),
            Parameter("parent", help="Show only servers of this backend; with the type server."),
            Parameter("group", help="Ask only the members of this group."),
        ),
        _200=Response({"$ref": "fleet_statistics"}), _400=BAD_REQUEST,
    )  # fmt: skip
