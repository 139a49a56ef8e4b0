"""`/plan`: what a transaction, a whole text, or a list of operations would do. Changes nothing.

The same is the answer to any single change with `dry_run=true`, in every version of the interface.
"""

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from dataplane_core.plugin import (
    BAD_REQUEST,
    NOT_FOUND,
    OWN,
    Body,
    ChangePlan,
    InVersion,
    Response,
    Routes,
    Services,
    View,
    impl,
    operation,
)
from dataplane_plugins.changes.diffs import LEFT_OUT

if TYPE_CHECKING:
    from dataplane_plugins.changes.plan_rendering import PlanRendering


class Rendered:
    """Makes JSON of plans; how to is loaded when the first one is asked for."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services
        self._view = view

    @cached_property
    def rendering(self) -> "PlanRendering":
        """What makes it."""
        from dataplane_plugins.changes.plan_rendering import PlanRendering

        return PlanRendering(self._view, self._services.file_objects)

    def __call__(self, plan: ChangePlan) -> dict[str, Any]:
        return self.rendering(plan)


_FINDING = {
    "type": "object",
    "required": ["severity", "message"],
    "properties": {
        "severity": {"type": "string", "enum": ["alert", "warning", "notice"]},
        "message": {"type": "string"},
        "line": {"type": ["integer", "null"]},
        "section": {"type": ["string", "null"]},
        "resource": {"type": ["string", "null"]},
        "operation": {
            "type": ["integer", "null"],
            "description": "Which of the planned operations it is the fault of, from 0.",
        },
    },
}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_DELIVERY = {
    "type": "object",
    "required": ["by", "commands", "reasons", "notes"],
    "properties": {
        "by": {"type": "string", "enum": ["commands", "reload", "nothing"]},
        "commands": {**_STRINGS, "description": "What is sent over the Runtime API, in order."},
        "reasons": {**_STRINGS, "description": "Why a reload is needed."},
        "notes": {**_STRINGS, "description": "What is not certain."},
    },
}
_PLAN = {
    "type": "object",
    "required": ["version", "verdict", "text", "changes", "findings"],
    "properties": {
        "version": {"type": "integer", "description": "The version that the change is made for."},
        "transaction_id": {"type": "string"},
        "file": {"type": "string", "description": "The SPOE file that the plan is about."},
        "verdict": {"type": "string", "enum": ["accepted", "unchanged", "refused"]},
        "refusal": {"type": "string", "description": "Why the change would be refused."},
        "text": {"type": "string", "description": "The difference, as `diff -u` has it."},
        "changes": {"type": "array", "items": {"$ref": "object_change"}},
        "findings": {"type": "array", "items": _FINDING},
        "delivery": _DELIVERY,
        "files": {"type": "array", "items": {"type": "object"}},
        "effects": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What else would be done, in sentences.",
        },
        "dangers": {
            "type": "array",
            "items": {"type": "string"},
            "description": "New lines that run commands or open the system.",
        },
        "dangling": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Names that would mean nothing any more, or are new and mean nothing.",
        },
        "operations": {"type": "array", "items": {"type": "object"}},
        "left_out": LEFT_OUT,
    },
}
_OPERATION = {
    "type": "object",
    "required": ["method", "path"],
    "properties": {
        "method": {"type": "string", "enum": ["POST", "PUT", "DELETE", "PATCH"]},
        "path": {"type": "string", "description": "The whole path, with its query: /v3/…"},
        "body": {"description": "What is sent: JSON, or for a path that ends with /raw a text."},
    },
}
_REQUEST = {
    "type": "object",
    "properties": {
        "transaction": {"type": "string", "description": "Its commit, or what operations follow."},
        "text": {"type": "string", "description": "A whole text."},
        "file": {
            "type": "string",
            "description": "The SPOE file that the transaction or the text is of.",
        },
        "operations": {"type": "array", "items": _OPERATION},
    },
}
_EXAMPLE = {"text": "global\n  daemon\n"}


@impl
def dataplane_routes(routes: Routes, services: Services) -> None:
    """Serve plans, and answer changes with `dry_run` by them."""
    routes.tag("Plan", "What a change would do, without doing it.", 11)
    routes.schema("plan", _PLAN, versions=OWN)
    plan = replace(operation(
        "postPlan",
        "Plan",
        "Plan a change. A transaction, a whole text, or a list of operations; nothing is changed.",
        (),
        Body(_REQUEST, also=("text/plain",), example=_EXAMPLE, is_configuration=True),
        _200=Response({"$ref": "plan"}),
        _400=BAD_REQUEST,
        _404=NOT_FOUND,
    ), asks=True)

    def make(view: View) -> object:
        from dataplane_plugins.changes.plan_responder import Plans

        return Plans(services, Rendered(services, view).rendering)

    routes.add("/plan", InVersion(make), {"POST": plan}, versions=OWN)
    routes.render_plans_with(partial(Rendered, services))
