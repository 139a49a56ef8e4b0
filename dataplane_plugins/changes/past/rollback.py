"""Answer what files a version had, and put versions back."""

import os
from typing import Any, cast

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    Author,
    FileState,
    Finding,
    Rollback,
    RollbackPlan,
    Services,
    View,
    WhichFiles,
    to_json,
    written_time,
)
from dataplane_plugins.changes.left_out import LeftOut
from dataplane_plugins.changes.past.records import people_of
from dataplane_plugins.changes.past.responders import number_of
from dataplane_plugins.changes.rendering import Rendering


class VersionFiles:
    """The files beside the configuration in one version: never what they hold."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services

    def on_get(self, req: ApiRequest, resp: falcon.Response, version: str) -> None:
        number = number_of(self._services, version)
        self._services.config.archive.get(number)
        files = self._services.config.file.records.files
        if files is None:
            resp.data = b"[]"
            return
        if req.query["at"] == "each":
            some = files.states.between(number)
        else:
            late = req.query["at"] == "left"
            by = files.states.authors(number, late=late)
            at = files.states.at(number, late=late)
            some = [(one, by[path]) for path, one in sorted(at.items())]
        shown = [_shown(one.path, one, files.now(one.path), author) for one, author in some]
        resp.data = to_json([one for one in shown if one is not None])


def _shown(
    path: str, one: FileState, now: FileState | None, author: Author
) -> dict[str, Any] | None:
    """Return a file as JSON; None for one that was not there."""
    if one.kept == "gone":
        return None
    same = now is not None and now.digest == one.digest
    shown: dict[str, Any] = {
        "path": path,
        "sha256": one.digest,
        "size": one.size,
        "kept": one.kept == "content",
        "now": "same" if same else "gone" if now is None else "changed",
    }
    if people := people_of(author):
        shown["author"] = people
    if author.reason:
        shown["reason"] = author.reason
    return shown


class VersionRollback:
    """Puts a version back as a new one."""

    def __init__(self, services: Services, view: View) -> None:
        self._services = services
        self._view = view
        self._rendering = Rendering(view)
        self._rollback = Rollback(services.config, services.used_files, services.state)

    def on_post(self, req: ApiRequest, resp: falcon.Response, version: str) -> None:
        number = number_of(self._services, version)
        options = req.change_options
        plan = self._rollback.plan(number, cast(WhichFiles, req.query["files"]))
        if options.dry_run:
            resp.data = to_json(self._planned(plan))
            return
        outcome = self._rollback.carry_out(
            plan,
            req.query["newest"],
            author=req.author,
            options=options,
            force_reload=req.query["force_reload"],
        )
        self._view.answer_change(req, resp, outcome, 200)
        shown: dict[str, Any] = {
            "version": outcome.version,
            "text_of": number,
            "state": outcome.state,
            "files": _names(plan),
        }
        if outcome.reload_id is not None:
            shown["reload_id"] = outcome.reload_id
        if outcome.confirm_before is not None:
            shown["confirm_before"] = written_time(outcome.confirm_before)
        resp.data = to_json(shown)

    def _planned(self, plan: RollbackPlan) -> dict[str, Any]:
        """Return what putting a version back would do; raises what refuses it."""
        warnings = self._rollback.check(plan)
        archive, snapshot = self._services.config.archive, self._services.config.snapshot()
        after = archive.document(plan.version)
        left_out, names = LeftOut(), (f"version {snapshot.version}", f"version {plan.version}")
        return {
            "version": snapshot.version,
            "text_of": plan.version,
            "state": "planned",
            "files": _names(plan),
            "changes": self._rendering.between(snapshot.document, after, left_out),
            "diff": self._rendering.lines(snapshot.document.text(), after.text(), names, left_out),
            "warnings": [_said(one) for one in warnings],
            **left_out.told(),
        }


def _names(plan: RollbackPlan) -> list[str]:
    return [os.path.normpath(one.path) for one in plan.files]


def _said(finding: Finding) -> str:
    return finding.message if finding.line is None else f"line {finding.line}: {finding.message}"
