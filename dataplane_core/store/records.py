"""Keep the records of one configuration file, and write those that belong together."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field, replace
from pathlib import Path

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import NotFound, StorageFailed
from dataplane_core.store.author import Author
from dataplane_core.store.candidate import Candidate
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.file_history import FileHistory
from dataplane_core.store.head import decode_text, digest_of, encode_text
from dataplane_core.store.journal.file_states import FileState
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.texts import FormerText, KeptText, TextTable
from dataplane_core.store.journal.transactions import TransactionTable
from dataplane_core.store.journal.trials import TrialTable
from dataplane_core.store.journal.version_objects import TouchedObject, VersionObjects
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.journal.versions import VersionTable
from dataplane_core.store.place import FilePlace
from dataplane_core.store.ports import ReloadRequests
from dataplane_core.store.retention import Retention
from dataplane_core.store.sharing import Sharing
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.texts import Backups, VersionTexts
from dataplane_core.store.trial import is_within

_OWNER = "config_file"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is recorded of a version that the file has got: its `text`, and the objects it touched.

    The objects are None where nobody has compared the text with the one before, which can be done
    later. `files` are those beside the configuration that are not as they were recorded last.
    """

    record: VersionRecord
    text: KeptText
    objects: Sequence[TouchedObject] | None = None
    files: Sequence[FileState] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Records:
    """The records of one configuration file.

    `versions` are those that the file has had, `text_rows` their texts, for as long as the
    `retention` says, and `objects` what they touched; `texts` are the files of those that may be
    written or loaded next, `trials` those that had to be confirmed. `backups` are the operator's
    copies of texts, `transactions` those begun on the file, `reloads` those that are asked for.
    `files` follow what lies beside the file; `sharing` tells other servers of both.
    """

    state: State
    versions: VersionTable
    transactions: TransactionTable
    text_rows: TextTable
    trials: TrialTable
    objects: VersionObjects
    retention: Retention
    texts: VersionTexts
    backups: Backups
    reloads: ReloadRequests
    files: FileHistory | None = None
    sharing: Sharing = field(default_factory=Sharing)

    @contextmanager
    def intended(self, record: VersionRecord, candidate: Candidate) -> Iterator[None]:
        """Record the intent to write a version; undo that if the version is not written.

        Once the intent is recorded, no file is deleted that HAProxy may be reading.
        """
        attempt = self.versions.intend(record)
        try:
            yield
        except BaseException:
            if not candidate.published:
                self._forget(attempt, record)
            raise

    def sync(
        self, record: VersionRecord, data: bytes, candidate: Candidate, base: Snapshot
    ) -> KeptText:
        """Keep the text, and bring to the disk what must be there before the file changes.

        That are the candidate, the intent, and the text that a failed reload would go back to.
        Returns the text as it is to be kept once it is the version that follows on `base`.
        """
        candidate.sync()
        self.state.sync()
        failpoint("intent-recorded")
        self.texts.write(record.version, record.digest, data)
        failpoint("version-kept")
        self.sync_fallback()
        failpoint("fallback-synced")
        self._prune(base.version)
        former = FormerText(base.version, encode_text(base.text))
        return self.text_rows.prepared(record.version, record.digest, data, former)

    def keep_newest(self, place: FilePlace) -> None:
        """Keep the newest text once more if a power cut undid that: the file has it."""
        newest, size = self.versions.newest(), os.path.getsize(place.path)
        if newest and self.texts.size(newest.version, newest.digest) != size:
            data, _ = place.read()
            if digest_of(data) == newest.digest:
                self.texts.write(newest.version, newest.digest, data)

    def take_files_in(self) -> None:
        """Keep as rows the texts of which a former server has left files: those behind the last.

        Once that is done there is nothing left to do at a start.
        """
        former: FormerText | None = None
        if self.text_rows.oldest() is not None:
            return
        for version in self.texts.kept():
            record = self.versions.get(version)
            data = self.texts.read(version, record.digest) if record else None
            if record is None or data is None:
                continue
            kept = self.text_rows.prepared(version, record.digest, data, former)
            with self.state.write(synced=False) as connection:
                self.text_rows.add(connection, kept)
            former = FormerText(version, data)

    def complete(self, new: NewVersion, also: Callable[[], None] | None = None) -> None:
        """Record that an intended version was written, with what follows for other records.

        `also` is called within the same write. The write is not synced: the intent and the file
        are, and say the same after a power cut.
        """
        record = new.record
        with self.state.write(synced=False) as connection:
            restores = record.origin == "restore"
            accepted = self.versions.last_accepted() if restores else None
            self.versions.record(replace(record, status="active"))
            self.text_rows.add(connection, new.text)
            if new.objects is not None:
                self.objects.add(connection, record.version, new.objects)
            self._add_files(connection, record.version, new.files)
            if accepted is not None:
                self.versions.roll_back(connection, accepted.version, record.version, record.reason)
            elif record.text_of is not None:
                self.versions.undo(connection, record.text_of, record.version)
            self._end_trial(connection, record)
            self.trials.add(connection, record)
            transaction_id = record.transaction_id
            self.transactions.finish(connection, record.version, record.origin, transaction_id)
            if also is not None:
                also()

    def _end_trial(self, connection: sqlite3.Connection, record: VersionRecord) -> None:
        """Record what a new version means for one that waits for its confirmation."""
        ended = self.trials.end_by(connection, record)
        if ended is not None and ended.status == "taken_back" and record.text_of is not None:
            first = ended.trial.former
            self.versions.roll_back(connection, first, record.version, ended.reason)

    def found(self, version: int, digest: str, data: bytes) -> KeptText:
        """Return a text that was found in the file, as it is to be kept as the newest version."""
        newest = self.versions.newest()
        former = None
        if newest is not None and (before := self.read(newest.version, newest.digest)) is not None:
            former = FormerText(newest.version, before)
        return self.text_rows.prepared(version, digest, data, former)

    def changed_files(self, text: str) -> Sequence[FileState]:
        """Return the files that are not as they were recorded last; a failure stops no change."""
        if self.files is None:
            return ()
        try:
            return self.files.changes(text)
        except (OSError, StorageFailed) as error:
            _log.error("the files of the configuration are not kept: %s", error)
            return ()

    def record_files(self, snapshot: Snapshot, *, late: bool, author: Author) -> bool:
        """Record what files have become since a version was written (`late`), or with it.

        Returns False, with nothing recorded, where the version is not the newest any more.
        """
        if self.files is None:
            return True
        found = self.files.changes(snapshot.text)
        with self.state.write(synced=False) as connection:
            newest = self.versions.newest()
            if newest is not None and newest.version != snapshot.version:
                return False
            if found:
                self.files.states.add(connection, snapshot.version, found, late, author)
        return True

    def _add_files(
        self, connection: sqlite3.Connection, version: int, files: Sequence[FileState]
    ) -> None:
        if self.files is not None and files:
            self.files.states.add(connection, version, files, late=False)

    def record_edit(self, record: VersionRecord, data: bytes) -> None:
        """Record a text that somebody else wrote; it is on the disk when this returns."""
        kept = self.found(record.version, record.digest, data)
        files = self.changed_files(decode_text(data))
        self.texts.write(record.version, record.digest, data)
        self.texts.sync(record.version, record.digest)
        self.sync_fallback()
        with self.state.write() as connection:
            self.versions.record(record)
            self.text_rows.add(connection, kept)
            self._add_files(connection, record.version, files)
            self._end_trial(connection, record)

    def sync_fallback(self) -> None:
        """Bring the text to the disk that a failed reload goes back to: the one accepted last."""
        if accepted := self.versions.last_accepted():
            self.texts.sync(accepted.version, accepted.digest)

    def read(self, version: int, digest: str) -> bytes | None:
        """Return the text of a version; None when it is not kept (any more)."""
        data = self.texts.read(version, digest)
        return self.text_rows.read(version, digest) if data is None else data

    def text(self, version: int) -> str:
        """Return the text of a version; raises `NotFound` when it is not kept (any more)."""
        record = self.versions.get(version)
        data = self.read(version, record.digest) if record is not None else None
        if data is None:
            data = self.backups.read(version)
        if data is None:
            raise NotFound(f"the text of version {version} is not kept")
        return decode_text(data)

    def texts_under_way(self, seconds: float) -> Iterator[str | None]:
        """Yield the texts that HAProxy is judging, of commits that began within some seconds.

        None stands for the text of a commit that has only just begun.
        """
        for record in self.versions.intents():
            if is_within(record.created, seconds):
                data = self.texts.read(record.version, record.digest)
                yield None if data is None else decode_text(data)

    def claim(self, config_file: Path) -> None:
        """Have the state belong to one file; the records of another file are removed.

        A symlink counts as the file itself; retargeting it is an edit by someone else. Raises
        `StorageFailed` when a running server uses the state for another file.
        """
        folder, name = os.path.split(config_file)
        path = os.path.join(os.path.realpath(folder), name)
        if self.state.value(_OWNER) == path:
            return
        with self.state.write() as connection:
            owner = self.state.value(_OWNER)
            if owner == path:  # another worker was faster
                return
            if owner is not None and not self.state.first:
                raise StorageFailed(
                    f"{self.state.directory} is in use for {owner}: set another dataplane.state_dir"
                )
            if self.state.is_rebuilt:
                self.state.set_value(_OWNER, path)
                return
            self.versions.clear(connection)
            self.transactions.clear(connection)
            self.text_rows.clear(connection)
            self.objects.clear(connection)
            self.trials.clear(connection)
            if self.files is not None:
                self.files.states.clear(connection)
            self.texts.clear()
            self.state.set_value(_OWNER, path)

    def _forget(self, attempt: int, record: VersionRecord) -> None:
        """Remove the intent, and the text unless another attempt has the same text and version."""
        with suppress(StorageFailed), self.state.write(synced=False):
            if self.versions.forget(attempt, record):
                self.texts.remove(record.version, record.digest)

    def _prune(self, newest: int) -> None:
        """Remove what is not to be kept any longer; a failure to do so harms nobody."""
        with suppress(OSError, StorageFailed):
            self.texts.prune(newest, self._needed, self.text_rows.missing)
            self.retention.enforce(newest)

    def _needed(self) -> set[int]:
        """Return the versions whose texts may have to be written or loaded again."""
        kept = (self.versions.last_accepted(), self.versions.newest())
        known = {record.version for record in kept if record}
        waits = self.trials.open()
        former = () if waits is None else (waits.trial.former,)
        return known.union(self.transactions.bases(), self.reloads.loading(), former)
