"""A configuration file with its versions: read, judged and restored.

What edits it, and brings edits to HAProxy, stands above (`config`).
"""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from dataplane_core.errors import DataplaneError, StorageFailed, StorageFull
from dataplane_core.settings import Settings
from dataplane_core.store.author import NOBODY, Author
from dataplane_core.store.candidate import Candidate
from dataplane_core.store.configuration_file import ConfigurationFile
from dataplane_core.store.file_history import FileHistory
from dataplane_core.store.files import file_identity, forget_cached, sweep
from dataplane_core.store.hand_edits import HandEdits
from dataplane_core.store.head import decode_text, digest_of, split_header
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.texts import TextTable
from dataplane_core.store.journal.transactions import TransactionTable
from dataplane_core.store.journal.trials import TrialTable
from dataplane_core.store.journal.version_objects import VersionObjects
from dataplane_core.store.journal.versions import VersionTable
from dataplane_core.store.judge import Judge
from dataplane_core.store.pending_reloads import PendingReloads
from dataplane_core.store.place import FilePlace
from dataplane_core.store.ports import ConfigurationCheck, Locate, ReloadRequests, no_object
from dataplane_core.store.rebuilding import rebuild
from dataplane_core.store.records import Records
from dataplane_core.store.restore import Restorer
from dataplane_core.store.retention import Retention
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.texts import Backups, VersionTexts
from dataplane_core.store.turns import Turns
from dataplane_core.text.language import Language

_log = logging.getLogger(__name__)


class VersionedFile:
    """The file `haproxy.config_file` of the settings, with the records of its versions.

    `language` has the words that begin a section, `files` follow what lies beside the file. The
    file may lie anywhere, or in `folders` alone. Objects may be shared between threads, and made
    before a fork.
    """

    def __init__(
        self,
        settings: Settings,
        language: Language,
        state: State,
        reloads: ReloadRequests,
        check: ConfigurationCheck,
        locate: Locate = no_object,
        files: FileHistory | None = None,
        folders: Sequence[str] | None = None,
    ) -> None:
        path = self.path = Path(settings.haproxy.config_file)
        place = self._place = FilePlace(path, folders)
        own, transaction = settings.dataplane, settings.dataplaneapi.transaction
        versions, rows = VersionTable(state), TextTable(state)
        self.records = Records(
            state=state,
            versions=versions,
            transactions=TransactionTable(state, own.transaction_ttl),
            text_rows=rows,
            trials=TrialTable(state),
            objects=VersionObjects(state),
            retention=Retention(
                rows, versions, own.history_limit, own.history_age, own.history_size, files
            ),
            texts=VersionTexts(state.path("versions")),
            backups=Backups(path, transaction.backups_dir, transaction.backups_number),
            reloads=reloads,
            files=files,
        )
        self._pending = PendingReloads(self.records.versions, reloads)
        self.on_disk = ConfigurationFile(place, language, self.records, self._pending.catch_up)
        self.turns = Turns(state.directory, own.check_timeout)
        self.judge = Judge(place, language, check, locate)
        self.hand_edits = HandEdits(place, own.on_bad_edit == "keep", self.records, self.judge)
        self._restorer = Restorer(self.on_disk, self.records, self.hand_edits)
        self._process = 0
        self._starting = threading.Lock()

    def recover(self) -> None:
        """Finish or undo what a killed server left half done; called before workers are forked.

        What can be read is read: the workers share it, and all that was loaded for it. A file that
        cannot be read is logged: it may be there once somebody asks for it. Raises `StorageFailed`
        when the state belongs to a running server for another file.
        """
        self.records.claim(self.path)
        if self.records.state.first and self.records.state.faults.reason():
            self._verify_disk()
        try:
            self.begin()
        except StorageFailed as error:
            _log.error("what a predecessor left is not looked at yet: %s", error.message)
        with suppress(StorageFailed):
            self.on_disk.snapshot()
        self.records.state.close()  # a connection must not be carried over a fork

    def _verify_disk(self) -> None:
        """Allow changes again after a disk had lost writes, if what counts is right on it now."""
        state = self.records.state
        try:
            self._write_anew()
            state.verify()
        except DataplaneError as error:
            _log.error("nothing can be changed, as the disk is not right: %s", error.message)
            return
        _log.warning("changes are possible again, after: %s", state.faults.reason())
        state.faults.clear()

    def _write_anew(self) -> None:
        """Write once more what the disk has: a text that is recorded, or that HAProxy accepts."""
        forget_cached(self.path)
        data, status = self._place.read()
        digest, newest = digest_of(data), self.records.versions.newest()
        known = newest is not None and newest.digest == digest
        if not known and not self.records.versions.intents(digest):
            head, _ = split_header(decode_text(data))
            self.judge.check(decode_text(data), head)
            _log.warning("%s holds a text that is no version", self.path)
        with Candidate(self._place, data) as candidate:
            candidate.sync()
            candidate.publish(in_place=True, over=file_identity(status))
            candidate.sync_folder()

    def snapshot(self) -> Snapshot:
        """Return the newest version; raises `StorageFailed` when the file cannot be read."""
        self.begin()
        return self.on_disk.snapshot()

    def version(self) -> int:
        """Return the number of the newest version."""
        return self.snapshot().version

    def record_files(self, *, late: bool = True, author: Author = NOBODY) -> Snapshot:
        """Record what the files are beside the newest version, which is returned.

        With `late` they are as it left them, else as it found them. `author` has asked for that.
        """
        snapshot = self.snapshot()
        while not self.records.record_files(snapshot, late=late, author=author):
            snapshot = self.snapshot()
        return snapshot

    def snapshot_of(self, version: int) -> Snapshot:
        """Return a version; raises `NotFound` when its text is not kept (any more)."""
        current = self.snapshot()
        if current.version == version:
            return current
        return self.on_disk.prepare(self.records.text(version), "", version)

    @contextmanager
    def held_at(self, version: int) -> Iterator[bool]:
        """Keep every writer of the file away; yield whether it is still at a version."""
        with self.on_disk.locked() as locked:
            yield locked.current().version == version

    def notice_edit(self) -> bool:
        """Give a number to what someone else wrote, and ask for the reload that it needs.

        Returns True once for each reload that is due. A text that HAProxy refuses may stay in the
        file without a reload (`HandEdits`).
        """
        snapshot = self.snapshot()
        if self.hand_edits.stopped(snapshot):
            return False
        return self._pending.after_edit()

    def request_overdue_reloads(self, seconds: float) -> None:
        """Ask for the reload of versions that HAProxy has not got `seconds` after their commit."""
        self._pending.overdue(seconds)

    def accept(self, version: int) -> None:
        """Record that HAProxy was reloaded with a version and runs it."""
        self.records.versions.accept(version)
        self.records.sync_fallback()

    def restore(self, reason: str, failed_version: int) -> int | None:
        """Put back, as a new version, the text that HAProxy last accepted: after a failed reload.

        Returns the number of the new version, or None when HAProxy has accepted `failed_version` or
        a later one meanwhile, or when an edit by hand stays in the file. Versions in between are
        recorded as rolled back for `reason`.
        """
        self.snapshot()
        restored = self._restorer.restore(reason, failed_version)
        if restored is not None:
            self._pending.after_restore()
        return restored

    def fallbacks(self) -> dict[int, str]:
        """Return the texts to which a failed reload may go back, by version (`Restorer`)."""
        return self._restorer.fallbacks()

    def begin(self) -> None:
        """Finish or undo what a predecessor left half done, at the first use in a process."""
        if self._process == os.getpid():
            return
        with self._starting:
            if self._process == os.getpid():
                return
            self.records.claim(self.path)
            if self.records.state.first and not self.records.state.is_copy:
                with suppress(OSError, StorageFailed):
                    if self.records.state.is_rebuilt:
                        rebuild(self.records.versions, self.records.texts)
                    self.records.take_files_in()
            try:
                self.on_disk.begin()
            except StorageFull as error:
                _log.error("what a predecessor left is not looked at yet: %s", error.message)
                return
            if not self.records.state.is_copy:
                with suppress(OSError, DataplaneError):
                    with self._place.open("read") as opened:
                        sweep(opened.name, opened.folder)
                    if self.records.state.first:
                        self.records.keep_newest(self._place)
                self._pending.catch_up()
            self._process = os.getpid()
