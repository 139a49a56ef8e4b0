"""Read past versions: their records, texts and objects, and who last changed each line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import NotFound, Reference
from dataplane_core.store.head import encode_text
from dataplane_core.store.journal.version_objects import Describe, TouchedObject, condition
from dataplane_core.store.journal.version_records import VersionRecord, storable_text
from dataplane_core.store.line_changes import lines_in
from dataplane_core.store.versioned_file import VersionedFile
from dataplane_core.text import Document

_MOST_COMPARED = 200
"""Versions made by hand that one request compares with those before them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which versions are asked for: those that fit all that is given here.

    `since` and `until` are in seconds since 1970, `until` is not included; `before` is a version.
    `but` is a name of who did not make it.
    With `transactions` true or false the version was, or was not, made by a transaction, with
    `rollbacks` it does, or does not, put a former text back. `touched` are objects, or sections,
    one of which was made, changed or removed.
    """

    since: float | None = None
    until: float | None = None
    who: str | None = None
    origin: str | None = None
    but: str | None = None
    transactions: bool | None = None
    rollbacks: bool | None = None
    touched: Sequence[Reference] = ()
    before: int | None = None

    def condition(self) -> tuple[str, list[object]]:
        """Return the condition in SQL, with its values."""
        found: list[tuple[str, list[object]]] = [
            (sql, [storable_text(value) if isinstance(value, str) else value])
            for sql, value in (
                ("created >= ?", self.since),
                ("created < ?", self.until),
                ("who = ?", self.who),
                ("who != ?", self.but),
                ("origin = ?", self.origin),
                ("(transaction_id IS NOT NULL) = ?", self.transactions),
                ("(text_of IS NOT NULL) = ?", self.rollbacks),
                ("version < ?", self.before),
            )
            if value is not None
        ]
        if self.touched:
            some = [condition(one) for one in self.touched]
            sql = " OR ".join(sql for sql, _ in some)
            table = f"SELECT version FROM version_objects WHERE {sql}"
            found.append((f"version IN ({table})", [value for _, value in some]))
        values = [value for _, values in found for value in values]
        return " AND ".join(sql for sql, _ in found) or "TRUE", values


class BlamedLine(NamedTuple):
    """A line of a version's text, its number from 1, and the version that wrote it.

    With `or_earlier` the line may be of a version before that one, whose text is not kept any more.
    """

    number: int
    text: str
    version: int
    or_earlier: bool


class Archive:
    """The past versions of a file; `describe` says in which objects two texts differ."""

    def __init__(self, file: VersionedFile, describe: Describe) -> None:
        self._file = file
        self._records = file.records
        self._describe = describe

    def find(self, wanted: Wanted, limit: int) -> Sequence[VersionRecord]:
        """Return the newest of the versions that are wanted, the newest first."""
        self._file.version()
        if wanted.touched:
            self._learn_objects()
        sql, values = wanted.condition()
        return self._records.versions.found(sql, values, limit)

    def get(self, version: int) -> VersionRecord:
        """Return the record of a version; raises `NotFound`."""
        self._file.version()
        record = self._records.versions.get(version)
        if record is None:
            raise NotFound(f"version {version} is not in the history")
        return record

    def records(self, versions: Iterable[int]) -> Mapping[int, VersionRecord]:
        """Return the records of versions; one is left out that nothing is known of any more."""
        return {one.version: one for one in self._records.versions.among(versions)}

    def former(self, version: int) -> VersionRecord | None:
        """Return the record of the version that another one followed on; None for the first."""
        return self._records.versions.below(version)

    def text(self, version: int) -> str:
        """Return the text of a version; raises `NotFound` when it is not kept (any more)."""
        self.get(version)
        return self._records.text(version)

    def document(self, version: int) -> Document:
        """Return the configuration as it was in a version; raises as `text` does."""
        self.get(version)
        return self._file.snapshot_of(version).document

    def objects(self, records: Sequence[VersionRecord]) -> Mapping[int, Sequence[TouchedObject]]:
        """Return what versions touched, each compared with its former text if nobody has yet.

        A version is left out whose text, or the text before, is not kept any more.
        """
        versions = [one.version for one in records]
        known: dict[int, Sequence[TouchedObject]] = dict(self._records.objects.of(versions))
        for record in records:
            if record.version not in known and (found := self._learn(record)) is not None:
                known[record.version] = found
        return known

    def blame(self, version: int) -> list[BlamedLine]:
        """Return the lines of a version's text with the versions that wrote them.

        Raises as `text` does.
        """
        lines = lines_in(encode_text(self.text(version)))
        owners = self._records.text_rows.owners(version)
        if len(owners) != len(lines):  # its text is kept for another reason than its age
            owners = [version] * len(lines)
        oldest = self._records.text_rows.oldest() or version
        doubtful = oldest if self.former(oldest) is not None or oldest > version else None
        if lines[-1] == b"":
            lines.pop()
        return [
            BlamedLine(number, line.decode("utf-8", "replace"), owner, owner == doubtful)
            for number, (line, owner) in enumerate(zip(lines, owners, strict=False), 1)
        ]

    def _learn_objects(self) -> None:
        """Compare the texts of all versions that nobody has compared: those made by hand."""
        missing = (
            "version NOT IN (SELECT version FROM version_objects) "
            "AND version > (SELECT min(version) FROM version_texts)"
        )
        self.objects(self._records.versions.found(missing, (), _MOST_COMPARED))

    def _learn(self, record: VersionRecord) -> Sequence[TouchedObject] | None:
        former = self.former(record.version)
        if former is None:
            return None
        try:
            before, after = (self.document(one) for one in (former.version, record.version))
        except NotFound:
            return None
        found = self._describe(before, after)
        with self._records.state.write(synced=False) as connection:
            self._records.objects.add(connection, record.version, found)
        return found
