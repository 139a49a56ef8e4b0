"""Append to the audit file: each line synced, in one order for all workers, whatever dies between.

The state knows the end of the chain, so that it goes on when the file was rotated away. What the
file itself ends with counts more: a process may have died before it noted that.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from dataplane_core.dataclass import dataclass
from dataplane_core.store.files import storage_errors, sync_directory, sync_handle
from dataplane_core.store.hash_chain import REPAIRED, START, chained, digest_of_bytes, link_of
from dataplane_core.store.journal.state import State
from dataplane_core.store.locks import locked

log = logging.getLogger(__name__)

_FACT = "audit"
_TAIL = 1 << 16  # bytes that are read at the end of the file, and twice as many if need be

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditEnd:
    """The end of the chain: the last line's number and hash, and the last event that was told.

    There is no event where no chain has begun.
    """

    seq: int = 0
    hash: str = START
    event: int | None = None


MakeRecords = Callable[[AuditEnd], Iterable[Record]]
"""Gives the records that follow on the end of a chain."""


class AuditTrail:
    """The audit file of all workers."""

    def __init__(self, path: Path, state: State) -> None:
        self._path, self._state = path, state
        self._lock = state.path("audit.lock")

    def end(self) -> AuditEnd:
        """Return the end of the chain as it was noted, which may be some lines behind."""
        kept = json.loads(self._state.value(_FACT) or "null")
        return AuditEnd(*kept) if kept else AuditEnd()

    def append(self, make: MakeRecords) -> None:
        """Append the records that follow on the end, and sync them; raises `StorageFailed`.

        `make` is called with the file locked. Each record has as `event_id` the last event that was
        told up to then.
        """
        with locked(self._lock):
            new = not self._path.exists()
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            with storage_errors(self._path):
                handle = os.open(self._path, flags, 0o600)
            try:
                self._append(handle, make)
            finally:
                os.close(handle)
            if new:
                sync_directory(self._path.parent)

    def _append(self, handle: int, make: MakeRecords) -> None:
        noted = self.end()
        found, rest = _end_of_file(handle)
        # A chain that is shorter than what was noted, or another one, is shown to be broken there.
        end = found if found.seq > noted.seq else noted
        data, records = b"\n" if rest else b"", list(make(end))
        if rest and rest[-1:] != b"}":
            log.error("the audit file ended with half a line, of %d bytes", len(rest))
            torn = {"torn": digest_of_bytes(rest), "bytes": len(rest), "event_id": end.event}
            records.insert(0, {"event": REPAIRED, **torn})
        for record in records:
            line, value = chained(end.seq + 1, end.hash, record)
            end, data = AuditEnd(end.seq + 1, value, record["event_id"]), data + line
        if records:
            with storage_errors(self._path):
                _write(handle, data)
                sync_handle(handle, self._path)
        if end != noted:
            with self._state.write(synced=False):
                self._state.set_value(_FACT, json.dumps([end.seq, end.hash, end.event]))


def _end_of_file(handle: int) -> tuple[AuditEnd, bytes]:
    """Return the last line of the file that holds, and what stands behind the last whole line."""
    whole, newline, rest = _tail(handle).rpartition(b"\n")
    link = (link_of(rest) if rest else None) or link_of(whole.rpartition(b"\n")[2])
    if link is None:
        return AuditEnd(), rest
    return AuditEnd(link.seq, link.hash, link.values.get("event_id")), rest


def _tail(handle: int) -> bytes:
    """Return the last lines of the file: as much as holds a whole one, if there is one."""
    size, length = os.fstat(handle).st_size, _TAIL
    while True:
        start = max(0, size - length)
        tail = os.pread(handle, size - start, start)
        if start == 0 or tail.count(b"\n", 0, -1) > 1:
            return tail
        length *= 2


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
