"""Answer requests that apply a desired state, with what was done and what differs."""

from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    Document,
    SentFinding,
    Services,
    Snapshot,
    View,
    read_scope,
    show_outcome,
    to_json,
    written_time,
)
from dataplane_plugins.changes.applying.applier import Applied, Applier
from dataplane_plugins.changes.applying.desired_state import Target, read_desired_state
from dataplane_plugins.changes.left_out import MOST_ITEMS, LeftOut
from dataplane_plugins.changes.plan_rendering import PlanRendering
from dataplane_plugins.changes.rendering import Rendering


class Apply:
    """A desired state: POST; its tag is that of the whole configuration, a version's number."""

    judges_tags = True

    def __init__(self, services: Services, view: View) -> None:
        self._services = services
        self._view = view
        self._applier = Applier(services)
        self._rendering = Rendering(view)
        self._plan = PlanRendering(view)

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        query, limit = req.query, self._services.settings.dataplane.body_limit
        scope = read_scope(self._view.registry, query["only"], query["except"])
        state = read_desired_state(req, limit)
        target = Target(self._view, state, scope, query["prune"])
        prune = bool(query["prune"])
        if req.change_options.dry_run:
            applied = self._applier.planned(req, target, prune=prune)
        else:
            tell = None if query["brief"] else self._difference
            applied = self._applier.apply(req, target, prune=prune, tell=tell)
        req.shown_version = applied.version
        if applied.outcome is not None:
            show_outcome(resp, applied.outcome, self._view.location)
        if applied.reload_id is not None:
            resp.status = 202
            resp.set_header("Reload-ID", applied.reload_id)
        resp.set_header("ETag", f'"{applied.version}"')
        answer = self._shown(applied)
        if applied.outcome is not None and applied.outcome.confirm_before is not None:
            answer["confirm_before"] = written_time(applied.outcome.confirm_before)
        if target.ignored:
            answer["ignored"] = target.ignored
        resp.data = to_json(answer)

    def _shown(self, applied: Applied) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "version": applied.version, "changed": applied.is_changed, "state": applied.state
        }  # fmt: skip
        if applied.reload_id is not None:
            answer["reload_id"] = applied.reload_id
            answer["reload_reason"] = self._services.reloads.record(applied.reload_id).reason
        if applied.files:
            answer["files"] = applied.files
        if applied.plan is not None:
            answer |= self._plan(applied.plan)
            of_haproxy = answer["findings"][len(applied.plan.problems) :]
            for shown, one in zip(of_haproxy, applied.plan.findings, strict=True):
                if isinstance(one, SentFinding):
                    shown["sent_line"] = one.sent_line
            if applied.files and answer["verdict"] == "unchanged":
                answer["verdict"] = "accepted"
        elif applied.told:
            answer |= {**applied.told, "delivery": self._delivery(applied.version)}
        return answer

    def _delivery(self, version: int) -> dict[str, Any]:
        """Return how HAProxy got a version, in the words of a plan."""
        record = self._services.config.history.get(version)
        delivery = None if record is None else record.delivery
        if delivery is None:
            return {"by": "nothing", "commands": [], "reasons": [], "notes": []}
        return {
            "by": "commands" if delivery.reload_id is None else "reload",
            "commands": [*delivery.commands[:MOST_ITEMS]],
            "reasons": [delivery.reason] if delivery.reason else [],
            "notes": [],
        }

    def _difference(self, base: Snapshot, after: Document) -> dict[str, Any]:
        before, names = base.document, (f"version {base.version}", f"version {base.version + 1}")
        left_out, comparisons = LeftOut(), self._services.comparisons
        text = self._rendering.lines(before.text(), after.text(), names, left_out)
        changes = self._rendering.first(comparisons.between(before, after), left_out)
        return {"text": text, "changes": changes, **left_out.told()}
