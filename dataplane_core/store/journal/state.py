"""Keep the server's own state: one SQLite file, shared by all workers, safe against `kill -9`.

The file lies in `state_dir` with mode 0700. Each component that keeps rows there brings its own
tables as numbered steps (`State.migrate`); a file that a newer server wrote is refused.
"""

import fcntl
import logging
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from dataplane_core.errors import StorageFailed
from dataplane_core.store.disk_faults import DiskFaults
from dataplane_core.store.files import forget_cached, make_folder, storage_errors, sync_file
from dataplane_core.store.journal.broken_state import put_aside_if_broken
from dataplane_core.store.journal.connections import Connections, Write, failure, set_synced
from dataplane_core.store.reserve import Reserve
from dataplane_core.store.trial import CLOCK, uptime

_BOOT = "/proc/sys/kernel/random/boot_id"  # random(4)

_log = logging.getLogger(__name__)
_BASE = (
    "CREATE TABLE IF NOT EXISTS components (name TEXT PRIMARY KEY, step INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


class State:
    """Access to the state file.

    Raises `StorageFailed` or `StorageFull`, with SQLite's reason, when the file cannot be used.
    `boot` identifies the machine's present uptime, which ends with a power cut; it is empty where
    the system does not tell it. `started` is when the server was, by the wall clock, and
    `started_at` by the clock of this state (`now`), which is `ahead` of the uptime. `reserve` is
    room on its disk, which a start on a full one takes; `faults` know of a disk that has lost
    writes. It `is_rebuilt` where the former file was broken.
    With `is_copy` the state is only looked at, and whoever uses it writes nothing elsewhere either.
    """

    FILE = "state.sqlite"
    ALIVE = "alive.lock"
    is_copy = False
    is_rebuilt = False

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self.file = self.directory / self.FILE
        self._log = self.directory / f"{self.FILE}-wal"
        self._connections = Connections(self.file, self.path("open.lock"))
        self.boot = _boot()
        self._make_directory()
        alive = self.path(self.ALIVE)
        with storage_errors(alive, "opened"):
            self._alive = os.open(alive, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._opener = os.getpid()
        self.reserve = Reserve(self.directory)
        self.faults = DiskFaults(self.directory)
        self.reserve.release()
        with self.shut_on_failure():
            self._begin()

    @property
    def first(self) -> bool:
        """Whether no process used this state when this process opened it.

        What is left there is of processes that died. A process that was forked since is never the
        first.
        """
        return self._is_start and self._opener == os.getpid()

    def path(self, name: str) -> Path:
        """Return the path of a file in the state directory: lock files, versions."""
        return self.directory / name

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        connections, connection = self._connections, None
        try:
            connection = connections.take()
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            connections.give_up(error)
            raise failure(self.file, error) from error
        finally:  # as `leave` does, without a call for each of many reads
            if connection is not None and connection is not connections.local.connection:
                if connection.only_reads:
                    connection.close()
                else:
                    connections.free.append(connection)

    def write(self, *, synced: bool = True) -> AbstractContextManager[sqlite3.Connection]:
        """Write in one database transaction, which an exception in the body undoes as a whole.

        Within another write of the same thread it is part of that one. At its end it is on the
        disk; with `synced` false only a power cut can undo it: for what the synced files and rows
        say as well.
        """
        return Write(self._connections, synced)

    def execute(self, sql: str, parameters: Sequence[Any]) -> int:
        """Write with one statement, and return how many rows it has written.

        It is as a `write` with `synced` false, and quicker. Nothing is written where it fails, nor
        of the write that it is part of where SQLite has undone that one.
        """
        connections, connection = self._connections, None
        try:
            connection = connections.take()
            if connection.synced is not False and not connection.in_transaction:
                set_synced(connection, False)
            return connection.execute(sql, parameters).rowcount
        except sqlite3.DatabaseError as error:
            connections.give_up(error)
            raise failure(self.file, error) from error
        finally:
            connections.leave(connection)

    def sync(self) -> None:
        """Bring to the disk what was written with `synced` false, by any process.

        It is in SQLite's write-ahead log, or was synced when SQLite took it from there.
        """
        try:
            sync_file(self._log)
        except StorageFailed as error:
            # On a file system on which SQLite cannot share memory there is none.
            is_missing = isinstance(error.__cause__, FileNotFoundError)
            if self._connections.log.held or not is_missing:
                raise

    def migrate(self, component: str, steps: Sequence[str]) -> None:
        """Bring the tables of `component` to the last of `steps`: SQL statements, each run once."""
        query = "SELECT step FROM components WHERE name = ?"
        if [row["step"] for row in self.read(query, (component,))] == [len(steps)]:
            return  # as at almost every start, which need not wait for the disk
        with self.write() as connection:
            row = connection.execute(query, (component,)).fetchone()
            done = row["step"] if row else 0
            if done > len(steps):
                raise StorageFailed(
                    f"{self.file} was written by a newer version of this server ({component} is at "
                    f"step {done}, this one knows {len(steps)}): start that version, put back the "
                    "state of before its first start, or set another dataplane.state_dir"
                )
            for statement in steps[done:]:
                connection.execute(statement)
            sql = "INSERT OR REPLACE INTO components VALUES (?, ?)"
            connection.execute(sql, (component, len(steps)))

    def value(self, name: str) -> str | None:
        """Return the single value kept under a name; None without one."""
        rows = self.read("SELECT value FROM facts WHERE name = ?", (name,))
        return rows[0]["value"] if rows else None

    def set_value(self, name: str, value: str) -> None:
        """Keep a single value under a name."""
        with self.write() as connection:
            self._set_value(connection, name, value)

    def verify(self) -> None:
        """Raise `StorageFailed` where the state is not right on the disk, or takes no write."""
        forget_cached(self.file)
        found = [row[0] for row in self.read("PRAGMA quick_check(1)")]
        if found != ["ok"]:
            raise StorageFailed(f"{self.file} is damaged: {'; '.join(map(str, found))}")
        self.set_value("verified", repr(time.time()))

    def close(self) -> None:
        """Close the connections that no thread uses; the next use opens another."""
        self._connections.close()

    def shutdown(self) -> None:
        """Give the state up, once no thread uses it any more."""
        self._connections.shutdown()
        os.close(self._alive)

    @contextmanager
    def shut_on_failure(self) -> Iterator[None]:
        """Give the state up if the body fails: for what is made on a state that was just opened."""
        try:
            yield
        except BaseException:
            self.shutdown()
            raise

    @staticmethod
    def _set_value(connection: sqlite3.Connection, name: str, value: str) -> None:
        connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def now(self) -> float:
        """Return a moment, in seconds, that goes on evenly while the machine is up.

        It is that of the wall clock when the state was first opened in this uptime, for all
        processes; whoever sets the clock since makes nothing older or younger.
        """
        return time.clock_gettime(CLOCK) + self.ahead

    def _clock_of(self, connection: sqlite3.Connection) -> float:
        """Return how many seconds the clock of this state is ahead of the machine's uptime."""
        sql = "SELECT value FROM facts WHERE name = 'clock'"
        found = connection.execute(sql).fetchone()
        boot, _, ahead = (found["value"] if found else "").partition(" ")
        if boot and boot == self.boot:
            return float(ahead)
        now_ahead = time.time() - uptime()
        self._set_value(connection, "clock", f"{self.boot} {now_ahead!r}")
        return now_ahead

    def _begin(self) -> None:
        """Make the tables, and share the lock that says that a process uses this state."""
        self._is_start = self._is_first()
        if self._is_start and (lost := put_aside_if_broken(self.file)):
            _log.error("%s", lost)
            self.is_rebuilt = True
        self._make_private()
        with self.write() as connection:
            for statement in _BASE:
                connection.execute(statement)
            if self._is_start:
                self._set_value(connection, "started", repr(time.time()))
            self.ahead = self._clock_of(connection)
            if self._is_start:
                self._set_value(connection, "started_at", repr(self.now()))
        self.started = float(self.value("started") or time.time())
        self.started_at = float(self.value("started_at") or self.now())
        fcntl.flock(self._alive, fcntl.LOCK_SH)
        self.close()

    def _make_directory(self) -> None:
        make_folder(self.directory, 0o700)
        with storage_errors(self.directory, "made"):
            status = os.lstat(self.directory)
        if status.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
            raise StorageFailed(
                f"{self.directory} belongs to another user; set dataplane.state_dir"
            )
        if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
            raise StorageFailed(f"{self.directory} is writable by everybody; set its mode to 0700")

    def _make_private(self) -> None:
        """Take all rights to the files of the state from everybody but their owner.

        SQLite gives the files that it makes beside its own the mode of that one.
        """
        with storage_errors(self.file, "opened"):
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            with os.scandir(self.directory) as found:
                ours = [one for one in found if one.name.startswith(self.FILE)]
            for one in ours:
                with suppress(OSError):  # of another user, or gone
                    if one.stat(follow_symlinks=False).st_mode & 0o177:
                        _close_to_others(one.path)

    def _is_first(self) -> bool:
        """Tell whether no other process uses this state: a start, and not one more worker."""
        try:
            fcntl.flock(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fcntl.flock(self._alive, fcntl.LOCK_SH)
            return False
        return True


def _close_to_others(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def _boot() -> str:
    """Return what identifies the time since the machine was started; empty where that is hidden."""
    try:
        with open(_BOOT, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""
