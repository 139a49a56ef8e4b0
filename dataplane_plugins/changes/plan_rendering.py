"""Say in JSON what a change would do: to the text, to the objects, and to the running HAProxy."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dataplane_core.plugin import (
    ChangePlan,
    FileChange,
    FileObjects,
    Finding,
    Foreseen,
    View,
    decode_text,
    newly_dangling,
    newly_dangling_in_files,
    reader_for,
)
from dataplane_plugins.changes.file_texts import change_of, file_difference
from dataplane_plugins.changes.file_uses import FileUses
from dataplane_plugins.changes.left_out import LeftOut
from dataplane_plugins.changes.rendering import Rendering

ReadFile = Callable[[str], tuple[str, str] | None]
"""Returns the path and the text of the file that a name means; None where it cannot be read."""

Cause = Callable[[Finding], int | None]
"""Tells which of several operations, from 0, a finding is the fault of; None if of none."""


class PlanRendering:
    """Makes JSON of plans, with the paths and names of a view."""

    def __init__(self, view: View, file_objects: Sequence[FileObjects] = ()) -> None:
        """Render plans; `file_objects` are those of files beside the configuration."""
        self._file_objects = file_objects
        self._uses = FileUses(view, file_objects)
        self._config_file = view.config.file.path
        self._rendering = Rendering(view)
        self._registry = view.registry

    def __call__(self, plan: ChangePlan, cause: Cause | None = None) -> dict[str, Any]:
        """Return a plan as JSON.

        Where several operations were planned together, `cause` tells which one led to a finding.
        """
        names, left_out = (f"version {plan.version}", "planned"), LeftOut()
        text = self._rendering.lines(plan.before.text(), plan.after.text(), names, left_out)
        told = plan.foreseen is not None and plan.foreseen.commands
        done = text or plan.files or plan.effects or told
        verdict = "accepted" if done else "unchanged"
        found: dict[str, Any] = {"version": plan.version, "verdict": verdict}
        if self._objects(plan) is not None:
            found["file"] = str(plan.path)
        if plan.transaction_id is not None:
            found["transaction_id"] = plan.transaction_id
        if plan.refusal:
            found |= {"verdict": "refused", "refusal": plan.refusal}
        found["text"] = text
        found["changes"] = self._changes(plan, left_out)
        problems = (Finding(None, "alert", problem) for problem in plan.problems)
        findings = left_out.first("findings", (*problems, *plan.findings))
        if plan.files:
            found["files"] = [self._file(one) for one in plan.files]
        if plan.effects:
            found["effects"] = [*plan.effects]
        if plan.dangers:
            found["dangers"] = left_out.first("dangers", plan.dangers)
        found["findings"] = [self._finding(one, cause) for one in findings]
        found["dangling"] = left_out.first("dangling", [*self._dangling(plan)])
        if plan.foreseen is not None:
            found["delivery"] = _delivery(plan.foreseen, left_out)
        return found | left_out.told()

    def _changes(self, plan: ChangePlan, left_out: LeftOut) -> list[dict[str, Any]]:
        path, objects = plan.path, self._objects(plan)
        if path is None or objects is None:
            return self._rendering.between(plan.before, plan.after, left_out)
        return self._rendering.in_file(objects, path.name, plan.before, plan.after, left_out)

    def _objects(self, plan: ChangePlan) -> FileObjects | None:
        """Return whose files a plan is about, where that is not the configuration's own."""
        folder = None if plan.path is None else plan.path.parent
        return next((one for one in self._file_objects if one.folder == folder), None)

    def _dangling(self, plan: ChangePlan) -> Iterator[dict[str, Any]]:
        """Yield the names that mean nothing any more, or that are new and mean nothing."""
        for line in plan.dangling:
            yield {
                "file": str(line.file), "line": line.line, "kinds": [line.kind], "name": line.name
            }  # fmt: skip
        if plan.before is plan.after or self._objects(plan) is not None:
            return
        for one in newly_dangling(self._registry, plan.before, plan.after):
            resource = None if one.resource is None else self._rendering.path(one.resource)
            yield {
                "line": plan.head.above(one.line), "section": one.section, "resource": resource,
                "property": one.property, "kinds": [*one.kinds], "name": one.name,
            }  # fmt: skip
        read = self._reader(plan)
        for use in newly_dangling_in_files(self._registry, plan.before, plan.after, read):
            yield self._uses(use, plan.head.above)

    def _reader(self, plan: ChangePlan) -> ReadFile:
        """Return what reads the files that a planned text names, as they would be then."""
        read = reader_for(self._config_file, plan.after)
        planned = {str(one.path): one.after or b"" for one in plan.files}

        def read_planned(name: str) -> tuple[str, str] | None:
            found = read(name)
            if found is None or found[0] not in planned:
                return found
            return found[0], decode_text(planned[found[0]])

        return read_planned

    def _file(self, one: FileChange) -> dict[str, Any]:
        """Return what becomes of a file; the difference of texts, without secrets."""
        change, text = change_of(one.before, one.after), file_difference(one.before, one.after)
        text = None if text is None else self._rendering.concealed(text)
        return {"file": str(one.path), "change": change, "text": text}

    def _finding(self, one: Finding, cause: Cause | None) -> dict[str, Any]:
        resource = None if one.resource is None else self._rendering.path(one.resource)
        found = {
            "severity": one.severity, "message": one.message, "line": one.line,
            "section": one.section, "resource": resource,
        }  # fmt: skip
        return found if cause is None else {**found, "operation": cause(one)}


def _delivery(foreseen: Foreseen, left_out: LeftOut) -> dict[str, Any]:
    return {
        "by": foreseen.by,
        "commands": left_out.first("commands", foreseen.commands),
        "reasons": left_out.first("reasons", foreseen.reasons),
        "notes": [*foreseen.notes],
    }
