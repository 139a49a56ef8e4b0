"""haproxy.cfg as it is on the disk: read, numbered, and locked for writing.

How a text gets its number (the version), so that no number is ever used twice:

* The newest text that is known, told by its digest, keeps the number that it has.
* Any other text is an edit by someone else (`external`), even one that an earlier version had. It
  gets the number on its version line where that is higher than all numbers used, which is what
  another server's commit looks like; else the highest number used plus one, and its version line
  stays as the person left it. The first text ever seen without a version line is version 1.
* The lock file beside haproxy.cfg holds the last number given and the digest of its text. Servers
  with state directories of their own thereby agree on numbers, and a lost state repeats none.

So whoever writes with the version that they read before an edit by hand is told 409.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from dataplane_core.errors import StorageFailed
from dataplane_core.store.files import identity, locked, read_file, storage_errors, sync_directory
from dataplane_core.store.head import decode_text, split_header
from dataplane_core.store.journal.state import State
from dataplane_core.store.journal.transactions import TransactionTable
from dataplane_core.store.journal.versions import VersionRecord, VersionTable
from dataplane_core.store.ports import Follow
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.texts import VersionTexts
from dataplane_core.text import Document
from dataplane_core.text.language import Language

_CLOCK_TICK_NS = 50_000_000
_log = logging.getLogger(__name__)


def digest_of(data: bytes) -> str:
    """What tells one text from another."""
    return blake2b(data, digest_size=16).hexdigest()


class ConfigurationFile:
    """The file, and the newest snapshot of it.

    `on_settled` is called, without a lock, after the commit of a process that died was found done.
    """

    def __init__(
        self,
        path: Path,
        language: Language,
        state: State,
        history: VersionTable,
        rows: TransactionTable,
        texts: VersionTexts,
        on_settled: Callable[[], None],
    ) -> None:
        self.path = path
        self.language = language
        self._state = state
        self._history = history
        self._rows = rows
        self._texts = texts
        self._on_settled = on_settled
        self._current: Snapshot | None = None
        self._doubtful = False
        self._loading = threading.Lock()
        self._settled = False

    def begin(self) -> None:
        """In a new process: settle what a predecessor left, and forget its locks."""
        self._loading = threading.Lock()
        if self._history.intents():
            with self._lock_to_read() as lock:
                self._numbered(lock)
                if self._state.first:
                    self._history.forget_intents(self._state.started)

    def snapshot(self) -> Snapshot:
        """The newest state of the file: one `stat` when nothing has changed."""
        known = self._known()
        if known is None:
            known = self._load()
            self._announce_settled()
        return known

    @contextmanager
    def held(self) -> Iterator[int]:
        """Keep every other writer out, of this server and of others on the same file."""
        try:
            with locked(self._lock_file()) as lock:
                yield lock
        finally:
            self._announce_settled()

    def current(self, lock: int) -> Snapshot:
        """The newest state while the lock is held; commits of the dead are settled before."""
        return self._known() or self._numbered(lock)

    def publish(
        self,
        snapshot: Snapshot,
        status: os.stat_result,
        entry: VersionRecord,
        follow: Follow | None,
        lock: int,
    ) -> None:
        """What was just written is the newest state; what follows is recorded in the same write."""
        _write_mark(lock, snapshot.version, snapshot.digest)
        self._doubtful = False
        self._current = replace(snapshot, identity=identity(status))
        try:
            self._complete(entry, follow)
        except Exception as error:
            # The file says what is true: whoever locks it next settles the record.
            self._current = None
            if follow is not None:
                follow.lost()
            told = isinstance(error, StorageFailed) and error.message
            text = "version %d is written, its record is not: %s"
            _log.error(text, entry.version, told or "see below", exc_info=not told)

    def prepare(
        self, text: str, digest: str, version: int, previous: Document | None = None
    ) -> Snapshot:
        """A snapshot of a text.

        Sections that `previous`, or else the newest one, has too are shared with it, with all that
        was read of them.
        """
        head, rest = split_header(text)
        current = self._current  # another thread may set it to None
        if previous is None and current is not None:
            previous = current.document
        document = Document.parse(rest, self.language, previous)
        return Snapshot(document, version, (), head, digest)

    def highest(self, lock: int) -> int:
        """The highest number that was ever given."""
        newest, mark = self._history.newest(), _read_mark(lock)
        return max(newest.version if newest else 0, mark[0] if mark else 0)

    def _known(self) -> Snapshot | None:
        """The snapshot at hand, if the file is still the one that it was made of.

        An edit in the same tick of the file system's clock as the one before leaves no trace in
        the times, so a file that was read that young is read once more.
        """
        with storage_errors(self.path, "read"):
            status = os.stat(self.path)
        current = self._current
        if current is None or current.identity != identity(status):
            return None
        if self._doubtful and time.time_ns() - status.st_mtime_ns > _CLOCK_TICK_NS:
            return None
        return current

    def _load(self) -> Snapshot:
        with self._loading:
            known = self._known()
            if known is not None:
                return known
            data, status = read_file(self.path)
            version = self._recorded(digest_of(data))
            if version is not None:
                return self._take(data, version, status)
            with self._lock_to_read() as lock:
                return self._numbered(lock)

    @contextmanager
    def _lock_to_read(self) -> Iterator[int | None]:
        """The lock; without the right to make its file, or only to look, one of this state."""
        with ExitStack() as stack:
            lock: int | None = None
            try:
                if not self._state.is_copy:
                    lock = stack.enter_context(locked(self._lock_file()))
            except StorageFailed:
                pass
            if lock is None:
                stack.enter_context(locked(self._state.path("reading.lock")))
            yield lock

    def _lock_file(self) -> Path:
        return _lock_file_of(self.path)

    def _recorded(self, digest: str) -> int | None:
        """The number of the newest text, if that is the one with `digest`."""
        newest = self._history.newest()
        if newest is None or newest.digest != digest:
            return None
        mark = self._mark()
        return newest.version if mark is None or mark[0] <= newest.version else None

    def _mark(self) -> tuple[int, str] | None:
        with suppress(OSError), open(self._lock_file(), "rb") as file:
            return _read_mark(file.fileno())
        return None

    def _numbered(self, lock: int | None) -> Snapshot:
        """Read the file and give its text a number, if it has none, with the lock held."""
        data, status = read_file(self.path)
        digest = digest_of(data)
        self._settle(digest)
        newest, mark = self._history.newest(), self._mark() if lock is None else _read_mark(lock)
        last = newest.version if newest else 0
        given, text = mark or (0, "")
        if newest is not None and newest.digest == digest and given <= last:
            version = last
        else:
            written = split_header(decode_text(data))[0].version or 0
            shared = given > last and text == digest
            version = given if shared else max(last + 1, given + 1, written)
            self._record(version, data, digest, first=newest is None)
        if lock is not None:
            _write_mark(lock, version, digest)
        return self._take(data, version, status)

    def _record(self, version: int, data: bytes, digest: str, *, first: bool) -> None:
        """A text by someone else; the first ever seen is taken to be what HAProxy runs."""
        self._texts.keep(version, digest, data)
        entry = VersionRecord(
            version, digest, "active", "external", time.time(), accepted=first, followed=first
        )
        self._history.record(entry)

    def _take(self, data: bytes, version: int, status: os.stat_result) -> Snapshot:
        digest, snapshot = digest_of(data), self._current
        if snapshot is None or (snapshot.digest, snapshot.version) != (digest, version):
            snapshot = self.prepare(decode_text(data), digest, version)
        snapshot = replace(snapshot, identity=identity(status))
        self._doubtful = time.time_ns() - status.st_mtime_ns < _CLOCK_TICK_NS
        self._current = snapshot
        return snapshot

    def _settle(self, digest: str) -> None:
        """With the lock held: a text that somebody intended to write, and died, is theirs."""
        newest = self._history.newest()
        for entry in self._history.intents(digest):
            if newest is None or entry.version > newest.version:
                _log.warning("version %d was written by a process that ended since", entry.version)
                self._complete(entry, None)
                self._settled = True

    def _complete(self, entry: VersionRecord, follow: Follow | None) -> None:
        """Record that an intended version was written, with all that this means for others.

        Not synced: the intent and the file are, and tell the same after a power cut.
        """
        with self._state.write(synced=False) as connection:
            accepted = self._history.last_accepted() if entry.origin == "restore" else None
            self._history.record(replace(entry, status="active"))
            if accepted is not None:
                self._history.roll_back(connection, accepted.version, entry.version, entry.reason)
            self._rows.finish(connection, entry.version, entry.origin, entry.transaction_id)
            if follow is not None:
                follow.record()

    def _announce_settled(self) -> None:
        if self._settled:
            self._settled = False
            self._on_settled()


def _lock_file_of(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    return real.with_name(f".{real.name}.lock")


def discard_store(path: Path) -> None:
    """Delete a file and what its numbers were: with a new state, the next of its name starts anew.

    Raises `StorageFailed`. The lock file stays, empty: a removed one would let two holders in.
    """
    with locked(_lock_file_of(path)) as lock, storage_errors(path, "deleted"):
        path.unlink(missing_ok=True)
        os.ftruncate(lock, 0)
    sync_directory(path.parent)


def _read_mark(lock: int) -> tuple[int, str] | None:
    """The number and the digest in the lock file; None when there is nothing sensible in it."""
    words = os.pread(lock, 100, 0).split()
    if len(words) != 2 or not words[0].isdigit() or len(words[0]) > 18:
        return None
    return int(words[0]), words[1].decode("ascii", "replace")


def _write_mark(lock: int, version: int, digest: str) -> None:
    mark = f"{version} {digest}\n".encode("ascii")
    with suppress(OSError):
        if os.pread(lock, 100, 0) != mark:
            os.pwrite(lock, mark, 0)
            os.ftruncate(lock, len(mark))
