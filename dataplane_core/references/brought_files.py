"""Replace files for a change of haproxy.cfg, so that the files and the text go together.

HAProxy judges a text with the files that are there, so they are put in place before the commit.
What they held before is kept on the disk until HAProxy has loaded the version. The version's record
says under which name (`brings`): whichever process puts the former text back, or finds that another
one did so and died, puts back the files, too.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import StorageFailed
from dataplane_core.references.former import BROUGHT, Former, FormerFiles
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.locks import locked, try_lock
from dataplane_core.store.sharing import SharedFile
from dataplane_core.store.versioned_file import VersionedFile

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file that is to be another: what it was, and what puts the new one in its place."""

    former: Former
    put: Callable[[], object]


class BroughtFiles:
    """The files that were replaced for versions which HAProxy has not loaded yet."""

    def __init__(self, config: VersionedFile, state: State, former: FormerFiles) -> None:
        self._config = config
        self._former = former
        self._lock = state.path("brought.lock")
        self._thread = threading.local()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others away who replace files, after what a killed one has left is put right."""
        with locked(self._lock):
            self._thread.is_alone = True
            try:
                self._recover()
                yield
            finally:
                self._thread.is_alone = False

    @property
    def is_alone(self) -> bool:
        """Whether this thread keeps others away, and would wait for itself."""
        return getattr(self._thread, "is_alone", False)

    def at_rest(self) -> bool:
        """Tell whether nobody replaces files, nor has died meanwhile: that is put right."""
        handle = try_lock(self._lock)
        if handle is None:
            return False
        try:
            return not self._recover()
        finally:
            os.close(handle)

    def recover(self) -> None:
        """Put right what a killed process has left, unless somebody replaces files just now."""
        if self._former.begun(BROUGHT):
            self.at_rest()

    @contextmanager
    def in_place(
        self, files: Sequence[Replacement], base: int, *, makes_version: bool = True,
        going: Sequence[SharedFile] = (),
    ) -> Iterator[str]:  # fmt: skip
        """Have files in their places in the body, which commits what follows on version `base`.

        The commit has to record the name that is yielded; empty where there are no files. What the
        body raises puts the former files back, unless the version is in force all the same. Without
        `makes_version` they stay as soon as the body is through. Who shares the files gets them in
        one step with the version, and has those of `going` go, which are deleted afterwards.
        """
        sharing, shared = self._config.records.sharing, [*map(_shared, files), *going]
        if not files:
            with sharing.together(shared, makes_version=makes_version):
                yield ""
            return
        change = f"{BROUGHT}{base}-{os.urandom(8).hex()}"
        try:
            for one in files:
                self._former.store(change, one.former)
            failpoint("files-noted")
            with sharing.together(shared, makes_version=makes_version):
                for one in files:
                    one.put()
                failpoint("files-brought")
                yield change
        except BaseException:
            self._give_up(change)
            raise
        if not makes_version:
            self._former.forget(change)
        try:
            self.settle()
        except StorageFailed as error:  # the version is written; whoever looks next goes on
            _log.error("files are kept for longer than they are needed: %s", error.message)

    def settle(self) -> bool:
        """Put back the files of versions that were rolled back, the newest first.

        What is kept for versions that HAProxy has loaded is let go of. Returns whether files were
        put back.
        """
        pending, put_back = self._pending(), False
        while pending and pending[0][0].status == "rolled back":
            self._former.undo(pending.pop(0)[1])
            put_back = True
        accepted = self._config.records.versions.last_accepted() if pending else None
        for record, change in pending:
            if accepted is not None and record.version <= accepted.version:
                self._former.forget(change)
        return put_back

    def _pending(self) -> list[tuple[VersionRecord, str]]:
        """Return the versions for which files are kept, the newest first."""
        versions = self._config.records.versions
        found = ((versions.bringing(one), one) for one in self._former.begun(BROUGHT))
        known = [(record, change) for record, change in found if record is not None]
        return sorted(known, key=lambda one: one[0].version, reverse=True)

    def _recover(self) -> bool:
        """Undo what a process left half done, unless its version is in the file.

        Returns whether anything was undone.
        """
        changes, undone = self._former.begun(BROUGHT), False
        if not changes:
            return False
        self._config.version()  # records the commit of a process that died
        versions = self._config.records.versions
        for change in changes:
            if versions.bringing(change) is not None:
                continue
            base = int(change.removeprefix(BROUGHT).partition("-")[0])
            if versions.get(base) is None:  # as old as no version that is still recorded
                self._former.forget(change)
                continue
            self._former.undo(change)
            undone = True
            _log.warning("files were being replaced by a process that ended: they are as before")
        return self.settle() or undone

    def _give_up(self, change: str) -> None:
        """Put files back whose change has failed; what cannot be put back now stays kept."""
        try:
            self._config.version()
            if self._config.records.versions.bringing(change) is None:
                self._former.undo(change)
            else:
                self.settle()
        except StorageFailed as error:
            _log.error("a change failed, and %s", error.message)


def _shared(one: Replacement) -> SharedFile:
    """Return what a file becomes, for those who share it."""
    former = one.former
    assert isinstance(former.now, bytes)
    return SharedFile(str(former.path), former.data, former.now)
