"""Bring a desired state into haproxy.cfg: onto the newest version, whoever else changes it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import field, replace
from typing import Any

from dataplane_core.plugin import (
    BadRequest,
    ChangeOptions,
    ChangePlan,
    CheckedRequest,
    CheckFailed,
    Document,
    Outcome,
    PreconditionFailed,
    Services,
    Snapshot,
    VersionMismatch,
    asked_by,
    dataclass,
    parse_integer,
)
from dataplane_plugins.changes.applying.desired_state import Target
from dataplane_plugins.changes.applying.file_changes import FileChange, with_files
from dataplane_plugins.changes.applying.files import DesiredFiles

Tell = Callable[[Snapshot, Document], Mapping[str, Any]]
"""Tells in the words of an answer what a change of a version is."""

_MOST_ATTEMPTS = 20


@dataclass(frozen=True)
class Applied:
    """What a desired state has made of a version.

    `outcome` is None where the configuration is what it was, and where a `plan` only says what
    would be done. `files` says what became of files, or would; `told` what the change is.
    """

    before: Snapshot
    after: Document
    outcome: Outcome | None
    files: list[dict[str, Any]]
    plan: ChangePlan | None = None
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """The version that says what is desired."""
        return self.before.version if self.outcome is None else self.outcome.version

    @property
    def is_another(self) -> bool:
        """Whether the configuration is another than before, or would be."""
        return self.after is not self.before.document

    @property
    def is_changed(self) -> bool:
        """Whether anything is another than before, or would be."""
        return self.is_another or bool(self.files)

    @property
    def state(self) -> str:
        """What became of it, in a word."""
        if self.outcome is not None:
            return self.outcome.state if self.reload_id is None else "queued"
        if not self.is_changed:
            return "unchanged"
        if self.plan is not None:
            return "planned"
        return "applied" if self.reload_id is None else "queued"

    @property
    def reload_id(self) -> str | None:
        """The last reload that is to come."""
        outcome = None if self.outcome is None else self.outcome.reload_id
        return outcome or next((one["reload_id"] for one in self.files if "reload_id" in one), None)


class Applier:
    """Commits what desired states make of the newest version, with the files beside it."""

    def __init__(self, services: Services) -> None:
        self._config = services.config
        self._files = DesiredFiles(services)

    def planned(self, req: CheckedRequest, target: Target, *, prune: bool) -> Applied:
        """Return what would be done; raises `VersionMismatch` as `apply` does."""
        base = self._base(wanted_versions(req))
        files = self._files.changes(target.files, prune=prune)
        document = _desired(req, target, base.document)
        plan = with_files(self._config, self._config.plan(document, base), files)
        found = target.located(plan.findings, document, plan.head.below)
        plan = replace(plan, findings=found)
        shown = self._files.foreseen(files, plan)
        return Applied(base, document, None, shown, _reloading(plan, shown))

    def apply(
        self, req: CheckedRequest, target: Target, *, prune: bool, tell: Tell | None = None
    ) -> Applied:
        """Make the desired state the newest version, unless it is that already.

        A change that is overtaken is made anew on the version that overtook it, unless the client
        says on which version it is to be made: then it is refused with `VersionMismatch`. With
        `prune`, files are removed as `DesiredFiles.changes` says. `tell` tells what the change is,
        while HAProxy checks.
        """
        wanted = wanted_versions(req)
        for _ in range(_MOST_ATTEMPTS - 1 if wanted is None else 0):
            with suppress(VersionMismatch):
                return self._attempt(req, target, prune, wanted, tell)
            if self._config.sharing.catch_up is not None:
                self._config.sharing.catch_up()
        return self._attempt(req, target, prune, wanted, tell)

    def _attempt(
        self,
        req: CheckedRequest,
        target: Target,
        prune: bool,
        wanted: Sequence[int] | None,
        tell: Tell | None,
    ) -> Applied:
        with self._files.alone() if target.files else nullcontext():
            files = self._files.changes(target.files, prune=prune)
            return self._on_newest(req, target, files, wanted, tell)

    def _on_newest(
        self,
        req: CheckedRequest,
        target: Target,
        files: Sequence[FileChange],
        wanted: Sequence[int] | None,
        tell: Tell | None,
    ) -> Applied:
        base = self._base(wanted)
        document, outcome = _desired(req, target, base.document), None
        same = document is base.document or document.text() == base.document.text()
        told: Mapping[str, Any] = {}
        options = _options(req, files, same=same)
        text = document.text()
        with self._files.in_place(files, makes_version=not same, text=text) as brings:
            if not same:
                with ThreadPoolExecutor(1) as beside:
                    telling = beside.submit(tell, base, document) if tell else None
                    try:
                        outcome = self._commit(req, base, document, options, brings)
                    except CheckFailed as failed:
                        found = target.located(failed.findings, document, base.head.below)
                        raise CheckFailed(failed.message, found, unread=failed.unread) from None
                told = telling.result() if telling else {}
            elif self._files.is_used(files):
                self._config.validate(base.text)
        reload_id = None if outcome is None else outcome.reload_id
        is_reloaded = outcome is not None and outcome.state == "reloaded"
        if files and outcome is None:
            self._config.file.record_files(author=req.author)
        with asked_by(req.author):
            followed = self._files.follow(files, reload_id, is_reloaded=is_reloaded)
        return Applied(base, base.document if same else document, outcome, followed, told=told)

    def _commit(
        self, req: CheckedRequest, base: Snapshot, document: Document, options: ChangeOptions,
        brings: str,
    ) -> Outcome:  # fmt: skip
        with self._config.edit(
            version=base.version,
            force_reload=bool(req.query.get("force_reload")),
            author=req.author,
            options=options,
            brings=brings,
        ) as edit:
            edit.document = document
        return edit.outcome

    def _base(self, wanted: Sequence[int] | None) -> Snapshot:
        base = self._config.snapshot()
        if wanted is not None and base.version not in wanted:
            given = ", ".join(map(str, wanted)) or "none"
            raise VersionMismatch(
                f"version mismatch: version in configuration file is {base.version}, "
                f"given version is {given}"
            )
        return base


def _desired(req: CheckedRequest, target: Target, before: Document) -> Document:
    """Return a document as it is desired, with the secrets that are hidden from who asks."""
    if req.hiding is None:
        return target.on(before)
    stand_ins = req.hiding.stand_ins
    return stand_ins.restored(before, target.on(stand_ins.document(before)))


def _reloading(plan: ChangePlan, files: Sequence[Mapping[str, Any]]) -> ChangePlan:
    """Return a plan with the reload that files need, where their text needs none."""
    reasons = [one for file in files for one in file["delivery"]["reasons"]]
    if plan.foreseen is None or plan.foreseen.by == "reload" or not reasons:
        return plan
    return replace(plan, foreseen=replace(plan.foreseen, by="reload", reasons=tuple(reasons)))


def wanted_versions(req: CheckedRequest) -> list[int] | None:
    """Return the versions that a client lets be changed, None for any."""
    version, tags = req.query.get("version"), req.change_options.if_match
    if version and tags:
        raise BadRequest("give the version in the query or in If-Match, and not in both")
    if version:
        return [version]
    if not tags or "*" in tags:
        return None
    if all(tag.startswith("W/") for tag in tags):
        raise PreconditionFailed(
            'If-Match: weak tags (W/"…") never match: a proxy that compresses answers has made '
            "them; send the version's number in quotes, or have the proxy leave tags alone"
        )
    return [number for tag in tags if (number := parse_integer(tag)) is not None]


def _options(req: CheckedRequest, files: Sequence[FileChange], *, same: bool) -> ChangeOptions:
    """Return the options of the commit; raises `BadRequest` for what cannot be taken back."""
    options = replace(req.change_options, if_match=())
    if options.confirm_within is not None and files and same:
        raise BadRequest("confirm_within in query: files alone make no version to confirm")
    return options
