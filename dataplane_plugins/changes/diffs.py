"""`/diff`: how two texts of the configuration differ, as text and as objects.

The texts are those of versions, of a transaction and what it began on, or one that a client posts.
Neither has the line with the version's number, which always differs.
"""

from dataclasses import replace

from dataplane_core.plugin import (
    NOT_FOUND,
    OWN,
    Body,
    InVersion,
    Parameter,
    Response,
    Routes,
    Services,
    View,
    impl,
    operation,
)

PATH = "/diff"
_FROM = Parameter("from", "integer", help="The version to start from; the newest one if unset.")
_TO = Parameter("to", "integer", help="The version to compare it with; the newest one if unset.")
_TRANSACTION = Parameter(
    "transaction_id", help="Compare a transaction with the version that it began on."
)
_RAW = Parameter(
    "with_secrets",
    "boolean",
    default=False,
    help="Show the secrets in lines, too, as the configuration itself does.",
)

_WHOLE = Parameter(
    "whole", "boolean", default=False, help="Leave nothing out, however much differs."
)
_FILE = Parameter(
    "file", help="Compare a stored file instead: its path, or as in `maps/hosts.map`."
)
_PROPERTY = {
    "type": "object",
    "required": ["before", "after"],
    "properties": {
        "before": {"description": "The value before; null where it was not set."},
        "after": {"description": "The value after; null where it is not set."},
        "secret": {"type": "boolean", "description": "Whether the values are secret, and hidden."},
    },
}
CHANGE = {
    "type": "object",
    "required": ["resource", "kind", "section", "change", "properties"],
    "properties": {
        "resource": {"type": ["string", "null"], "description": "Its path in v3, if it has one."},
        "kind": {"type": "string"},
        "section": {"type": "string", "description": "The header of the section that holds it."},
        "name": {"type": "string"},
        "index": {"type": "integer"},
        "change": {"type": "string", "enum": ["created", "changed", "deleted", "moved"]},
        "former": {"type": ["string", "null"], "description": "The path before, if another."},
        "position": _PROPERTY,
        "properties": {"type": "object", "additionalProperties": _PROPERTY},
    },
}
LEFT_OUT = {
    "type": "object",
    "additionalProperties": {"type": "integer"},
    "description": "How much of a large change is not told here: `sections` that differ, and whose "
    "`changes` are not all told; `lines` of the text; items of other lists, by their names.",
}
_DIFF = {
    "type": "object",
    "required": ["from", "to", "text", "changes"],
    "properties": {
        "from": {"type": "object"},
        "to": {"type": "object"},
        "file": {"type": "string", "description": "The path of the file that was compared."},
        "change": {"type": "string", "enum": ["created", "changed", "deleted", "unchanged"]},
        "text": {
            "type": ["string", "null"],
            "description": "As `diff -u` has it, empty if nothing differs; null for a file that is "
            "no text.",
        },
        "changes": {"type": "array", "items": {"$ref": "object_change"}},
        "left_out": LEFT_OUT,
    },
}
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve differences."""
    routes.tag("Diff", "How two texts of the configuration differ.", 10)
    routes.schema("object_change", CHANGE, versions=OWN)
    routes.schema("configuration_diff", _DIFF, versions=OWN)
    found = Response({"$ref": "configuration_diff"})
    operations = {
        "GET": operation(
            "getDiff",
            "Diff",
            "Compare two versions. Or a transaction and the version that it began on.",
            (_FROM, _TO, _TRANSACTION, _FILE, _RAW, _WHOLE),
            _200=found,
            _404=NOT_FOUND,
        ),
        "POST": replace(operation(
            "postDiff",
            "Diff",
            "Compare a posted text with a version. With the newest one, unless another is named.",
            (_FROM, _FILE, _RAW, _WHOLE),
            Body(
                _TEXT, also=("text/plain",), example={"text": "global\n  daemon\n"},
                is_configuration=True,
            ),
            _200=found,
            _404=NOT_FOUND,
        ), asks=True),
    }

    def make(view: View) -> object:
        from dataplane_plugins.changes.diff_responder import Diffs

        return Diffs(services, view)

    routes.add(PATH, InVersion(make), operations, versions=OWN)
