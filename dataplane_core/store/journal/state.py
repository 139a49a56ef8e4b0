"""Keep the server's own state: one SQLite file, shared by all workers, safe against `kill -9`.

The file lies in `state_dir` with mode 0700. Each component that keeps rows there brings its own
tables as numbered steps (`State.migrate`); a file that a newer server wrote is refused.
"""

import fcntl
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from dataplane_core.errors import StorageFailed, StorageFull
from dataplane_core.store.files import storage_errors, sync_file
from dataplane_core.store.locks import locked
from dataplane_core.store.reserve import Reserve

BUSY_SECONDS = 20.0
_PAGES_KIB = 64
"""What each connection keeps of the file, a small part of SQLite's default: the system has it too,
and a server has a connection for each of its threads."""
_BOOT = "/proc/sys/kernel/random/boot_id"  # random(4)
_inherited: list[sqlite3.Connection] = []
"""Connections opened before a fork: closing one in the child would touch the parent's file."""

_BASE = (
    "CREATE TABLE IF NOT EXISTS components (name TEXT PRIMARY KEY, step INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


class _Local(threading.local):
    connection: sqlite3.Connection | None = None
    process = 0
    synced: bool | None = None


class State:
    """Access to the state file, with one connection for each thread and process.

    Raises `StorageFailed` or `StorageFull`, with SQLite's reason, when the file cannot be used.
    `boot` identifies the machine's present uptime, which ends with a power cut; it is empty where
    the system does not tell it. `reserve` is room on its disk, which a start on a full one takes.
    With `is_copy` the state is only looked at, and whoever uses it
    writes nothing elsewhere either.
    """

    FILE = "state.sqlite"
    ALIVE = "alive.lock"
    is_copy = False

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self.file = self.directory / self.FILE
        self._log = self.directory / f"{self.FILE}-wal"
        self._local = _Local()
        self.boot = _boot()
        self._make_directory()
        alive = self.path(self.ALIVE)
        with storage_errors(alive, "opened"):
            self._alive = os.open(alive, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._opener = os.getpid()
        self.reserve = Reserve(self.directory)
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
        try:
            return self._connection().execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise _failure(self.file, error) from error

    def write(self, *, synced: bool = True) -> AbstractContextManager[sqlite3.Connection]:
        """Write in one database transaction, which an exception in the body undoes as a whole.

        Within another write of the same thread it is part of that one. At its end it is on the
        disk; with `synced` false only a power cut can undo it: for what the synced files and rows
        say as well.
        """
        return _Write(self.file, self._connection_for, synced)

    def _connection_for(self, synced: bool) -> sqlite3.Connection:
        """Return this thread's connection, for a write that waits for the disk or does not."""
        connection = self._connection()
        if self._local.synced != synced and not connection.in_transaction:
            connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
            self._local.synced = synced
        return connection

    def sync(self) -> None:
        """Bring to the disk what was written with `synced` false, by any process.

        It is in SQLite's write-ahead log, or was synced when SQLite took it from there.
        """
        if self._log.exists():  # not on a file system on which SQLite cannot share memory
            sync_file(self._log)

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
                    f"step {done}, this one knows {len(steps)}); set another dataplane.state_dir"
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

    def close(self) -> None:
        """Close this thread's connection; the next use opens another."""
        connection, self._local.connection = self._local.connection, None
        if connection is not None and self._local.process == os.getpid():
            connection.close()

    def shutdown(self) -> None:
        """Give the state up, once no thread uses it any more."""
        self.close()
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

    def _begin(self) -> None:
        """Make the tables, and share the lock that says that a process uses this state."""
        self._is_start = self._is_first()
        with self.write() as connection:
            for statement in _BASE:
                connection.execute(statement)
            if self._is_start:
                self._set_value(connection, "started", repr(time.time()))
        self.started = float(self.value("started") or time.time())
        fcntl.flock(self._alive, fcntl.LOCK_SH)
        self.close()

    def _make_directory(self) -> None:
        with storage_errors(self.directory, "made"):
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            status = os.lstat(self.directory)
        if status.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
            raise StorageFailed(
                f"{self.directory} belongs to another user; set dataplane.state_dir"
            )
        if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
            raise StorageFailed(f"{self.directory} is writable by everybody; set its mode to 0700")

    def _is_first(self) -> bool:
        """Tell whether no other process uses this state: a start, and not one more worker."""
        try:
            fcntl.flock(self._alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fcntl.flock(self._alive, fcntl.LOCK_SH)
            return False
        return True

    def _connection(self) -> sqlite3.Connection:
        local = self._local
        if local.connection is not None and local.process == os.getpid():
            return local.connection
        if local.connection is not None:
            _inherited.append(local.connection)
        # The change to WAL takes no turn in a queue as other statements do, hence the lock.
        with locked(self.path("open.lock")):
            connection = sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA journal_size_limit = {16 << 20}")
            connection.execute(f"PRAGMA cache_size = -{_PAGES_KIB}")
        local.connection, local.process, local.synced = connection, os.getpid(), None
        return connection


class _Write:
    """One database transaction (`State.write`), or a part of the one that is under way."""

    __slots__ = ("_connect", "_connection", "_file", "_synced")

    def __init__(
        self, file: Path, connect: Callable[[bool], sqlite3.Connection], synced: bool
    ) -> None:
        self._file, self._connect, self._synced = file, connect, synced
        self._connection: sqlite3.Connection | None = None  # of a transaction of its own

    def __enter__(self) -> sqlite3.Connection:
        try:
            connection = self._connect(self._synced)
            if not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
                self._connection = connection
        except sqlite3.DatabaseError as error:
            raise _failure(self._file, error) from error
        return connection

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        connection = self._connection
        try:
            if connection is not None and error is None:
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as failed:
            error = failed
        finally:
            if connection is not None and connection.in_transaction:
                with suppress(sqlite3.DatabaseError):
                    connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.DatabaseError):
            raise _failure(self._file, error) from error


def _failure(file: Path, error: sqlite3.DatabaseError) -> StorageFailed:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    family = StorageFull if code == sqlite3.SQLITE_FULL else StorageFailed
    return family(f"{file} cannot be used: {error}")


def _boot() -> str:
    """Return what identifies the time since the machine was started; empty where that is hidden."""
    try:
        with open(_BOOT, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""
