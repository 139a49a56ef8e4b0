"""What is recorded of one version: who made it and why, how HAProxy got it, and its fate."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import Finding
from dataplane_core.store.author import NOBODY, Author
from dataplane_core.store.change import Committed, Origin
from dataplane_core.store.trial import Trial, read_trial, stored_trial

VersionStatus = Literal["intended", "active", "rolled back"]
_MOST_WARNINGS = 50
MOST_VERSIONS = 10_000
"""Of older versions than that nothing is recorded any more."""
COLUMNS = (
    "version, digest, status, origin, who, request_id, transaction_id, created, accepted, "
    "followed, reason, applied, author, undone_by, text_of, warnings, delivery, trial, brings"
)
# Of steps 1 and 3, which stay as they are: a column that is added takes a step of its own.
_FIELDS = """
    digest TEXT NOT NULL,
    status TEXT NOT NULL,
    origin TEXT NOT NULL,
    who TEXT NOT NULL,
    request_id TEXT NOT NULL,
    transaction_id TEXT,
    created REAL NOT NULL,
    accepted INTEGER NOT NULL,
    followed INTEGER NOT NULL,
    reason TEXT NOT NULL
"""
_FIRST_COLUMNS = (
    "version, digest, status, origin, who, request_id, transaction_id, created, accepted, "
    "followed, reason, applied"
)
_ADDED = (
    "author TEXT NOT NULL DEFAULT ''",
    "undone_by INTEGER",
    "text_of INTEGER",
    "warnings TEXT NOT NULL DEFAULT ''",
    "delivery TEXT NOT NULL DEFAULT ''",
)
_TRIAL = "trial TEXT NOT NULL DEFAULT ''"
_BRINGS = "brings TEXT NOT NULL DEFAULT ''"
TABLES = (
    f"CREATE TABLE history (version INTEGER PRIMARY KEY, {_FIELDS})",
    "ALTER TABLE history ADD COLUMN applied INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE intents (attempt INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL, "
    f"{_FIELDS}, applied INTEGER NOT NULL)",
    f"INSERT INTO intents ({_FIRST_COLUMNS}) SELECT {_FIRST_COLUMNS} FROM history "
    "WHERE status = 'intent'",
    "DELETE FROM history WHERE status = 'intent'",
    "CREATE INDEX intents_by_digest ON intents (digest)",
    *(f"ALTER TABLE history ADD COLUMN {column}" for column in _ADDED),
    *(f"ALTER TABLE intents ADD COLUMN {column}" for column in _ADDED),
    f"ALTER TABLE history ADD COLUMN {_TRIAL}",
    f"ALTER TABLE intents ADD COLUMN {_TRIAL}",
    """
    CREATE TABLE trials (
        version INTEGER PRIMARY KEY,
        trial TEXT NOT NULL,
        who TEXT NOT NULL,
        before REAL NOT NULL,
        status TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        ended_by TEXT NOT NULL DEFAULT '',
        ended REAL,
        back INTEGER
    )
    """,
    "CREATE INDEX open_trials ON trials (status)",
    f"ALTER TABLE history ADD COLUMN {_BRINGS}",
    f"ALTER TABLE intents ADD COLUMN {_BRINGS}",
)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """How HAProxy got a version: by `commands` over its socket, or by a reload, and its reason."""

    commands: tuple[str, ...] = ()
    reload_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """One version.

    `digest` identifies its text; `created` is in seconds since 1970. `accepted`: HAProxy has loaded
    it. `followed`: nothing is left to do about it, as HAProxy has it or will be reloaded.
    `applied`: HAProxy took the change over its socket, without loading the file. `reason` says why
    a version was rolled back, put a former text back, or is refused by HAProxy.

    `author` is who asked for the change, `warnings` are HAProxy's words about it. `text_of` is the
    former version whose text it put back, `undone_by` the later one that put back one before it.
    With `trial` it has to be confirmed in time. `brings` is the name under which the former files
    are kept of those that were replaced for it; empty without any.
    """

    version: int
    digest: str
    status: VersionStatus
    origin: Origin
    created: float
    author: Author = NOBODY
    transaction_id: str | None = None
    accepted: bool = False
    followed: bool = False
    reason: str = ""
    applied: bool = False
    undone_by: int | None = None
    text_of: int | None = None
    warnings: tuple[str, ...] = ()
    delivery: DeliveryRecord | None = None
    trial: Trial | None = None
    brings: str = ""

    @property
    def who(self) -> str:
        """The name of who asked for the change; empty for nobody."""
        return self.author.name

    @property
    def confirm_before(self) -> float | None:
        """The moment before which it has to be confirmed, in seconds since 1970; None if never."""
        return None if self.trial is None else self.trial.before

    def with_whole_time(self) -> "VersionRecord":
        """Return the record with the time for a confirmation beginning now."""
        return self if self.trial is None else replace(self, trial=self.trial.begun_now())

    @property
    def refused(self) -> bool:
        """Whether HAProxy refuses the version, which stays in the file: a person's own text."""
        return self.status == "active" and bool(self.reason) and not self.accepted


def intended_record(
    change: Committed, digest: str, text_of: int | None, trial: Trial | None, *, followed: bool,
    brings: str,
) -> VersionRecord:  # fmt: skip
    """Return the record of a change that is about to be written; the fields are as it has them."""
    return VersionRecord(
        change.version, digest, "intended", change.origin, change.when, change.author,
        transaction_id=change.transaction_id, followed=followed, text_of=text_of, trial=trial,
        brings=brings,
    )  # fmt: skip


def warnings_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return HAProxy's warnings as they are recorded with a version."""
    return tuple(
        storable_text(one.message if one.line is None else f"line {one.line}: {one.message}")
        for one in findings[:_MOST_WARNINGS]
    )


def record_of(row: sqlite3.Row) -> VersionRecord:
    """Return the record that a row of the columns is."""
    author: dict[str, str] = json.loads(row["author"]) if row["author"] else {}
    delivery = json.loads(row["delivery"]) if row["delivery"] else None
    return VersionRecord(
        version=row["version"],
        digest=row["digest"],
        status=cast(VersionStatus, row["status"]),
        origin=cast(Origin, row["origin"]),
        created=row["created"],
        author=Author(name=row["who"], request_id=row["request_id"], **author),
        transaction_id=row["transaction_id"],
        accepted=bool(row["accepted"]),
        followed=bool(row["followed"]),
        reason=row["reason"],
        applied=bool(row["applied"]),
        undone_by=row["undone_by"],
        text_of=row["text_of"],
        warnings=tuple(json.loads(row["warnings"])) if row["warnings"] else (),
        delivery=DeliveryRecord(tuple(delivery[0]), *delivery[1:]) if delivery else None,
        trial=read_trial(row["trial"]),
        brings=row["brings"],
    )


def values_of(record: VersionRecord) -> tuple[Any, ...]:
    """Return the values of the columns for a record."""
    author = record.author
    return (
        record.version, record.digest, record.status, record.origin, storable_text(author.name),
        storable_text(author.request_id), record.transaction_id, record.created, record.accepted,
        record.followed, storable_text(record.reason), record.applied, _author(author),
        record.undone_by, record.text_of, json.dumps(record.warnings) if record.warnings else "",
        "" if record.delivery is None else stored_delivery(record.delivery),
        stored_trial(record.trial), record.brings,
    )  # fmt: skip


def stored_delivery(delivery: DeliveryRecord) -> str:
    """Return how HAProxy got a version, as it is kept in its column."""
    return json.dumps((delivery.commands, delivery.reload_id, delivery.reason))


def storable_text(text: str) -> str:
    """Return a text as SQLite can store it: bytes that are no UTF-8 become visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _author(author: Author) -> str:
    """Return what an author is beside the columns of the name and of the request."""
    known = {
        "method": author.method,
        "address": author.address,
        "client": author.client,
        "interface": author.interface,
        "reason": author.reason,
    }
    said = {name: text for name, text in known.items() if text}
    return json.dumps(said) if said else ""
