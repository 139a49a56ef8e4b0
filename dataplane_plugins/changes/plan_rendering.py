"""Say in JSON what a change would do: to the text, to the objects, and to the running HAProxy."""

from collections.abc import Callable, Iterable
from typing import Any

from dataplane_core.plugin import ChangePlan, Finding, Foreseen, View
from dataplane_plugins.changes.rendering import Rendering
from dataplane_plugins.changes.unified import unified_diff

Cause = Callable[[Finding], int | None]
"""Tells which of several operations, from 0, a finding is the fault of; None if of none."""


class PlanRendering:
    """Makes JSON of plans, with the paths and names of a view."""

    def __init__(self, view: View) -> None:
        self._rendering = Rendering(view)

    def __call__(self, plan: ChangePlan, cause: Cause | None = None) -> dict[str, Any]:
        """Return a plan as JSON.

        Where several operations were planned together, `cause` tells which one led to a finding.
        """
        names = f"version {plan.version}", "planned"
        text = unified_diff(plan.before.text(), plan.after.text(), names)
        verdict = "accepted" if text else "unchanged"
        found: dict[str, Any] = {"version": plan.version, "verdict": verdict}
        if plan.transaction_id is not None:
            found["transaction_id"] = plan.transaction_id
        if plan.refusal:
            found |= {"verdict": "refused", "refusal": plan.refusal}
        found["text"] = text
        found["changes"] = self._rendering.between(plan.before, plan.after)
        problems = (Finding(None, "alert", problem) for problem in plan.problems)
        findings: Iterable[Finding] = (*problems, *plan.findings)
        found["findings"] = [self._finding(one, cause) for one in findings]
        if plan.foreseen is not None:
            found["delivery"] = _delivery(plan.foreseen)
        return found

    def _finding(self, one: Finding, cause: Cause | None) -> dict[str, Any]:
        resource = None if one.resource is None else self._rendering.path(one.resource)
        found = {
            "severity": one.severity, "message": one.message, "line": one.line,
            "section": one.section, "resource": resource,
        }  # fmt: skip
        return found if cause is None else {**found, "operation": cause(one)}


def _delivery(foreseen: Foreseen) -> dict[str, Any]:
    return {
        "by": foreseen.by,
        "commands": [*foreseen.commands],
        "reasons": [*foreseen.reasons],
        "notes": [*foreseen.notes],
    }
