"""Make this server have what a revision says: its files, then its text, in one version."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import fields

from dataplane_core.plugin import (
    Author,
    BadRequest,
    ChangeOptions,
    CheckFailed,
    Conflict,
    Document,
    Finding,
    Forbidden,
    Invalid,
    ReloadFailed,
    ReloadRecord,
    asked_by,
    dataclass,
)
from dataplane_plugins.changes.applying.file_changes import FileChange
from dataplane_plugins.changes.applying.files import DesiredFiles
from dataplane_plugins.fleet.members.deciding import Decision, Here
from dataplane_plugins.fleet.members.errors import NotLoaded
from dataplane_plugins.fleet.members.member import Member
from dataplane_plugins.fleet.records.revisions import Revision, changed_files
from dataplane_plugins.fleet.sharing.sharer import Sharer

_REFUSALS = ReloadFailed, Invalid, BadRequest, Forbidden
METHOD = "fleet"
"""How it was proved who asks for a change that another member has taken (`Author.method`)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What this server's HAProxy said of a revision: why it refuses it, empty if it has it."""

    refusal: str = ""
    findings: tuple[Finding, ...] = ()


class Taker:
    """Puts revisions in the place of what this server has."""

    def __init__(self, member: Member, sharer: Sharer) -> None:
        self._services = member.services
        self._member = member
        self._sharer = sharer
        self._files = DesiredFiles(member.services)

    def take(
        self, revision: Revision, here: Here, decision: Decision, base: int = 0,
        may_go: Callable[[], None] = lambda: None,
    ) -> Verdict:  # fmt: skip
        """Have a revision instead of `here`, but for what was changed here; say how that went.

        With `base`, the number of a former version here, the text is merged with what was changed
        since. `may_go` is asked once more when HAProxy has checked it. Raises what is no fault of
        the revision: a full disk, a store that does not answer, and what `may_go` raises.
        """
        keep = decision.own_files
        wanted = self._member.revisions.files(revision.files)
        names = [name for name in changed_files(here.files, wanted) if name not in keep]
        changes = [one for name in names if (one := self._change(name, wanted.get(name)))]
        try:
            if self._services.config.version() != here.version:
                raise Conflict("haproxy.cfg was changed meanwhile: it is looked at once more")
            with self._sharer.following(may_go), self._files.alone() if changes else nullcontext():
                keeps_text = decision.own_text and not base
                return self._carry_out(revision, changes, base, keeps_text=keeps_text)
        except CheckFailed as failed:
            return Verdict(failed.message, failed.findings)
        except _REFUSALS as failed:
            return Verdict(failed.message)
        except Conflict as failed:
            if not base:  # somebody else changes this server just now
                raise
            return Verdict(failed.message)

    def _carry_out(
        self, revision: Revision, changes: Sequence[FileChange], base: int, *, keeps_text: bool
    ) -> Verdict:
        config = self._services.config
        snapshot = config.snapshot()
        text = self._member.revisions.text(revision)
        document = Document.parse(text, snapshot.document.language, snapshot.document)
        another = not keeps_text and (bool(base) or text != snapshot.document.text())
        renumbered = not another and not keeps_text and revision.version > snapshot.version
        reload_id = None
        with self._files.in_place(changes, makes_version=another) as brings:
            if another or renumbered:
                with config.edit(
                    version=base or snapshot.version,
                    author=author_of(revision),
                    options=ChangeOptions(rebase=bool(base)),
                    skip_reload=renumbered,
                    brings=brings,
                    number=revision.version,
                ) as edit:
                    edit.document = document
                reload_id = edit.outcome.reload_id
        author = author_of(revision)
        if changes and not another:
            config.file.record_files(author=author)
        with asked_by(author):
            followed = self._files.follow(changes, reload_id, is_reloaded=False)
        reloads = [one["reload_id"] for one in followed if "reload_id" in one]
        return self._loaded([*([reload_id] if reload_id else ()), *reloads])

    def _loaded(self, reload_ids: Sequence[str]) -> Verdict:
        """Have the reloads done now that are asked for, and say how they went."""
        if not reload_ids:
            return Verdict()
        record = self._services.reloads.force(self._services.config.version())
        for reload_id in dict.fromkeys(reload_ids):
            record = self._services.reloads.wait(reload_id)
            if record.status == "failed":
                return self._failed(record)
        return Verdict()

    def load(self) -> Verdict:
        """Have HAProxy load what this server has, and say how it went; raises `NotLoaded`."""
        record = self._services.reloads.force(self._services.config.version(), "it was not loaded")
        return self._failed(record) if record.status == "failed" else Verdict()

    def _failed(self, record: ReloadRecord) -> Verdict:
        """Return why HAProxy could not be reloaded; raises `NotLoaded` where it does not run."""
        reason = f"HAProxy could not be reloaded: {record.said}"
        if record.restored is None and self._services.reloads.status() == "down":
            raise NotLoaded(f"{reason}; it is asked again until it runs")
        return Verdict(reason)

    def _change(self, name: str, address: str | None) -> FileChange | None:
        """Return what becomes of a file here; None where it is so already."""
        if address is None:
            return self._files.removal(name)
        data = self._member.revisions.chunks.get(address)
        found = self._files.changes({name: data}, prune=False)
        return found[0] if found else None


def author_of(revision: Revision) -> Author:
    """Return who made a revision, as the versions of this server record it."""
    known = {one.name for one in fields(Author)}
    said = {name: text for name, text in revision.author.items() if name in known}
    return Author(**{**said, "method": METHOD, "address": f"member {revision.node}"})
