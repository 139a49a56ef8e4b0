"""Put a past version back: its text as a new version, and the files of the storage that it uses.

1. The files that are not as they were in that version are found. What cannot come back is a reason
   to refuse all.
2. HAProxy judges the text with these files, shown in another place.
3. What the files hold now is recorded for the history.
4. The files are replaced, and the text is committed as any other, which judges it once more. If
   that fails, or HAProxy cannot be reloaded with it, the files are as they were (`BroughtFiles`).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Conflict, Finding
from dataplane_core.references.brought_files import Replacement
from dataplane_core.references.former import Former
from dataplane_core.references.shown_files import check_shown
from dataplane_core.references.used_files import UsedFiles
from dataplane_core.store.author import NOBODY, PLAIN, Author, ChangeOptions
from dataplane_core.store.candidate import write_atomically
from dataplane_core.store.change import Outcome
from dataplane_core.store.config import ConfigStore
from dataplane_core.store.file_history import FOLDERS, FileHistory
from dataplane_core.store.head import split_header
from dataplane_core.store.journal.file_states import FileState
from dataplane_core.store.journal.state import State
from dataplane_core.store.locks import locked
from dataplane_core.store.refusals import version_mismatch

WhichFiles = Literal["found", "left", "keep"]
"""The files as the version found them, as it left them to the next one, or as they are now."""
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
        with self._used_files.brought.alone():
            if plan.files or plan.refusals:
                self.check(plan)
            with self._replaced(plan, newest) as brings:
                return self._config.put_back(
                    plan.version, newest, author=author, options=options,
                    force_reload=force_reload, reload_reason=_reason(plan.files), brings=brings,
                )  # fmt: skip

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
    def _replaced(self, plan: RollbackPlan, newest: int | None) -> Iterator[str]:
        """Have the files of a plan in their places in the body; as they were if it fails."""
        if not plan.files:
            yield ""
            return
        with self._folders_locked():
            snapshot = self._config.file.record_files()
            if newest is not None and newest != snapshot.version:
                raise version_mismatch(snapshot.version, newest)
            files = [self._replacement(one) for one in plan.files]
            with self._used_files.brought.in_place(files, snapshot.version) as brings:
                yield brings

    @contextmanager
    def _folders_locked(self) -> Iterator[None]:
        """Keep uploads away, in one order for all."""
        with ExitStack() as stack:
            for name in FOLDERS:
                stack.enter_context(locked(self._state.path(f"{name}.lock")))
            yield

    def _replacement(self, one: FileState) -> Replacement:
        """Return what a file is now, and what puts the one in its place that is to come back."""
        folder, name = os.path.split(one.path)
        path, content = Path(one.path), self._content(one)
        real = Path(os.path.realpath(folder), name)  # a link there is replaced, not followed
        data = path.read_bytes() if path.is_file() else None
        mode = path.stat().st_mode & _MODE if data is not None else 0o600
        former = Former(path, data, mode, content)
        mode = one.mode & _MODE
        return Replacement(former, partial(write_atomically, real, content, mode, real=True))


def _reason(files: Sequence[FileState]) -> str:
    """Return why a reload is needed where files are put back; empty where none is."""
    if not files:
        return ""
    names = ", ".join(os.path.basename(one.path) for one in files[:3])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return f"files were put back: {names}{more}"
