"""Put a state file aside that SQLite cannot read any more; the server begins with a new one.

It is made of the configuration itself, and of the texts that lie beside the state.
"""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

_BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_MOST_READ = 64 << 20
"""Bytes up to which a file is read whole at a start."""
_PARTS = ("", "-wal", "-shm")
LOST = (
    "lost are transactions that were open, who made which version and what it changed, records of "
    "reloads, and sessions; what lies beside it stays, as do the texts of the last versions"
)


def put_aside_if_broken(file: Path) -> str:
    """Rename a state file that cannot be read; return what happened, "" for one that can."""
    fault = _fault(file)
    if not fault:
        return ""
    place = file.with_name(f"{file.name}.broken-{int(time.time())}")
    for part in _PARTS:
        with suppress(FileNotFoundError):
            os.replace(f"{file}{part}", f"{place}{part}")
    return f"{file} is broken ({fault}) and was put aside as {place.name}: {LOST}"


def _fault(file: Path) -> str:
    """Return what is wrong with a file; "" where nothing is, or where that cannot be told."""
    try:
        size = file.stat().st_size
    except OSError:
        return ""
    if not size:
        return "it is empty" if any(file.with_name("versions").glob("*.cfg")) else ""
    try:
        with closing(sqlite3.connect(file)) as connection:
            check = "quick_check(1)" if size <= _MOST_READ else "schema_version"
            found = connection.execute(f"PRAGMA {check}").fetchall()
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return str(error) if code in _BROKEN else ""
    if check.startswith("quick") and found != [("ok",)]:
        return str(found[0][0]).partition("\n")[0]
    return ""
