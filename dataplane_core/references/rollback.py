"""Put a past version back: its text as a new version, and the files of the storage that it uses.

The walk, which `recover` finishes or undoes after a death at any place of it:

1. The files that are not as they were in that version are found. What cannot come back is a reason
   to refuse all.
2. HAProxy judges the text with these files, shown in another place.
3. What the files hold now is kept for the history, and written down as what to go back to.
4. The files are replaced, one by one, and the text is committed as any other, which judges it once
   more. If that fails, the files are as they were.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Conflict, Finding
from dataplane_core.references.former import Former
from dataplane_core.references.shown_files import check_shown
from dataplane_core.references.used_files import UsedFiles
from dataplane_core.store.author import NOBODY, PLAIN, Author, ChangeOptions
from dataplane_core.store.change import Outcome
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.file_history import FOLDERS, FileHistory
from dataplane_core.store.files import locked, sync_directory, write_atomically
from dataplane_core.store.head import split_header
from dataplane_core.store.journal.file_states import FileState
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.version_records import VersionRecord

WhichFiles = Literal["found", "left", "keep"]
"""The files as the version found them, as it left them to the next one, or as they are now."""
_log = logging.getLogger(__name__)
_MODE = 0o7777


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """What putting a version back would do: the files that come back, and what cannot."""

    version: int
    text: str
    files: tuple[FileState, ...]
    refusals: tuple[str, ...]


class Rollback:
    """Puts past versions of the configuration back, one at a time over all workers."""

    def __init__(self, config: ConfigStore, used_files: UsedFiles, state: State) -> None:
        self._config = config
        self._used_files = used_files
        self._state = state
        self._note = state.path("rollback.json")

    @property
    def _files(self) -> FileHistory | None:
        return self._config.file.records.files

    def plan(
        self, version: int, which: WhichFiles = "found", files_of: int | None = None
    ) -> RollbackPlan:
        """Return what putting a version back would do; raises `NotFound` for a text not kept.

        With `files_of` the files are those of another version.
        """
        text = self._config.archive.text(version)
        files = self._files
        if files is None or which == "keep":
            return RollbackPlan(version, text, (), ())
        found, refusals = [], []
        for path, former in files.states.at(files_of or version, late=which == "left").items():
            now = files.now(path)
            same = now is not None and now.digest == former.digest
            if same or former.kept == "gone" or not self._used_files.is_used_by(text, Path(path)):
                continue
            reason = self._refusal(files, former)
            if reason:
                refusals.append(reason)
            else:
                found.append(former)
        return RollbackPlan(version, text, tuple(found), tuple(refusals))

    def check(self, plan: RollbackPlan) -> list[Finding]:
        """Return HAProxy's warnings of a plan; raises `Conflict` and `CheckFailed`."""
        if plan.refusals:
            raise Conflict(
                f"version {plan.version} cannot come back as it was: {'; '.join(plan.refusals)} "
                "(files=keep leaves all files as they are)"
            )
        contents = {one.path: self._content(one) for one in plan.files}
        head = split_header(plan.text)[0]
        return check_shown(
            plan.text, contents, lambda text: self._config.file.judge.check(text, head)
        )

    def carry_out(
        self,
        plan: RollbackPlan,
        newest: int | None = None,
        *,
        author: Author = NOBODY,
        options: ChangeOptions = PLAIN,
        force_reload: bool = False,
    ) -> Outcome:
        """Put a version back; raises as `check` and `ConfigStore.put_back` do."""
        with locked(self._state.path("rollback.lock")):
            self._recover()
            if plan.files or plan.refusals:
                self.check(plan)
            with self._replaced(plan) as formers:
                reason = _reason(plan.files)
                outcome = self._config.put_back(
                    plan.version, newest, author=author, options=options,
                    force_reload=force_reload, reload_reason=reason,
                )  # fmt: skip
                self._keep_for_reload(outcome.reload_id, formers)
            return outcome

    def recover(self) -> None:
        """Finish or undo what a process that died was putting back."""
        if self._note.exists():
            with locked(self._state.path("rollback.lock")):
                self._recover()

    def _refusal(self, files: FileHistory, former: FileState) -> str:
        """Return why a file cannot come back; empty if it can."""
        if not files.is_stored(former.path):
            return f"{former.path} is outside the storage, and is another file now"
        if former.kept != "content" or files.contents.read(former.digest) is None:
            return f"what {former.path} held is not kept"
        return ""

    def _content(self, one: FileState) -> bytes:
        data = self._files.contents.read(one.digest) if self._files else None
        if data is None:
            raise Conflict(f"what {one.path} held is not kept")
        return data

    @contextmanager
    def _replaced(self, plan: RollbackPlan) -> Iterator[list[Former]]:
        """Have the files of a plan in their places in the body; as they were if it fails."""
        files = self._files
        if files is None or not plan.files:
            yield []
            return
        snapshot = self._config.snapshot()
        with self._folders_locked():
            files.record(snapshot.version, snapshot.text)
            formers = [self._former(one) for one in plan.files]
            self._write_note(plan, snapshot.version, formers)
            failpoint("rollback-noted")
            try:
                for one in plan.files:
                    write_atomically(Path(one.path), self._content(one), one.mode & _MODE)
                failpoint("files-put-back")
                yield formers
            except BaseException:
                # What fails behind the commit, such as a reload, leaves the version in the file.
                if self._put_back_since(plan.version, snapshot.version) is None:
                    _undo(formers)
                self._note.unlink(missing_ok=True)
                raise
            self._note.unlink(missing_ok=True)

    @contextmanager
    def _folders_locked(self) -> Iterator[None]:
        """Keep uploads away, in one order for all."""
        with ExitStack() as stack:
            for name in FOLDERS:
                stack.enter_context(locked(self._state.path(f"{name}.lock")))
            yield

    def _former(self, one: FileState) -> Former:
        """Return what a file is now, as a failed reload would have it back."""
        path = Path(one.path)
        data = path.read_bytes() if path.is_file() else None
        mode = path.stat().st_mode & _MODE if data is not None else 0o600
        return Former(path, data, mode, self._content(one))

    def _write_note(self, plan: RollbackPlan, base: int, formers: Sequence[Former]) -> None:
        files = self._files
        assert files is not None
        rows = [
            {
                "path": str(one.path),
                "digest": None if one.data is None else files.contents.keep(one.data),
                "mode": one.mode,
                "now": one.digest,
            }
            for one in formers
        ]
        files.contents.sync()
        note = {"text_of": plan.version, "base": base, "files": rows}
        write_atomically(self._note, json.dumps(note).encode(), 0o600)

    def _recover(self) -> None:
        """Undo what a process left half done, unless its version is in the file."""
        try:
            note = json.loads(self._note.read_bytes())
        except OSError:
            return
        record = self._put_back_since(note["text_of"], note["base"])
        if record is not None:
            reload_id = record.delivery.reload_id if record.delivery else None
            self._keep_for_reload(reload_id, self._formers(note))
        else:
            _undo(self._formers(note))
            text = "version %d was being put back by a process that ended: the files are as before"
            _log.warning(text, note["text_of"])
        self._note.unlink(missing_ok=True)
        sync_directory(self._state.directory)

    def _put_back_since(self, text_of: int, base: int) -> VersionRecord | None:
        """Return the version after `base` that put a text back; None if it was rolled back."""
        records = self._config.archive.records(range(base + 1, self._config.version() + 1))
        in_file = (
            one for one in records.values()
            if one.text_of == text_of and one.origin != "restore" and one.status != "rolled back"
        )  # fmt: skip
        return next(in_file, None)

    def _keep_for_reload(self, reload_id: str | None, formers: Sequence[Former]) -> None:
        """Keep what a reload that fails has to put back beside the text."""
        for former in formers if reload_id else ():
            self._used_files.former.store(reload_id or "", former)

    def _formers(self, note: dict[str, Any]) -> list[Former]:
        files, found = self._files, []
        for one in note["files"]:
            data = files.contents.read(one["digest"]) if files and one["digest"] else None
            if data is None and one["digest"]:
                _log.error("what %s held before is not kept", one["path"])
                continue
            found.append(Former(Path(one["path"]), data, one["mode"], one["now"]))
        return found


def _undo(formers: Sequence[Former]) -> None:
    for former in formers:
        former.put_back()


def _reason(files: Sequence[FileState]) -> str:
    """Return why a reload is needed where files are put back; empty where none is."""
    if not files:
        return ""
    names = ", ".join(os.path.basename(one.path) for one in files[:3])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return f"files were put back: {names}{more}"
