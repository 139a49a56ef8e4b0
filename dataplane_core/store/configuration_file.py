"""Read haproxy.cfg as it is on the disk, give its texts numbers, and lock it for writing.

A text gets its number, the version, by these rules, so that no number is ever used twice:

* The newest text that is known, identified by its digest, keeps the number that it has.
* Any other text is an edit by someone else (`external`), even a text that an earlier version had.
  It gets the number on its version line where that is higher than all numbers used, as after the
  commit of another server; else it gets the highest number used plus one, and its version line
  stays as the person left it. The first text ever seen without a version line is version 1.
* Servers with state directories of their own agree on numbers over the lock file (`lock_file`).

A client that writes with the version that it read before an edit by hand is answered with 409.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from dataplane_core.errors import StorageFailed
from dataplane_core.store.candidate import Candidate, is_interrupted, recover
from dataplane_core.store.disk_faults import NotOnDisk
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.files import file_identity
from dataplane_core.store.head import decode_text, digest_of, split_header
from dataplane_core.store.journal.version_records import VersionRecord
from dataplane_core.store.lock_file import HeldLock, Mark, lock_file, lock_to_read, mark_of
from dataplane_core.store.numbers import next_number
from dataplane_core.store.place import FilePlace, OpenedPlace
from dataplane_core.store.records import NewVersion, Records
from dataplane_core.store.snapshot import AnswerCache, Snapshot
from dataplane_core.text import Document
from dataplane_core.text.heap import LARGE, give_back
from dataplane_core.text.language import Language

_CLOCK_TICK_NS = 50_000_000
_log = logging.getLogger(__name__)


class ConfigurationFile:
    """The file, and the newest snapshot of it.

    `language` has the words that begin a section. `on_settled` is called, without a lock, after the
    record of a commit was completed whose process had died.
    """

    def __init__(
        self, place: FilePlace, language: Language, records: Records, on_settled: Callable[[], None]
    ) -> None:
        self.place = place
        self.path = place.path
        self._name = str(place.path)
        self.language = language
        self._records = records
        self._on_settled = on_settled
        self._current: Snapshot | None = None
        self._doubtful = False
        self._loading = threading.Lock()
        self._settled = False
        self._said = ""

    def begin(self) -> None:
        """Complete what a predecessor left undone, and forget its locks: once in a new process."""
        self._loading = threading.Lock()
        if self._records.versions.intents() or is_interrupted(self.place):
            self.place.settled(self._finish)

    def _finish(self, opened: OpenedPlace) -> None:
        with self._locked_to_read(opened) as held:
            held.number()
            if (state := self._records.state).first:
                self._records.versions.forget_intents(state.started)

    def snapshot(self) -> Snapshot:
        """Return the newest state of the file: one `stat` when nothing has changed."""
        known = self.unchanged()
        if known is None:
            known = self._load()
            self._announce_settled()
        return known

    @contextmanager
    def locked(self, at: OpenedPlace | None = None) -> Iterator["LockedConfiguration"]:
        """Keep every other writer out, of any server; the place may be open already: `at`."""
        where = nullcontext(at) if at else self.place.open("locked")
        try:
            with where as opened, lock_file(opened) as lock:
                yield LockedConfiguration(self, self._records, lock)
        finally:
            self._announce_settled()

    def prepare(
        self, text: str, digest: str, version: int, previous: Document | None = None
    ) -> Snapshot:
        """Return a snapshot of a text, with `digest` and `version`.

        Sections that `previous`, or else the newest snapshot, has too are shared with it, with all
        that was read of them.
        """
        head, rest = split_header(text)
        current = self._current  # another thread may set it to None
        if previous is None and current is not None:
            previous = current.document
        document = Document.parse(rest, self.language, previous)
        cache = AnswerCache(self.language.budget)
        return Snapshot(document, version, (), head, digest, cache=cache)

    def unchanged(self) -> Snapshot | None:
        """Return the newest snapshot, if the file is still the one that it was made of; else None.

        An edit in the same tick of the file system's clock as the edit before leaves no trace in
        the times, so a file that was read that young is read once more.
        """
        try:
            status = os.stat(self._name)
        except OSError:  # whoever reads the file is told
            return None
        if (current := self._current) is None or current.identity != file_identity(status):
            return None
        if self._doubtful and abs(time.time_ns() - status.st_mtime_ns) > _CLOCK_TICK_NS:
            return None
        return current

    def take(self, data: bytes, version: int, status: os.stat_result) -> Snapshot:
        """Make what was just read the newest snapshot."""
        digest, snapshot = digest_of(data), self._current
        if snapshot is None or (snapshot.digest, snapshot.version) != (digest, version):
            snapshot = self.prepare(decode_text(data), digest, version)
            if len(data) > LARGE:
                give_back()
        if snapshot.identity != (identity := file_identity(status)):
            snapshot = replace(snapshot, identity=identity)
        self._doubtful = abs(time.time_ns() - status.st_mtime_ns) < _CLOCK_TICK_NS
        self._current = snapshot
        return snapshot

    def take_written(self, snapshot: Snapshot, status: os.stat_result | None) -> None:
        """Make what was just written the newest snapshot, unless its status could not be had."""
        self._doubtful = False
        self._current = status and replace(snapshot, identity=file_identity(status))

    def distrust(self) -> None:
        """Forget the newest snapshot: whoever asks next reads the file."""
        self._current = None

    def settled(self) -> None:
        """Have `on_settled` called as soon as the lock is free."""
        self._settled = True

    def _announce_settled(self) -> None:
        if self._settled:
            self._settled = False
            self._on_settled()

    def _load(self) -> Snapshot:
        with self._loading:
            known = self.unchanged()
            if known is not None:
                return known
            return self.place.settled(self._read)

    def _read(self, opened: OpenedPlace) -> Snapshot:
        data, status = opened.read()
        if (version := self._recorded(digest_of(data), opened)) is not None:
            return self.take(data, version, status)
        try:
            with self._locked_to_read(opened) as held:
                return held.number()
        except StorageFailed as error:
            return self._unrecorded(data, status, error, mark_of(opened))

    def _unrecorded(
        self, data: bytes, status: os.stat_result, error: StorageFailed, mark: Mark | None
    ) -> Snapshot:
        """Return a text that somebody else wrote, and that has no number yet for lack of room.

        Whoever reads gets the number that the text will have; whoever changes it gives it that one.
        """
        if self._said != (digest := digest_of(data)):
            self._said = digest
            _log.error("%s is read, and its edit is not recorded: %s", self.path, error.message)
        newest = self._records.versions.newest()
        version = next_number(newest, mark, digest, data)
        made = self.prepare(decode_text(data), digest, version)
        return replace(made, identity=file_identity(status))

    def _recorded(self, digest: str, opened: OpenedPlace) -> int | None:
        """Return the number of the newest version, if its text is the one with `digest`."""
        newest = self._records.versions.newest()
        if newest is None or newest.digest != digest:
            return None
        mark = mark_of(opened)
        return newest.version if mark is None or mark.version <= newest.version else None

    @contextmanager
    def _locked_to_read(self, opened: OpenedPlace) -> Iterator["LockedConfiguration"]:
        """Lock the file, or a lock file of the state where the file may only be read."""
        state = self._records.state
        with lock_to_read(opened, state.path("reading.lock"), writes=not state.is_copy) as lock:
            yield LockedConfiguration(self, self._records, lock)


class LockedConfiguration:
    """The file while its lock is held: no other process writes it, or gives numbers to texts."""

    def __init__(self, file: ConfigurationFile, records: Records, lock: HeldLock) -> None:
        self._file = file
        self._records = records
        self._lock = lock
        self._judged: tuple[int | str, ...] | None = None

    def current(self) -> Snapshot:
        """Return the newest snapshot; commits of processes that died are recorded before."""
        found = self._file.unchanged() or self.number()
        self._judged = found.identity
        return found

    def highest(self) -> int:
        """Return the highest number that any version has had."""
        newest, mark = self._records.versions.newest(), self._lock.mark()
        return max(newest.version if newest else 0, mark.version if mark else 0)

    def number(self) -> Snapshot:
        """Read the file, give its text a number if it has none, and return its snapshot."""
        recover(self._lock.opened, self._is_intended)
        data, status = self._lock.opened.read()
        digest = digest_of(data)
        self._settle(digest, data)
        newest = self._records.versions.newest()
        version = next_number(newest, self._lock.mark(), digest, data)
        if newest is None or version != newest.version:
            self._record_edit(version, data, digest, first=newest is None)
        self._lock.set_mark(version, digest)
        return self._file.take(data, version, status)

    def publish(
        self,
        candidate: Candidate,
        snapshot: Snapshot,
        new: NewVersion,
        also: Callable[[], None] | None = None,
    ) -> bool:
        """Put the candidate in the file's place, and record that the version is written.

        `snapshot` is what the file holds then, `new` what is recorded; `also` is called within that
        write. Returns whether it succeeded; else the next one who locks the file completes it.
        Raises `FileChanged` where the file is another than `current` found, and at the end
        `NotOnDisk` where a power cut may undo it all.
        """
        at, unsafe = self._lock.opened, None
        status = candidate.publish(in_place=True, over=self._judged, locked=at)
        failpoint("replaced")
        try:
            candidate.sync_folder()
        except NotOnDisk as error:  # the version is what counts all the same, and is recorded
            unsafe = error
        failpoint("directory-synced")
        self._lock.set_mark(snapshot.version, snapshot.digest)
        self._file.take_written(snapshot, status)
        recorded = self._complete(new, also)
        failpoint("done-recorded")
        if unsafe is not None:
            raise NotOnDisk(f"version {snapshot.version} is in place: {unsafe.message}")
        return recorded

    def _complete(self, new: NewVersion, also: Callable[[], None] | None) -> bool:
        try:
            self._records.complete(new, also)
        except Exception as error:
            self._file.distrust()
            reason = isinstance(error, StorageFailed) and error.message
            text = "version %d is written, its record is not: %s"
            _log.error(text, new.record.version, reason or "see below", exc_info=not reason)
            return False
        return True

    def _is_intended(self, data: bytes) -> bool:
        """Tell whether a text was about to become a version."""
        return bool(self._records.versions.intents(digest_of(data)))

    def _settle(self, digest: str, data: bytes) -> None:
        """Record as written a version whose text the file has: its process died before it could."""
        newest = self._records.versions.newest()
        for record in self._records.versions.intents(digest):
            if newest is None or record.version > newest.version:
                _log.warning("version %d was written by a process that ended since", record.version)
                kept = self._records.found(record.version, digest, data)
                files = self._records.changed_files(decode_text(data))
                self._records.complete(NewVersion(record, kept, files=files))
                self._file.settled()

    def _record_edit(self, version: int, data: bytes, digest: str, *, first: bool) -> None:
        """Record a text by someone else; HAProxy is taken to run the `first` that is ever seen."""
        record = VersionRecord(
            version, digest, "active", "external", time.time(), accepted=first, followed=first
        )
        self._records.record_edit(record, data)
