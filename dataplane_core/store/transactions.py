"""Transactions as clients see them: begun on a version, edited, committed or given up."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from dataplane_core.dataclass import dataclass
from dataplane_core.errors import (
    BadRequest,
    CheckFailed,
    Invalid,
    NotFound,
    TransactionOutdated,
)
from dataplane_core.store.author import NOBODY, PLAIN, Author, ChangeOptions, Condition
from dataplane_core.store.change import Outcome
from dataplane_core.store.commit import Committer
from dataplane_core.store.commit_request import CommitRequest
from dataplane_core.store.delivery import ReloadWish
from dataplane_core.store.head import Head
from dataplane_core.store.journal.transactions import (
    RESTARTED,
    TransactionRecord,
    TransactionStatus,
    unknown_transaction,
)
from dataplane_core.store.overlay import Action, replay, steps_between
from dataplane_core.store.planned import ChangePlan, Planned
from dataplane_core.store.refusals import (
    closed_transaction,
    may_commit,
    outdate,
    version_mismatch,
)
from dataplane_core.store.rehearsal import is_rehearsed
from dataplane_core.store.snapshot import Snapshot
from dataplane_core.store.trial_rules import Trials
from dataplane_core.store.versioned_file import VersionedFile
from dataplane_core.store.views import Views
from dataplane_core.text import Document

_NO_WISH = ReloadWish()


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction; `version` is the one that it starts from, `reason` why it is closed."""

    id: str
    version: int
    status: TransactionStatus
    reason: str = ""


class Edit:
    """A change that is being made: assign to `document` what it is to become.

    `base` is the document before the change, `version` its number. `outcome` is set at the end of
    the `with` block. Where a client sent the whole text, `posted` are the server's own lines in it:
    findings then count lines as the client does.
    """

    outcome: Outcome
    posted: Head | None = None

    def __init__(self, base: Snapshot) -> None:
        self.base = base.document
        self.document = base.document
        self.version = base.version


class Transactions:
    """All transactions on a file; at most `limit` are open at once."""

    def __init__(
        self, file: VersionedFile, committer: Committer, limit: int, trials: Trials
    ) -> None:
        self._file = file
        self._committer = committer
        self._table = file.records.transactions
        self._limit = limit
        self._trials = trials
        self._views = Views(self._table, file.snapshot_of)

    def begin(self, version: int, who: str = "") -> Transaction:
        """Start a transaction on the newest version; raises `VersionMismatch`, `TooMany`."""
        current = self._file.snapshot()
        if version != current.version:
            raise version_mismatch(current.version, version)
        if is_rehearsed(f"a transaction would be begun on version {version}"):
            return Transaction("", version, "in_progress")
        return _transaction_of(self._table.begin(version, who, self._limit))

    def get(self, transaction_id: str) -> Transaction:
        """Return a transaction; raises `NotFound`, also for one that was committed."""
        return _transaction_of(self._record(transaction_id))

    def opened_by(self, transaction_id: str) -> str | None:
        """Return who has begun a transaction; None where there is none."""
        record = self._table.get(transaction_id) if transaction_id else None
        return None if record is None else record.who

    def list(self, status: TransactionStatus | None = None) -> "list[Transaction]":
        """Return the transactions in progress, failed and outdated, oldest first."""
        return [
            _transaction_of(record)
            for record in self._table.all()
            if status in (None, record.status)
        ]

    def delete(self, transaction_id: str) -> None:
        """Give a transaction up, in whatever state it is; raises `NotFound`."""
        if is_rehearsed(f"transaction {transaction_id} would be given up, with its changes"):
            self._record(transaction_id)
            return
        if not self._table.delete(transaction_id):
            raise unknown_transaction(transaction_id)
        self._views.drop(transaction_id)

    def commit(
        self,
        transaction_id: str,
        force_reload: bool = False,
        author: Author = NOBODY,
        options: ChangeOptions = PLAIN,
        skip_reload: bool = False,
    ) -> tuple[Transaction, Outcome]:
        """Write the transaction's changes as the next version; then the transaction is gone.

        Raises `NotFound`; `TransactionOutdated` when it is closed or another one was committed
        since it began; `VersionMismatch` when the configuration was changed otherwise;
        `CheckFailed` and `Invalid` when the result is refused, upon which it is `failed`.
        """
        if options.dry_run:
            wish = ReloadWish(force_reload, skip_reload)
            raise Planned(self.plan(transaction_id, wish, options=options))
        self._trials.admit(options)
        record = self._record(transaction_id)
        if not may_commit(record, options):
            raise closed_transaction(record)
        base = self._base(record, options)
        reload = ReloadWish(force_reload, skip_reload)
        document = self._views.of(record).document
        request = CommitRequest(
            base, document, author, record, reload=reload, options=options
        )
        try:
            outcome = self._committer.commit(request)
        except (CheckFailed, Invalid) as failure:
            self._table.close(record.id, "failed", failure.message)
            raise
        finally:
            self._views.drop(transaction_id)
        return Transaction(record.id, record.base, "success"), outcome

    def _base(self, record: TransactionRecord, options: ChangeOptions) -> Snapshot:
        """Return the version that a transaction starts from, which has to be the newest one.

        One that is to be rebased may start from any version whose text is kept.
        """
        base = self._file.snapshot()
        if base.version == record.base:
            return base
        if options.rebase:
            with suppress(NotFound):
                return self._file.snapshot_of(record.base)
        raise outdate(self._file.records, record, base)

    def plan(
        self,
        transaction_id: str,
        reload: ReloadWish = _NO_WISH,
        document: Document | None = None,
        options: ChangeOptions = PLAIN,
    ) -> ChangePlan:
        """Return what `commit` would do, or would if the transaction came to be `document`.

        The transaction stays as it is. Raises as `commit`.
        """
        record = self._record(transaction_id)
        document = self._views.of(record).document if document is None else document
        return self._committer.plan(self._request(record, document, reload, options))

    @contextmanager
    def planning(self, transaction_id: str) -> Iterator[Edit]:
        """Change the document of an open transaction for a look at it; raises `Planned`.

        Planned is the commit of the transaction with this edit; what differs is what the edit does.
        """
        record = self._open(transaction_id)
        view = self._view_of(record)
        edit = Edit(view)
        yield edit
        plan = self._committer.plan(self._request(record, edit.document, _NO_WISH, PLAIN))
        raise Planned(replace(plan, before=view.document))

    def _request(
        self, record: TransactionRecord, document: Document, reload: ReloadWish,
        options: ChangeOptions,
    ) -> CommitRequest:  # fmt: skip
        """Return the commit of a transaction that is only planned; raises where it is outdated."""
        if not may_commit(record, options):
            raise closed_transaction(record)
        base = self._file.snapshot()
        if base.version != record.base:
            if not options.rebase:
                raise version_mismatch(base.version, record.base)
            base = self._file.snapshot_of(record.base)
        return CommitRequest(base, document, transaction=record, reload=reload, options=options)

    def view(self, transaction_id: str) -> Snapshot:
        """Return the configuration as an open transaction sees it.

        Raises `BadRequest`, and `TransactionOutdated` where the machine was restarted meanwhile.
        """
        return self._view_of(self._open(transaction_id))

    @contextmanager
    def editing(
        self,
        transaction_id: str,
        newest: Snapshot | None = None,
        condition: Condition | None = None,
    ) -> Iterator[Edit]:
        """Change the document of an open transaction in the body; raises as `view`.

        `newest` is the newest version, where that has just been looked at. `condition` raises what
        refuses the edit of the transaction as it is now.
        """
        with self._table.editing(transaction_id):
            record = self._open(transaction_id)
            view = self._view_of(record, newest)
            if condition is not None:
                condition(view)
            edit = Edit(view)
            yield edit
            self._store(record, view, edit.document)
            edit.outcome = Outcome(record.base, None, "pending")

    def settle(self) -> None:
        """Make sure that open transactions go on after a restart of the machine."""
        self._table.settle()

    def _view_of(self, record: TransactionRecord, newest: Snapshot | None = None) -> Snapshot:
        try:
            return self._views.of(record, newest)
        except NotFound:  # committed or given up a moment ago
            raise _unusable(record.id) from None

    def _store(self, record: TransactionRecord, view: Snapshot, document: Document) -> None:
        steps = steps_between(view.document, document)
        stored = self._table.store(record, steps)
        if stored is None:
            raise _unusable(record.id)
        if steps:
            # A whole text is cut anew here as it will be in other workers, so that positions agree.
            whole = any(step.action == Action.WHOLE for step in steps)
            self._views.remember(stored, view, replay(view.document, steps) if whole else document)

    def _record(self, transaction_id: str) -> TransactionRecord:
        record = self._table.get(transaction_id)
        if record is None:
            raise unknown_transaction(transaction_id)
        return record

    def _open(self, transaction_id: str) -> TransactionRecord:
        record = self._table.get(transaction_id)
        if record is not None and record.reason == RESTARTED:
            raise TransactionOutdated(f"transaction {record.id} has failed: {RESTARTED}")
        if record is None or record.status != "in_progress":
            raise _unusable(transaction_id)
        return record


def _transaction_of(record: TransactionRecord) -> Transaction:
    return Transaction(record.id, record.base, record.status, record.reason)


def _unusable(transaction_id: str) -> BadRequest:
    return BadRequest(unknown_transaction(transaction_id).message)
