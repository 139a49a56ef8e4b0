"""Put a state file aside that SQLite cannot read any more; the server begins with a new one.

It is made of the configuration itself, and of the texts that lie beside the state.
"""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from dataplane_core.lazy_pattern import lazy_pattern

_BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_CODE = lazy_pattern(r"error code=([0-9]+)")
"""What SQLite says of a page that it could not get."""
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
    """Return what is wrong with a file; "" where nothing is, or where that cannot be told.

    A read that fails at a moment can look to SQLite as a page that is broken: so the system has to
    give all bytes, and a second look has to find the same.
    """
    return _found(file) and (_found(file) if _can_be_read(file) else "")


def _can_be_read(file: Path) -> bool:
    """Tell whether the system gives all bytes of a file and of its log."""
    try:
        for part in ("", "-wal"):
            with suppress(FileNotFoundError), open(f"{file}{part}", "rb") as data:
                while data.read(1 << 20):
                    pass
    except OSError:
        return False
    return True


def _found(file: Path) -> str:
    """Return what one look finds."""
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
        told = str(found[0][0])
        return "" if _is_unread(told) else told.partition("\n")[0]
    return ""


def _is_unread(told: str) -> bool:
    """Tell whether a check has found no more than that the system does not give it a page now.

    A file that a disk cannot read at a moment may be whole: it stays where it is.
    """
    codes = _CODE.findall(told)
    return any(int(code) & 0xFF not in _BROKEN for code in codes)
