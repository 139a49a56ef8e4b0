"""`/dataplane/v1/drift`: where the running HAProxy is not what its files say; remedies."""

from dataclasses import replace

from dataplane_core.plugin import (
    BAD_REQUEST,
    CONFLICT,
    OWN,
    Body,
    InVersion,
    Prop,
    Response,
    Routes,
    Services,
    View,
    impl,
    operation,
)

TAG = "Drift"
_REMEDY = {
    "type": "object",
    "description": "One of commands, a reload with its reason, an edit of haproxy.cfg, an action "
    "on a file, or why there is no remedy.",
    "properties": {
        "commands": {"type": "array", "items": {"type": "string"}},
        "reload": {"type": "string"},
        "edit": {"type": "string"},
        "action": {"type": "string"},
        "impossible": {"type": "string"},
    },
}
DEVIATION = {
    "type": "object",
    "required": ["kind", "subject", "property", "towards_file", "towards_process"],
    "properties": {
        "kind": {"type": "string", "description": "`server`, `frontend`, `map`, `text`, …"},
        "subject": {"type": "string", "description": "Its name: `backend/server`, or a path."},
        "resource": {"type": "string", "x-nullable": True, "description": "Its path in `/v3`."},
        "property": {"type": "string", "description": "What differs; empty for the whole."},
        "file": {"description": "What the file says; null for nothing."},
        "process": {"description": "What the process has; null for nothing."},
        "towards_file": _REMEDY,
        "towards_process": _REMEDY,
    },
}
_LIST = {"type": "array", "items": {"$ref": "deviation"}}
_LEFT = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"subject": {"type": "string"}, "reason": {"type": "string"}},
    },
}
REPORT = {
    "type": "object",
    "required": ["drifted", "deviations"],
    "properties": {"drifted": {"type": "boolean"}, "deviations": _LIST},
}
MENDED = {
    "type": "object",
    "required": ["done", "left"],
    "properties": {
        "done": {"type": "array", "items": {"type": "string"}},
        "left": _LEFT,
        "version": {"type": "integer", "x-nullable": True},
        "reload_id": {"type": "string", "x-nullable": True},
    },
}


_PROPS = (
    Prop(
        "towards", enum=("file", "process"), required=True,
        help="What counts: `file` changes the process, `process` changes the files.",
    ),
    Prop(
        "only", "array", items=Prop("", help="A subject."),
        help="Subjects of the differences to mend; all without it.",
    ),
)  # fmt: skip


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve the differences between files and process."""

    def report(view: View) -> object:
        # Nothing of it is loaded before somebody asks.
        from dataplane_plugins.changes.drift.engine import Drift
        from dataplane_plugins.changes.drift.report import DriftReport

        return DriftReport(Drift(services), view)

    routes.tag(TAG, "In what the running HAProxy is not what its files say.", 30)
    routes.schema("deviation", DEVIATION, OWN)
    routes.schema("drift", REPORT, OWN)
    routes.schema("mended", MENDED, OWN)
    body = Body({"$ref": "mend"}, props=_PROPS, example={"towards": "file"})
    operations = {
        "GET": operation(
            "getDrift",
            TAG,
            "Find drift. Each difference between files and process, with the commands, the reload "
            "or the edit that mends it, either way.",
            _200=Response({"$ref": "drift"}),
        ),
        "POST": replace(operation(
            "mendDrift",
            TAG,
            "Mend drift. One direction for all differences, or for those that are named.",
            body=body,
            _200=Response({"$ref": "mended"}),
            _202=Response({"$ref": "mended"}, ("Reload-ID",), "Done; a reload is under way."),
            _400=BAD_REQUEST,
            _409=CONFLICT,
        ), rehearses=True),
    }
    routes.add("/drift", InVersion(report), operations, OWN)
