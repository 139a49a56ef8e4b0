"""The one way into haproxy.cfg: check without a lock, swap with it.

A client waits for HAProxy's check, and as little else as can be: whatever does not need the verdict
is done while HAProxy is at it. Behind it remain a lock, a look whether somebody was faster, the
rename with its sync, and one write to the state.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace

from dataplane_core.errors import (
    CheckFailed,
    Conflict,
    DataplaneError,
    Finding,
    Invalid,
    NotFound,
    StorageFailed,
    TransactionOutdated,
    VersionMismatch,
)
from dataplane_core.store.change import Committed
from dataplane_core.store.configuration_file import ConfigurationFile, digest_of
from dataplane_core.store.failpoints import failpoint
from dataplane_core.store.files import Candidate, sync_directory
from dataplane_core.store.findings import FindingPresenter
from dataplane_core.store.head import Head, encode_text, join, split_header
from dataplane_core.store.journal.transactions import COMMITTED, TransactionRecord, TransactionTable
from dataplane_core.store.journal.versions import VersionRecord, VersionTable
from dataplane_core.store.ports import Checker, Follow, Hooks, Reloads, Verdict
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.texts import Backups, VersionTexts
from dataplane_core.text import Document

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """A change to be committed: the document that is to follow on `base`.

    `posted` are the server's own lines in the text that a client has sent, if it sent all of it.
    """

    base: Snapshot
    document: Document
    who: str = ""
    request_id: str = ""
    transaction: TransactionRecord | None = None
    posted: Head | None = None

    @property
    def shown(self) -> Head:
        """The server's own lines as the client sees them, who counts lines with them."""
        return self.base.head if self.posted is None else self.posted


class Committer:
    """Checks candidates and puts them in the place of haproxy.cfg, recorded before and after."""

    def __init__(
        self,
        source: ConfigurationFile,
        history: VersionTable,
        rows: TransactionTable,
        texts: VersionTexts,
        backups: Backups,
        checker: Checker,
        hooks: Hooks | None,
        teller: FindingPresenter,
        reloads: Reloads,
    ) -> None:
        self._source = source
        self._history = history
        self._rows = rows
        self._texts = texts
        self._backups = backups
        self._checker = checker
        self._hooks = hooks
        self._teller = teller
        self._reloads = reloads

    def commit(self, order: CommitRequest, follow: Follow) -> Committed:
        """Write the file; raises, with the file as it was.

        `CheckFailed` when HAProxy refuses, `Invalid` when a plugin does, `VersionMismatch`,
        `TransactionOutdated` or `NotFound` when somebody was faster, `StorageFailed` otherwise.
        """
        text = join(order.base.head, _plain_text(order.document), order.base.version + 1)
        data = encode_text(text)
        self._ask_plugins(order.document)
        change = _change(order)
        entry = _entry(change, digest_of(data), follow.skips)
        with (
            Candidate(self._source.path, data) as candidate,
            self.intended(entry, candidate) as attempt,
            self._judged(candidate, text, order.shown) as verdict,
        ):
            failpoint("candidate-written")
            self.keep(attempt, entry, data, candidate)
            after = self._source.prepare(text, entry.digest, entry.version, order.document)
            follow.prepare(change)
            verdict()
            failpoint("candidate-checked")
            self._backups.keep(order.base)
            with self._alone(order), self._source.held() as lock:
                failpoint("locked")
                self._verify(order, lock)
                self.swap(entry, after, candidate, follow, lock)
        return change

    def validate(self, order: CommitRequest) -> list[Finding]:
        """What HAProxy says about a document, without writing it; raises as `commit` does."""
        text = join(order.base.head, _plain_text(order.document), order.base.version + 1)
        self._ask_plugins(order.document)
        with (
            Candidate(self._source.path, encode_text(text)) as candidate,
            self._judged(candidate, text, order.shown) as verdict,
        ):
            return list(verdict())

    def judge(self, snapshot: Snapshot, text: str) -> list[Finding]:
        """What HAProxy says about a text that has the lines of a snapshot; raises `CheckFailed`."""
        with (
            Candidate(self._source.path, encode_text(text)) as candidate,
            self._judged(candidate, text, snapshot.head) as verdict,
        ):
            return list(verdict())

    def _ask_plugins(self, document: Document) -> None:
        answers = self._hooks.dataplane_check(document=document) if self._hooks else ()
        problems = [problem for answer in answers for problem in answer]
        if problems:
            raise Invalid("; ".join(problems))

    @contextmanager
    def _judged(self, candidate: Candidate, text: str, shown: Head) -> Iterator[Verdict]:
        """HAProxy at work on a candidate; its verdict is told in terms of what the client knows."""
        with self._checker.begin(candidate.path) as verdict:

            def told() -> list[Finding]:
                place = text, candidate.path, shown
                try:
                    found = verdict()
                except CheckFailed as failed:
                    raise self._teller.failure(failed, *place) from None
                return self._teller.findings(found, *place) if found else []

            yield told

    @contextmanager
    def intended(self, entry: VersionRecord, candidate: Candidate) -> Iterator[int]:
        """Have all know of a version before HAProxy reads it; gone again if it becomes none.

        From then on no file goes that HAProxy may have seen. Yields the number of the attempt.
        """
        attempt = self._history.intend(entry)
        try:
            yield attempt
        except BaseException:
            if not candidate.published:
                self._forget(attempt, entry)
            raise

    def keep(self, attempt: int, entry: VersionRecord, data: bytes, candidate: Candidate) -> None:
        """Bring to the disk what has to be there before a version is the file's."""
        candidate.sync()
        self._history.sync(attempt)
        failpoint("intent-recorded")
        self._texts.keep(entry.version, entry.digest, data)
        failpoint("version-kept")
        self._prune()

    def _forget(self, attempt: int, entry: VersionRecord) -> None:
        """Remove the intent, and the text unless another attempt at the same has it too."""
        with suppress(StorageFailed), self._history.state.write(synced=False):
            if self._history.forget(attempt, entry):
                self._texts.drop(entry.version, entry.digest)

    def _prune(self) -> None:
        """Remove texts of versions beyond the limit; a failure to do so harms nobody."""
        with suppress(OSError, StorageFailed):
            accepted, newest = self._history.last_accepted(), self._history.newest()
            known = {entry.version for entry in (accepted, newest) if entry}
            needed = known.union(self._rows.bases(), self._reloads.loading())
            self._texts.prune(newest.version if newest else 0, needed)

    def _alone(self, order: CommitRequest) -> AbstractContextManager[object]:
        """Nobody adds to a transaction what would go with it unseen."""
        row = order.transaction
        return nullcontext() if row is None else self._rows.editing(row.id)

    def _verify(self, order: CommitRequest, lock: int) -> None:
        """With the lock held: the base is still the newest, and the transaction as it was read."""
        current, base = self._source.current(lock), order.base
        if order.transaction is not None:
            row = self._rows.get(order.transaction.id)
            if row is None:
                raise unknown_transaction(order.transaction.id)
            if row.status != "in_progress":
                raise closed_transaction(row)
            if current.version != base.version:
                raise self.moved(row, current)
            if row.sequence != order.transaction.sequence:
                raise Conflict(f"transaction {row.id} was changed while it was committed")
        elif current.version != base.version:
            raise version_mismatch(current.version, base.version)

    def moved(self, row: TransactionRecord, current: Snapshot) -> DataplaneError:
        """Mark a transaction whose base is not the newest version; what its client is told."""
        if self._history.transaction_since(row.base):
            self._rows.close(row.id, "outdated", COMMITTED)
            return closed_transaction(replace(row, status="outdated", reason=COMMITTED))
        self._rows.close(row.id, "outdated", "the configuration was changed")
        return VersionMismatch(
            f"version mismatch, transaction version: {row.base}, "
            f"configured version: {current.version}"
        )

    def swap(
        self,
        entry: VersionRecord,
        after: Snapshot,
        candidate: Candidate,
        follow: Follow | None,
        lock: int,
    ) -> None:
        """Put the file in place, and record that it is done."""
        status = candidate.publish()
        failpoint("replaced")
        sync_directory(candidate.target.parent)
        failpoint("directory-synced")
        self._source.publish(after, status, entry, follow, lock)
        failpoint("done-recorded")


def _plain_text(document: Document) -> str:
    """The text without version lines that came in with a whole text: the file's own are put in."""
    return split_header(document.text())[1]


def _change(order: CommitRequest) -> Committed:
    return Committed(
        version=order.base.version + 1,
        before=order.base.document,
        after=order.document,
        who=order.who,
        request_id=order.request_id,
        when=time.time(),
        transaction_id=order.transaction.id if order.transaction else None,
    )


def _entry(change: Committed, digest: str, followed: bool) -> VersionRecord:
    return VersionRecord(
        change.version, digest, "intended", change.origin, change.when, who=change.who,
        request_id=change.request_id, transaction_id=change.transaction_id, followed=followed,
    )  # fmt: skip


def unknown_transaction(transaction_id: str) -> NotFound:
    """The failure of what names a transaction that is not there, or not any more."""
    return NotFound(f"transaction does not exist: {transaction_id}")


def closed_transaction(row: TransactionRecord) -> TransactionOutdated:
    """The failure of a commit of a transaction that failed or is outdated."""
    return TransactionOutdated(
        f"transaction {row.id} is {row.status} and cannot be committed: {row.reason}"
    )


def version_mismatch(current: int, given: int) -> VersionMismatch:
    """The refusal of a change to a version that is not the newest."""
    return VersionMismatch(
        f"version mismatch: version in configuration file is {current}, given version is {given}"
    )
