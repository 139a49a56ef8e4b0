"""`/apply`: a desired state becomes what is there, by the smallest edits."""

from dataplane_core.plugin import (
    BAD_REQUEST,
    CONFLICT,
    DEFAULT_RESPONSE,
    FORCE_RELOAD,
    OWN,
    Body,
    InVersion,
    Operation,
    Parameter,
    Response,
    Routes,
    Services,
    View,
    impl,
)
from dataplane_plugins.changes.applying import ARCHIVE, JSON, PLAIN, YAML
from dataplane_plugins.changes.diffs import LEFT_OUT

PATH = "/apply"
_TEXT = {"type": "string"}
_LIST = {"type": "array", "items": _TEXT}
APPLIED = {
    "type": "object",
    "required": ["version", "changed", "state"],
    "properties": {
        "version": {
            "type": "integer",
            "description": "The version that says what is desired; the one it would be made of.",
        },
        "changed": {"type": "boolean", "description": "Whether anything differs from before."},
        "state": {
            "type": "string",
            "enum": ["unchanged", "planned", "applied", "queued", "reloaded"],
            "description": "`applied` over the Runtime API, or a reload is `queued` or done.",
        },
        "reload_id": {**_TEXT, "description": "The reload that brings the version to HAProxy."},
        "reload_reason": {**_TEXT, "description": "Why a reload is needed."},
        "confirm_before": {**_TEXT, "description": "Until when the version is to be confirmed."},
        "text": {**_TEXT, "description": "The difference, as `diff -u` says it."},
        "changes": {
            "type": "array",
            "items": {"type": "object"},
            "description": "The objects that differ, each with its properties.",
        },
        "left_out": LEFT_OUT,
        "verdict": {
            **_TEXT,
            "enum": ["accepted", "refused", "unchanged"],
            "description": "Of a dry run: whether it would be done.",
        },
        "refusal": {**_TEXT, "description": "Of a dry run: why it would be refused."},
        "findings": {"type": "array", "items": {"type": "object"}},
        "delivery": {"type": "object"},
        "files": {
            "type": "array",
            "items": {"type": "object"},
            "description": "The files that differ, and what became of each.",
        },
        "ignored": {**_LIST, "description": "Properties that were left out."},
    },
}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve what makes a desired state the present one."""
    routes.schema("applied", APPLIED, versions=OWN)
    answer = {"$ref": "applied"}
    headers = ("Configuration-Version", "ETag")
    operation = Operation(
        "apply",
        "Apply",
        "Apply a desired state. A whole haproxy.cfg, resources in JSON or YAML, or an archive "
        "(tar) with both and with files, becomes what is there by the smallest edits: comments "
        "and spacing of what stays are kept. A state that is there already makes no version and no "
        "reload. The text is made onto the newest version, unless `version` or `If-Match` says "
        "which it is to be.",
        (
            Parameter("only", help="Kinds of sections, with a name or a pattern behind a slash, or "
                      "of rows: `frontend,backend/app-*,backend/b/servers,acls`. All else stays."),
            Parameter("except", help="Sections and rows, as in `only`, that are left alone."),
            Parameter("prune", "boolean", help="Remove sections that are not in the desired state; "
                      "true for a text, false for resources, unless given."),
            Parameter("brief", "boolean", default=False, help="Leave out what differs."),
            Parameter("dry_run", "boolean", default=False, help="Say what would be done."),
            Parameter("version", "integer", help="The version that may be changed."),
            Parameter("If-Match", where="header", help="The `ETag` of a former answer: that "
                      "version may be changed, and no other."),
            Parameter("X-Change-Reason", where="header", help="What the change is for."),
            FORCE_RELOAD,
        ),
        body=Body(
            {"type": "object", "example": {"backends": [{"name": "shop", "servers": {}}]}},
            JSON,
            also=(PLAIN, *YAML, *ARCHIVE), is_configuration=True,
            help="The desired state: resources as `full_section=true` shows them, by collection; a "
            "text; or an archive of `haproxy.cfg`, files of resources, and files beside them.",
        ),
        responses={
            "200": Response(answer, headers, "It is what is there now, and HAProxy has it."),
            "202": Response(answer, (*headers, "Reload-ID"), "Done; a reload is under way."),
            "400": BAD_REQUEST,
            "409": CONFLICT,
            "default": DEFAULT_RESPONSE,
        },
        plans=True,
    )  # fmt: skip

    def make(view: View) -> object:
        # What it needs is loaded when it is first asked for: few servers are.
        from dataplane_plugins.changes.applying.responder import Apply

        return Apply(services, view)

    routes.add(PATH, InVersion(make), {"POST": operation}, OWN)
