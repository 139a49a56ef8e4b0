"""Files that are to be others, and what HAProxy would be told of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dataplane_core.plugin import (
    ChangePlan,
    CheckFailed,
    ConfigStore,
    Folder,
    check_shown,
    rehearsal,
)
from dataplane_plugins.changes.file_texts import file_difference
from dataplane_plugins.tls.live import CannotUpdateLive, LoadedFiles
from dataplane_plugins.tls.pem import pem_or_none


@dataclass(frozen=True)
class FileChange:
    """A file that is to be another: its folder, its name there, its data.

    `former` is what it held, None where there was no such file; `data` is None for one that goes.
    """

    folder: Folder
    name: str
    data: bytes | None
    former: bytes | None

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.folder.path / self.name

    @property
    def change(self) -> str:
        """What happens to the file, in a word."""
        return "deleted" if self.data is None else "created" if self.former is None else "changed"


def with_files(
    config: ConfigStore, plan: ChangePlan, files: Sequence[FileChange]
) -> ChangePlan:
    """Return a plan with what HAProxy says of it with these files, shown in another place."""
    contents = {str(one.path): one.data for one in files if one.data is not None}
    if not contents:
        return plan
    judge = config.file.judge
    try:
        findings = check_shown(
            plan.after.text(), contents, lambda text: judge.check(text, plan.head)
        )
    except CheckFailed as failed:
        refusal = "; ".join(plan.problems) or failed.message
        return replace(plan, findings=failed.findings, refusal=refusal, foreseen=None)
    return replace(plan, findings=tuple(findings), refusal="; ".join(plan.problems))


class Foreseeing:
    """Says how changed files would reach HAProxy after a change that is only planned."""

    def __init__(self, live: LoadedFiles, plan: ChangePlan) -> None:
        self._live = live
        self._used_files = live.services.used_files
        self._plan = plan
        self._text = plan.after.text()

    def shown(self, one: FileChange) -> dict[str, Any]:
        """Return what would become of a file, with its difference and its way to HAProxy."""
        commands, reasons = self._way(one)
        by = "reload" if reasons else "commands" if commands else "nothing"
        return {
            "file": str(one.path), "change": one.change,
            "text": file_difference(one.former, one.data),
            "delivery": {"by": by, "commands": commands, "reasons": reasons, "notes": []},
        }  # fmt: skip

    def _way(self, one: FileChange) -> tuple[list[str], list[str]]:
        """Return the commands that HAProxy would get, or the reasons for a reload."""
        if one.data is None or not self._used_files.is_used_by(self._text, one.path):
            return [], []
        foreseen = self._plan.foreseen
        if foreseen is not None and foreseen.by == "reload":
            return [], [*foreseen.reasons]
        try:
            with rehearsal() as noted:
                self._live.replace(one.path, one.data, pem_or_none(one.data), adds=True)
        except CannotUpdateLive as failure:
            return [], [f"{one.path}: {failure}"]
        return [*dict.fromkeys(noted.commands)], []
