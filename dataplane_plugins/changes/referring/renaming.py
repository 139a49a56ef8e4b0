"""Give something another name, in the configuration and in the files beside it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import falcon

from dataplane_core.plugin import (
    ApiRequest,
    BadRequest,
    ChangePlan,
    Document,
    Edit,
    Foreseen,
    NamedUse,
    NameKind,
    Planned,
    Services,
    Snapshot,
    View,
    encode_text,
    reference_at,
    rename,
    rename_uses,
    to_json,
)
from dataplane_core.plugin import FileChange as PlannedFile
from dataplane_plugins.changes.applying.file_changes import FileChange, with_files
from dataplane_plugins.changes.applying.files import DesiredFiles
from dataplane_plugins.changes.referring.responders import Responder, scripts_giving


class Rename(Responder):
    """A new name for an object, and for all that refers to it: POST."""

    def __init__(self, services: Services, view: View) -> None:
        super().__init__(services, view)
        self._desired = DesiredFiles(services)

    def on_post(self, req: ApiRequest, resp: falcon.Response) -> None:
        wanted = req.body.values
        before = self.view.snapshot(req)
        named = self._named_in_files(before, wanted)
        with self._edited(req, before, wanted, apart=not named) as (edit, files):
            edit.document, new, uses = self._renamed(edit.document, wanted)
        self.view.answer_change(req, resp, edit.outcome, 200)
        answer = {"resource": new, "changed": self.uses(uses, before) + (named if files else [])}
        if files:
            is_reloaded = edit.outcome.state == "reloaded"
            reload_id = edit.outcome.reload_id
            answer["files"] = self._desired.follow(files, reload_id, is_reloaded=is_reloaded)
        if "lua" in wanted:
            answer["scripts"] = scripts_giving(self.in_files(before), wanted["lua"])
        resp.data = to_json(answer)

    def _named_in_files(
        self, before: Snapshot, wanted: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return the lines of files that name an object which is to be renamed."""
        if "resource" not in wanted:
            return []
        reference = reference_at(self.registry, before.document, wanted["resource"])
        inside = self.in_files(before)
        return self.file_uses(inside.referring_to(reference), before) if inside.used else []

    @contextmanager
    def _edited(
        self, req: ApiRequest, before: Snapshot, wanted: Mapping[str, Any], *, apart: bool
    ) -> Iterator[tuple[Edit, Sequence[FileChange]]]:
        """Edit the configuration in the body, while files that are renamed in are in their places.

        What is `apart` of all files, and a step of a transaction, has none: they go with a version.
        """
        if apart or req.query.get("transaction_id") or req.scratch is not None:
            with self.view.edit(req) as edit:
                yield edit, ()
            return
        if req.change_options.dry_run:
            files = self._files_of(before, wanted)
            try:
                with self.view.edit(req) as edit:
                    yield edit, files
            except Planned as planned:
                raise Planned(self._plan(planned.plan, files)) from None
            return
        with self._desired.alone():
            files = self._files_of(before, wanted)
            with (
                self._desired.in_place(files, makes_version=True) as brings,
                self.view.edit(req, brings) as edit,
            ):
                yield edit, files

    def _files_of(self, before: Snapshot, wanted: Mapping[str, Any]) -> list[FileChange]:
        """Return the stored files in which a name is another."""
        reference = reference_at(self.registry, before.document, wanted["resource"])
        texts = self.in_files(before).renamed(reference, wanted["name"])
        found = (self._desired.change_of(Path(path), encode_text(text))
                 for path, text in texts.items())  # fmt: skip
        return [one for one in found if one is not None]

    def _plan(self, plan: ChangePlan, files: Sequence[FileChange]) -> ChangePlan:
        """Return a plan of the configuration together with files."""
        plan = with_files(self.services.config, plan, files)
        if plan.refusal:
            return plan
        shown = tuple(PlannedFile(one.path, one.former, one.data) for one in files)
        reasons = tuple(f"{one.path} is read when HAProxy starts" for one in files)
        foreseen = plan.foreseen or Foreseen("reload")
        if files:
            foreseen = replace(foreseen, by="reload", commands=())
            foreseen = replace(foreseen, reasons=(*foreseen.reasons, *reasons))
        return replace(plan, foreseen=foreseen, files=shown)

    def _renamed(
        self, document: Document, wanted: Mapping[str, Any]
    ) -> tuple[Document, str, Sequence[NamedUse]]:
        """Return the document after it, the path or name that there is then, and the uses."""
        given = [one for one in ("resource", "file", "lua") if one in wanted]
        if len(given) != 1:
            raise BadRequest("say one of `resource`, `file` and `lua`")
        what, old, name = given[0], wanted[given[0]], wanted["name"]
        if what != "resource":
            kind = NameKind.FILE if what == "file" else NameKind.LUA
            document, uses = rename_uses(self.registry, document, kind, old, name)
            return document, name, uses
        reference = reference_at(self.registry, document, old)
        done = rename(self.registry, document, reference, name)
        return done.document, self.view.location(done.reference), done.uses
