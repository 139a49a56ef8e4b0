"""Share connections to the state file among the threads of a process.

A connection takes 0.2 MiB, and most threads use one now and then. So there are as many as are used
at the same time, and the one that was used last is taken first.
"""

import os
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

from dataplane_core.errors import StorageFailed, StorageFull
from dataplane_core.store.disk_faults import note_lost
from dataplane_core.store.journal.kept_log import KeptLog
from dataplane_core.store.locks import locked

_FAILED_SYNCS = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}
BUSY_SECONDS = 20.0
_PAGES_KIB = 64
"""What a connection keeps of the file, a small part of SQLite's default: the system has it too."""

_SELDOM = 1.0  # seconds
_LOOKS, _STEP = 20, 0.0005
"""Who finds no connection free, and is the only one in a second, looks so often again, after so
many seconds, before it opens another. When a process starts all do: much begins at once."""
_NONE = 0, 0.0


class _Connection(sqlite3.Connection):
    """A connection of one process, and whether writes over it wait for the disk, if that is set.

    One that `only_reads` is not kept: SQLite opens such a one where the system has refused one for
    writing, at that moment perhaps, and it would fail each write that takes it later.
    """

    process = 0
    synced: bool | None = None
    only_reads = False


_inherited: list[_Connection] = []
"""Connections opened before a fork: closing one in the child would touch the parent's file."""


class _Local(threading.local):
    connection: _Connection | None = None
    """That of the write which this thread is within."""
    lost: sqlite3.DatabaseError | None = None
    """What has undone the write before its end: SQLite undoes all of it where the disk is full."""


class Connections:
    """The connections of this process to a file; `lock` is the file that is locked to open one.

    `free` are those that no thread uses; `log` is kept while there are any, and afterwards.
    """

    def __init__(self, file: Path, lock: Path) -> None:
        self.file, self._lock = file, lock
        self.local = _Local()
        self.free: list[_Connection] = []
        self._waited = 0.0  # when somebody began to wait for one
        self._begun = _NONE  # the process that has opened some, and when it began to
        self.log = KeptLog(file)

    def take(self) -> _Connection:
        """Return the connection of the write that this thread is within, or one for it alone."""
        held = self.local.connection
        if held is not None:
            if held.process == os.getpid():
                return held
            # It would wait in vain for the end of a write of its parent, which may wait for it.
            raise sqlite3.ProgrammingError("this process was forked within a write")
        looks = 0
        while True:
            try:
                connection = self.free.pop()
            except IndexError:
                if looks == _LOOKS or not (looks or self._may_wait()):
                    return self._open()
                looks += 1
                time.sleep(_STEP)
                continue
            if connection.process == os.getpid():
                return connection
            _inherited.append(connection)

    def _may_wait(self) -> bool:
        """Return whether there are connections, and this is the start, or the only wait for one."""
        (process, begun), now = self._begun, time.monotonic()
        if process != os.getpid():
            return False
        is_only = now - self._waited >= _SELDOM
        if is_only:
            self._waited = now
        return is_only or now - begun < _SELDOM

    def leave(self, connection: _Connection | None) -> None:
        """Leave a connection to others, but for the one of a write that goes on."""
        if connection is not None and connection is not self.local.connection:
            if connection.only_reads:
                connection.close()
            else:
                self.free.append(connection)

    def close(self) -> None:
        """Close those that no thread uses; who wants one next waits for none."""
        self._begun = _NONE
        while self.free:
            connection = self.free.pop()
            if connection.process == os.getpid():
                connection.close()
            else:
                _inherited.append(connection)

    def shutdown(self) -> None:
        """Close all connections, once no thread uses any; the last process removes the log."""
        self.log.let_go()
        self.close()
        self.log.close()

    def give_up(self, error: object) -> None:
        """Have nothing kept of the write that this thread is within, if SQLite has undone it.

        What follows would be kept by itself else.
        """
        connection = self.local.connection
        if connection is not None and not connection.in_transaction:
            if not isinstance(error, sqlite3.DatabaseError):
                error = sqlite3.OperationalError("a part of the change has failed")
            self.local.lost = error
            connection.execute("BEGIN")

    def _open(self) -> _Connection:
        if self._begun[0] != os.getpid():
            self._begun = os.getpid(), time.monotonic()
        # The change to WAL takes no turn in a queue as other statements do, hence the lock.
        with locked(self._lock):
            connection = sqlite3.connect(
                self.file,
                BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                factory=_Connection,
            )
            connection.row_factory = sqlite3.Row
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                self.log.hold()
            connection.execute(f"PRAGMA journal_size_limit = {16 << 20}")
            connection.execute(f"PRAGMA cache_size = -{_PAGES_KIB}")
        connection.process = os.getpid()
        connection.only_reads = _only_reads(connection)
        return connection


class Write:
    """One database transaction, or a part of the one that is under way in the same thread."""

    __slots__ = ("_connection", "_connections", "_is_outermost", "_synced")

    def __init__(self, connections: Connections, synced: bool) -> None:
        self._connections, self._synced = connections, synced
        self._connection: _Connection | None = None  # of a transaction of its own

    def __enter__(self) -> sqlite3.Connection:
        connection = None
        try:
            connection = self._connections.take()
            if not connection.in_transaction:
                if connection.synced != self._synced:
                    set_synced(connection, self._synced)
                connection.execute("BEGIN IMMEDIATE")
                local = self._connections.local
                self._is_outermost = local.connection is not connection
                local.connection = self._connection = connection
        except sqlite3.DatabaseError as error:
            self._connections.leave(connection)
            raise failure(self._connections.file, error) from error
        return connection

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        connection, local = self._connection, self._connections.local
        error = local.lost if error is None else error
        try:
            if connection is None and error is not None:
                self._connections.give_up(error)
            elif connection is not None and error is None:
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as failed:
            error = failed
        finally:
            if connection is not None:
                if connection.in_transaction:
                    with suppress(sqlite3.DatabaseError):
                        connection.execute("ROLLBACK")
                if self._is_outermost:
                    local.connection = local.lost = None
                    # One that could not be rolled back is of no use either.
                    if connection.in_transaction or connection.only_reads:
                        connection.close()
                    else:
                        self._connections.free.append(connection)
        if error is not None and isinstance(error, sqlite3.DatabaseError):
            raise failure(self._connections.file, error) from error


def _only_reads(connection: _Connection) -> bool:
    """Tell whether SQLite has opened the file, its log or its memory for reading alone.

    It says so before it looks whether somebody else writes, for whom this does not wait.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("UPDATE components SET step = step WHERE FALSE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY:
            return True
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
    return False


def set_synced(connection: _Connection, synced: bool) -> None:
    """Have the writes over a connection wait for the disk, or not."""
    connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
    connection.synced = synced


def failure(file: Path, error: sqlite3.DatabaseError) -> StorageFailed:
    """Return what tells clients of an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if getattr(error, "sqlite_errorcode", 0) in _FAILED_SYNCS:
        note_lost(f"{file} could not be brought to the disk: {error}")
    family = StorageFull if code == sqlite3.SQLITE_FULL else StorageFailed
    return family(f"{file} cannot be used: {error}")
